"""docs/models.md: its example runs, and its table says what the command says."""

import re
from pathlib import Path

import pytest

from indexer.encode.catalog import PHOTO_ENCODERS, TEXT_ENCODERS
from indexer.encode.profiles import PROFILES
from indexer.registry import Registry
from indexer.settings import EncodeSettings

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_keeps_the_contract_and_can_be_registered() -> None:
    names: dict[str, object] = {"__name__": "example"}
    exec(EXAMPLE, names)
    maker = names["letters"]
    assert callable(maker)
    registry: Registry[type] = Registry("text encoder of a test")
    registry.add("letters", maker)  # type: ignore[arg-type]
    made = registry.get("letters")(EncodeSettings())
    assert made.encode(["oak", "oka"], side="query")[0] == pytest.approx(made.encode(["oka"], side="query")[0])


def test_every_kind_is_in_the_table() -> None:
    for names in (TEXT_ENCODERS.names(), PHOTO_ENCODERS.names()):
        assert not [name for name in names if name != "none" and f"| `{name}` |" not in PAGE]


def test_the_recommended_models_are_those_of_the_command() -> None:
    table = PAGE.split("## Recommended")[1].split("## Smaller")[0]
    for profile in PROFILES:
        assert str(profile.width) in table
        for figure in re.findall(r"\b0\.\d{3}\b", profile.scores)[:3]:
            assert figure in table
        assert profile.licence.split(":")[0] in table
