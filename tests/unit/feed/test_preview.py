"""What a dry run shows: format, columns and fields, counts and reasons; and hints for every reason there is."""

from pathlib import Path

import pytest

from indexer.feed.hints import hint_for
from indexer.feed.preview import Preview, preview, reason_kind
from indexer.feed.read import open_feed, read_feed
from indexer.feed.terms import Terms
from indexer.records import Rejected
from indexer.settings import FeedSettings
from tests.data.broken import FLAWS, write_broken_feed
from tests.data.catalogue import CSV


def look(path: Path, *, terms: Terms | None = None, limit: int = 100) -> Preview:
    (found,) = preview(open_feed(path), FeedSettings(), terms or Terms(), limit=limit)
    return found


def test_the_catalogues_columns_and_counts() -> None:
    found = look(CSV)
    assert (found.named.source.kind, found.products, found.rejected, found.whole) == ("CSV", 30, 0, True)
    taken = {column.name: column.taken_for for column in found.columns}
    assert taken["Product ID"] == "id"
    assert taken["Item Group ID"] == "group"
    assert taken["attr_n_weight_kg"] == "attribute weight_kg, number"
    assert [column.name for column in found.columns][-3:] == ["attr_t_colour", "attr_n_weight_kg", "attr_b_in_season"]
    assert found.columns[0].values == ["0001", "0002", "0003"]


def test_a_sample_of_a_broken_feed_with_its_reasons(tmp_path: Path) -> None:
    write_broken_feed(tmp_path / "a.jsonl")
    found = look(tmp_path / "a.jsonl", limit=50)
    assert (found.rows, found.products, found.rejected, found.whole) == (50, 45, 5, False)
    assert found.reasons.total() == len(found.first_rejected) == 5
    all_of_it = look(tmp_path / "a.jsonl", limit=10_000)
    assert (all_of_it.rejected, all_of_it.whole, len(all_of_it.first_rejected)) == (len(FLAWS), True, 20)


def test_what_else_it_says(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,title,EK,price,deleted,empty,ean\n1,Mug,3,5,,,1\n1,Mug,3,5,,,1\n2,,,,yes,,\n3", encoding="utf-8")
    found = look(path, terms=Terms(mapping={"EK": "", "Preis": "price"}))
    assert (found.products, found.deletes, found.rejected, found.repeated) == (2, 1, 1, 1)
    assert found.missing == ["Preis"]
    assert {column.name: column.taken_for for column in found.columns}["EK"] == "(left out)"
    assert {column.name: column.values for column in found.columns}["empty"] == []
    assert list(found.remarks.values()) == [2]
    assert "cut short" in found.broken


def test_reasons_of_one_kind_are_counted_together() -> None:
    reasons = ["is longer than 1,000 characters (column 'Name')", "is longer than 20 characters", "names 'a', which", "names 'b', which"]
    kinds = [reason_kind(Rejected(file="a", line=1, field="title", reason=reason)) for reason in reasons]
    assert len(set(kinds)) == 2
    assert kinds[0] == "title: is longer than … characters"


def test_every_flaw_has_a_hint_and_its_id_where_that_can_be_read(tmp_path: Path) -> None:
    broken = write_broken_feed(tmp_path / "a.jsonl")
    refused = [row for row in read_feed(tmp_path / "a.jsonl", FeedSettings()) if isinstance(row, Rejected)]
    assert len(refused) == len(broken)
    assert [row.reason for row in refused if not row.hint] == []
    unreadable = {
        "no JSON",
        "a list",
        "no id",
        "an empty id",
        "an id that is too long",
        "an id that is a list",
        "half a character in the id",
    }
    for row in refused:
        assert row.id == ("" if broken[row.line].name in unreadable else f"{row.line:05d}"), broken[row.line].name


@pytest.mark.parametrize(
    "field", ["", "id", "title", "price", "sale_price", "currency", "stock", "photos", "version", "deleted", "language", "category"]
)
def test_every_field_has_a_hint_for_some_reason(field: str) -> None:
    assert hint_for(field, "is longer than this")
    assert hint_for("weight", "is no finite number")
    assert hint_for("weight", "is strange") == ""
