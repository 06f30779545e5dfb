"""The page about more to learn from shows code that runs, and every change to a text that there is."""

import re
from pathlib import Path

import pytest

from indexer.learn.augment import CHANGES

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "more-to-learn-from.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_code_runs(block: str) -> None:
    exec(compile(block, "docs/more-to-learn-from.md", "exec"), {})


def test_every_change_is_told() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == [*(change.__name__ for change in CHANGES), "noisy"]
