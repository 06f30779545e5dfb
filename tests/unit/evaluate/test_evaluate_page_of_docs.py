"""The page on evaluation shows code that runs, and options that exist."""

import re

import typer
from typer.testing import CliRunner

from indexer.cli.evaluate import evaluate
from tests.house.source import ROOT

PAGE = (ROOT / "docs" / "evaluate.md").read_text()


def test_the_code_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/evaluate.md", "exec"), {})


def test_the_options_exist() -> None:
    app = typer.Typer()
    app.command()(evaluate)
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "250", "NO_COLOR": "1"}).stdout
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert {"--against", "--set", "--run", "--queries", "--report"} <= shown
    assert not [name for name in shown if name not in told]
