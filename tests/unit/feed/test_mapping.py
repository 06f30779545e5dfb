"""Mapping files: what they say, and how a wrong one is refused."""

import json
from pathlib import Path

import pytest
import structlog

from indexer.errors import BadMapping
from indexer.feed.mapping import load_mapping
from indexer.feed.read import read_feed, read_rows
from indexer.feed.terms import Terms
from indexer.records import Money, Product
from indexer.settings import FeedSettings

TOML = """
id = "Art. Nr"
title = "Bezeichnung"
price = "VK brutto"
photos = ["Bild 1", "Bild B"]
ignore = ["EK", "Lieferant"]

[attributes]
colour = "Farbe"
n_weight = "Gewicht"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mapping_says_which_column_is_which_field(tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, TOML))
    assert mapping == {
        "Art. Nr": "id",
        "Bezeichnung": "title",
        "VK brutto": "price",
        "Bild 1": "photos",
        "Bild B": "photos",
        "EK": "",
        "Lieferant": "",
        "Farbe": "attr_colour",
        "Gewicht": "attr_n_weight",
    }
    as_json = {"id": "Art. Nr", "attributes": {"colour": "Farbe"}, "ignore": "EK"}
    assert load_mapping(written(tmp_path, json.dumps(as_json))) == {"Art. Nr": "id", "Farbe": "attr_colour", "EK": ""}


def test_a_mapped_feed_reads_as_it_says_and_the_rest_is_guessed(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text(
        "art. nr;Bezeichnung;VK Brutto;EK;Farbe;Gewicht;Marke;Brand;Bild B;Bild 1\n007;Tasse;12,50;3;rot;0,3;x;Acme;b.png;a.png\n"
    )
    terms = Terms(mapping=load_mapping(written(tmp_path, TOML.replace('n_weight = "Gewicht"\n', ""))))
    (found,) = read_feed(feed, FeedSettings(currency="EUR"), terms=terms)
    assert isinstance(found, Product)
    assert (found.id, found.title, found.price, found.brand) == ("007", "Tasse", Money(1250, "EUR"), "Acme")
    assert dict(found.attributes) == {"colour": "rot", "Gewicht": "0,3", "Marke": "x"}
    assert [Path(photo.source).name for photo in found.photos] == ["b.png", "a.png"]


def test_a_mapped_column_wins_over_a_guessed_one() -> None:
    (found,) = read_rows(
        [{"id": "1", "title": "A", "Produkt": "B"}], origin="rows", settings=FeedSettings(), terms=Terms(mapping={"produkt": "title"})
    )
    assert isinstance(found, Product)
    assert (found.title, dict(found.attributes)) == ("B", {"title": "A"})


def test_a_row_of_ignored_and_offer_columns_is_an_offer() -> None:
    (found,) = read_rows([{"id": "1", "price": 5, "EK": 3}], origin="rows", settings=FeedSettings(), terms=Terms(mapping={"EK": ""}))
    assert not isinstance(found, Product)


@pytest.mark.parametrize(
    ("text", "why", "cure"),
    [
        ('titel = "Name"', "'titel', which is no field", "'title'"),
        ('title = "Name"\nbrand = "Name"', "names the column 'Name' twice", "one field"),
        ("title = 3", "gives 'title' something other than the name of a column", "ours first"),
        ('title = ""', "gives 'title' a column without a name", "ours first"),
        ("title =", "is neither TOML nor JSON", "ours first"),
        ("{broken", "is neither TOML nor JSON", "ours first"),
        ("[1", "is neither TOML nor JSON", "ours first"),
        ("x" * 1_000_001, "is larger than 1,000,000 bytes", "ours first"),
    ],
)
def test_a_wrong_mapping_is_refused_with_a_cure(tmp_path: Path, text: str, why: str, cure: str) -> None:
    with pytest.raises(BadMapping, match=why) as refused:
        load_mapping(written(tmp_path, text))
    assert cure in refused.value.cure


def test_a_missing_mapping_and_an_unknown_field_in_terms(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match="can't be read"):
        load_mapping(tmp_path / "none.toml")
    with pytest.raises(BadMapping, match="'brnd'") as refused:
        read_rows([], origin="rows", settings=FeedSettings(), terms=Terms(mapping={"Marke": "brnd"}))
    assert "'brand'" in refused.value.cure


def test_a_mapped_column_that_a_table_lacks_is_said(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,title\n1,Mug\n", encoding="utf-8")
    with structlog.testing.capture_logs() as events:
        list(read_feed(feed, FeedSettings(), terms=Terms(mapping={"Preis": "price"})))
    assert [(event["event"], event["column"]) for event in events] == [("mapped_column_missing", "Preis")]
