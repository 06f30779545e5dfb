"""The page on evaluation shows code that runs, and options that exist."""

import re
from collections.abc import Callable
from pathlib import Path

import typer
from typer.testing import CliRunner

from indexer.cli.evaluate import evaluate
from indexer.cli.judgments import clicks, known_items_
from indexer.cli.ranker import ranker
from indexer.cli.search import search
from indexer.cli.tune import tune
from indexer.evaluate.space import read_space
from indexer.settings import SearchSettings
from tests.house.source import ROOT

PAGE = (ROOT / "docs" / "evaluate.md").read_text()


def test_the_code_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/evaluate.md", "exec"), {})


def options(command: Callable[..., None]) -> str:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, ["--help"], env={"COLUMNS": "250", "NO_COLOR": "1"}).stdout


def test_the_options_exist() -> None:
    told = "".join([options(evaluate), options(tune), options(clicks), options(known_items_), options(ranker), options(search)])
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert {"--against", "--set", "--run", "--queries", "--report", "--out", "--space", "--method", "--holdout", "--folds"} <= shown
    assert not [name for name in shown if name not in told]


def test_the_search_space_of_the_page_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "space.toml").write_text(block)
    assert read_space(tmp_path / "space.toml", SearchSettings()).size is None
