"""Documents that can't rot: what quotes the code equals it, what shows code runs."""

import re
from pathlib import Path

import pytest

from docs.generate import PAGES
from indexer.cli import COMMANDS
from tests.house.source import ROOT

PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
MARKDOWN = sorted([ROOT / "README.md", ROOT / "mappings" / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES)
def test_page_is_what_the_code_says(page: str) -> None:
    assert (ROOT / "docs" / page).read_text() == PAGES[page](), "run `make docs`"


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert not [name for name in COMMANDS if f"fusedex {name}" not in readme]


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert not [target for target in LINK.findall(path.read_text()) if not (path.parent / target).exists()]


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_blocks_compile(path: Path) -> None:
    for block in PYTHON.findall(path.read_text()):
        compile(block, str(path), "exec")


def test_decisions_are_numbered_without_gaps_and_say_what_would_change_our_mind() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    assert not [path.name for path in files if "change our mind" not in path.read_text()]
