"""The page about explanations shows code that runs, on real weights, options that exist, and every method."""

import re
from pathlib import Path
from typing import get_args

import typer
from typer.testing import CliRunner

from indexer.cli.explain_match import explain_match
from indexer.explain.fonts import UNDRAWN
from indexer.explain.gradients import GAP
from indexer.explain.picture import BARS
from indexer.explain.regions import STRIDE, WINDOW
from indexer.explain.words import WORD_CAP, Method

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "explain-match.md").read_text(encoding="utf-8")


def test_the_code_runs() -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    exec(compile(block, "docs/explain-match.md", "exec"), {})


def test_the_options_exist() -> None:
    app = typer.Typer()
    app.command()(explain_match)
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "250", "NO_COLOR": "1"}).stdout
    (block,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shown = set(re.findall(r"--[a-z]+", block))
    assert shown == {"--image", "--out", "--json"}
    assert all(name in told for name in shown)


def test_methods_and_figures_are_the_codes() -> None:
    assert re.findall(r"^\| ([a-z ]+) \| (?:texts|photos)", PAGE, re.MULTILINE) == [*get_args(Method), "occlusion"]
    assert f"under {GAP}" in PAGE
    assert f"first {WORD_CAP} words" in PAGE
    assert (WINDOW, STRIDE, BARS) == (0.25, 0.125, 10)
    assert UNDRAWN in PAGE
