"""Cleaning by the settings' lists: names that exist, a digest that tells, and texts told apart by use."""

from pathlib import Path

import pytest

from indexer.errors import SettingsError
from indexer.settings import TextSettings
from indexer.text import DEFAULT, DESCRIPTION, INDEXED, QUERY, TITLE, Cleaning, clean
from indexer.text.catalog import DEFAULTS, STEPS, NamedStep, step

MESSY = '<p>Ｓｏｆａ 17" 無線滑鼠 &amp; https://x.example/y XXL!!! 🛋️</p>'


def test_without_settings_the_default_lists_are_used() -> None:
    assert Cleaning.load(TextSettings()).digest == Cleaning.load().digest == DEFAULT.digest
    assert DEFAULT.title(MESSY) == clean(MESSY, TITLE) == "Sofa 17 inch 无线鼠标 & https:/x.example/y 2XL!"
    assert DEFAULT.description(MESSY) == clean(MESSY, DESCRIPTION) == "Sofa 17 inch 无线鼠标 & 2XL!"
    assert DEFAULT.query(MESSY) == clean(MESSY, QUERY)
    assert DEFAULT.query("<b>滑鼠</b>") == "<b>鼠标</b>"
    assert DEFAULT.indexed(MESSY) == clean(MESSY, INDEXED)
    assert DEFAULT.indexed("無線マウス") == "无线マウス"
    assert DEFAULT.title("無線マウス") == "無線マウス"


def test_a_list_of_steps_is_what_is_done() -> None:
    own = Cleaning.load(TextSettings(title=("spaces",), indexed=("width", "stop_words", "segmented")))
    assert own.title(" <b>Ｓｏｆａ  </b> ") == "<b>Ｓｏｆａ </b>"
    assert own.indexed("黑色Ｔ恤") == "黑色 T恤"
    assert own.indexed("shoes for the beach") == "shoes beach"
    assert own.description(MESSY) == DEFAULT.description(MESSY)


def test_an_unknown_step_is_named_with_its_neighbours() -> None:
    with pytest.raises(SettingsError, match=r"text\.query.*'unit'.*'units'"):
        Cleaning.load(TextSettings(query=("width", "unit")))


def test_every_default_step_exists_and_every_step_has_a_name_of_its_own() -> None:
    assert {name for names in DEFAULTS.values() for name in names} <= set(STEPS.names())
    assert all(step(name).name == name for name in STEPS.names())


def test_the_digest_tells_lists_words_and_versions_apart(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("# ours\n云鹿灯语\n\n", encoding="utf-8")
    loaded = [
        Cleaning.load(),
        Cleaning.load(TextSettings(title=("width", "spaces"))),
        Cleaning.load(TextSettings(title=("spaces", "width"))),
        Cleaning.load(TextSettings(zh_words=words)),
        Cleaning({**DEFAULT.steps, "title": (NamedStep("width", STEPS.get("width"), version="2"),)}),
    ]
    assert len({one.digest for one in loaded}) == len(loaded)
    assert Cleaning.load(TextSettings(zh_words=words)).digest == loaded[3].digest
    assert loaded[3].asked_words("云鹿灯语台灯") == ("云鹿灯语", "台灯")
    assert DEFAULT.asked_words("云鹿灯语台灯") != ("云鹿灯语", "台灯")


def test_a_file_of_words_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "gbk.txt").write_bytes("云鹿".encode("gbk"))
    for name in ("missing.txt", "gbk.txt"):
        with pytest.raises(SettingsError, match=r"text\.zh_words.*" + name):
            Cleaning.load(TextSettings(zh_words=tmp_path / name))


def test_a_plug_ins_function_is_a_step() -> None:
    def shout(text: str) -> str:
        return text.upper()

    def flip(text: str) -> str:
        return text[::-1]

    assert clean("plain words", (shout,)) == "PLAIN WORDS"
    assert clean("ab", (flip,)) in ("ab", "ba")  # undoes itself for ever, and is left
    assert clean("text", ()) == "text"
