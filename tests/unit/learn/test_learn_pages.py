"""The pages about learning show code that runs, commands and options that exist, and the code's own figures."""

import re

import pytest
from typer.testing import CliRunner

from indexer.cli import make_app
from indexer.learn.encoder_pairs import KINDS, LEAST_PAIRS
from indexer.learn.encoder_task import GALLERY
from indexer.learn.fuse_search import REPORT
from indexer.learn.negatives import ALIKE
from indexer.learn.search import FIRST, SHARES
from indexer.learn.search_page import PAGE, SETTINGS, TRIALS
from tests.house.source import ROOT

PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("learn", "learn-encoder")}


@pytest.mark.parametrize("name", PAGES)
def test_the_code_runs(name: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGES[name], re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, f"docs/{name}.md", "exec"), {})


@pytest.mark.parametrize(("name", "command"), [("learn", "fuse"), ("learn", "search"), ("learn-encoder", "encoder")])
def test_the_options_of_the_commands_exist(name: str, command: str) -> None:
    shown = [line for line in PAGES[name].splitlines() if f"fusedex learn {command} " in line and not line.startswith("`")]
    options = {option for line in shown for option in re.findall(r"--[a-z-]+", line.partition("#")[0])}
    assert "--out" in options
    told = CliRunner().invoke(make_app("learn"), ["learn", command, "--help"], env={"COLUMNS": "250", "NO_COLOR": "1"}).stdout
    assert not {option for option in options if option not in told}


def test_the_options_that_the_encoders_page_explains_exist() -> None:
    told = CliRunner().invoke(make_app("learn"), ["learn", "encoder", "--help"], env={"COLUMNS": "250", "NO_COLOR": "1"}).stdout
    assert not {option for option in re.findall(r"`(--[a-z-]+)", PAGES["learn-encoder"]) if option not in told}


def test_kinds_and_figures_are_the_codes() -> None:
    page = PAGES["learn-encoder"]
    assert tuple(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)) == KINDS
    for told in (f"Fewer than {LEAST_PAIRS} pairs", f"up to {GALLERY:,} products", f"cosine of {ALIKE}"):
        assert told in page
    assert (SHARES, REPORT, round(FIRST, 2)) == ((0.25, 0.5, 1.0), 0.2, 0.33), "as the section about the search says"
    for file in (SETTINGS, TRIALS, PAGE):
        assert f"`{file}`" in PAGES["learn"]
