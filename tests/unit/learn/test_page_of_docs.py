"""The page about checks shows code that runs, options that exist, and the code's own figures."""

import re
from pathlib import Path

import typer
from typer.testing import CliRunner

from indexer.cli.learn_check import check
from indexer.learn.checks import NEIGHBOURS
from indexer.learn.duplicates import TEXT, UNLIKE, VECTOR
from indexer.learn.findings import CHECKS
from indexer.learn.neighbours import BLOCK
from indexer.learn.outliers import FACTOR, FAR

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "checks.md").read_text(encoding="utf-8")


def test_the_code_runs() -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    exec(compile(block, "docs/checks.md", "exec"), {})


def test_the_options_exist() -> None:
    app = typer.Typer()
    app.command()(check)
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "250", "NO_COLOR": "1"}).stdout
    assert {"--out", "--kind", "--first"} <= set(re.findall(r"--[a-z]+", PAGE))
    assert all(name in told for name in re.findall(r"--[a-z]+", PAGE.split("```sh")[1].split("```")[0]))


def test_checks_and_figures_are_the_codes() -> None:
    assert tuple(re.findall(r"^\| `([a-z ]+)` \|", PAGE, re.MULTILINE)) == tuple(CHECKS)
    for told in (
        f"similarity {TEXT}",
        f"cosine {VECTOR}",
        f"{NEIGHBOURS} nearest",
        f"{FAR} robust",
        f"factor of {FACTOR:.0f}",
        f"under {UNLIKE}",
        f"{BLOCK:,} rows",
    ):
        assert told in PAGE
