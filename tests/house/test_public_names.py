"""The public face: sorted, complete, and small."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import indexer
from tests.house.source import ROOT, modules

WITH_EXAMPLES = [path for path, _ in modules() if ">>> " in (ROOT / path).read_text()]


def test_public_names_are_sorted_there_and_few() -> None:
    assert indexer.__all__ == sorted(indexer.__all__)
    assert not [name for name in indexer.__all__ if not hasattr(indexer, name)]
    assert len(indexer.__all__) <= 20


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=str)
def test_examples_in_docstrings_run(path: Path) -> None:
    module = import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed
