"""The page about texts: its examples run, and its tables are the code's."""

import re
from pathlib import Path

import pytest

from indexer.text.catalog import DEFAULTS, STEPS
from tests.contract.store.shelf import TITLES, WANTED

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "text.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_an_example_runs(block: str) -> None:
    exec(compile(block, "docs/text.md", "exec"), {})


def test_every_step_is_told() -> None:
    assert sorted(re.findall(r"^\| `(\w+)` \| .*[^,] \|$", PAGE.split("| list |")[0], re.MULTILINE)) == STEPS.names()


def test_the_lists_are_the_defaults() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|$", PAGE.split("| list |")[1], re.MULTILINE))
    assert {name: tuple(steps.split(", ")) for name, steps in told.items()} == DEFAULTS


def test_the_shelf_is_as_large_as_told() -> None:
    assert f"{len(TITLES)} products and {len(WANTED)} queries" in " ".join(PAGE.split())
    assert f"of the {sum(len(meant.split()) for meant in WANTED.values())} products" in " ".join(PAGE.split())
