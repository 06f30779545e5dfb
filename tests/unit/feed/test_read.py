"""Whole feeds: the catalogue of thirty, the one with every tenth line broken, tables without an id, and 19,406 real products."""

import gzip
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from indexer.errors import UnreadableFeed
from indexer.feed.read import read_feed, read_rows
from indexer.records import Product, Rejected
from indexer.settings import FeedSettings
from tests.data.broken import FLAWS, write_broken_feed
from tests.data.catalogue import CSV, JSONL, PHOTOS, rows, write_csv
from tests.data.drawing import PAINTED, draw_all

SETTINGS = FeedSettings()


def products(path: Path) -> list[Product]:
    found = list(read_feed(path, SETTINGS))
    assert not [row for row in found if not isinstance(row, Product)]
    return [row for row in found if isinstance(row, Product)]


def test_the_catalogue_is_valid_as_lines_as_a_table_and_as_rows() -> None:
    by_line = products(JSONL)
    assert len(by_line) == len({product.id for product in by_line}) == 30
    assert products(CSV) == by_line
    assert list(read_rows(rows(), origin="rows", settings=SETTINGS)) == by_line
    assert all(product.price and product.brand and product.category and product.attributes["colour"] for product in by_line)
    assert {product.language for product in by_line} == {"en", "zh"}


def test_the_catalogues_photos_are_small_and_where_it_says() -> None:
    photos = [Path(photo.source) for product in products(JSONL) for photo in product.photos]
    assert sorted(photos) == sorted(PHOTOS.iterdir())
    for photo in photos:
        assert photo.stat().st_size < 10_000
        with Image.open(photo) as image:
            assert image.size == (160, 160)


def test_the_catalogues_files_are_what_its_script_makes(tmp_path: Path) -> None:
    write_csv(tmp_path / "catalogue.csv")
    assert (tmp_path / "catalogue.csv").read_bytes() == CSV.read_bytes()
    draw_all(tmp_path)
    assert len(list(tmp_path.glob("*.*g"))) == len(PAINTED) == 29
    for photo in PHOTOS.glob("*.png"):
        with Image.open(photo) as kept, Image.open(tmp_path / photo.name) as drawn:
            assert ImageChops.difference(kept, drawn).getbbox() is None


@pytest.mark.parametrize("packed", [False, True])
def test_every_tenth_line_broken_costs_exactly_these_lines(tmp_path: Path, *, packed: bool) -> None:
    path = tmp_path / "broken.jsonl"
    broken = write_broken_feed(path)
    if packed:
        whole = path.read_bytes()
        path = tmp_path / "broken.jsonl.gz"
        path.write_bytes(gzip.compress(whole, 1))
    found = list(read_feed(path, SETTINGS))
    assert len(found) == 10 * len(FLAWS)
    assert [row.id for row in found if isinstance(row, Product)] == [f"{n:05d}" for n in range(1, len(found) + 1) if n % 10]
    refused = {row.line: row for row in found if isinstance(row, Rejected)}
    assert {line: row.field for line, row in refused.items()} == {line: flaw.field for line, flaw in broken.items()}
    for row in refused.values():
        assert row.reason
        assert row.file == str(path)
        assert len(row.value) <= 80
        row.value.encode()
    assert len({(row.field, row.reason) for row in refused.values()}) >= len(FLAWS) - 2


def test_a_table_without_a_column_for_the_id_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("colour,weight\nred,1\n", encoding="utf-8")
    rows = read_feed(path, SETTINGS)
    with pytest.raises(UnreadableFeed, match="names colour, weight") as refused:
        next(rows)
    assert "product_id" in refused.value.cure


def test_a_table_whose_first_rows_are_broken_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,title\n1\n\xff,x\n007,Mug\n8,Cup\n")
    found = list(read_feed(path, SETTINGS))
    assert [row.line for row in found if isinstance(row, Rejected)] == [2, 3]
    assert [row.id for row in found if isinstance(row, Product)] == ["007", "8"]


def test_a_missing_feed_is_refused_before_the_first_row(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFeed):
        read_feed(tmp_path / "none.jsonl", SETTINGS)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_memory_does_not_grow_with_the_feed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"long{suffix}"
    line = b'{"id": "%d", "title": "Mug"}\n' if suffix == ".jsonl" else b'%d,"Mug"\n'
    with path.open("wb") as file:
        file.write(b"" if suffix == ".jsonl" else b"id,title\n")
        file.writelines(line % number for number in range(8_000))
    feed = read_feed(path, SETTINGS)
    for _ in range(100):
        next(feed)
    tracemalloc.start()
    try:
        assert sum(1 for _ in feed) == 7_900
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_nineteen_thousand_real_products_are_accepted(test_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    with_photo = attributes = 0
    for row in read_feed(test_data / "icecat" / "products.jsonl.gz", SETTINGS):
        counts[type(row).__name__] += 1
        if isinstance(row, Rejected):
            reasons[f"{row.field} {row.reason}"] += 1
        elif isinstance(row, Product):
            with_photo += bool(row.photos)
            attributes += len(row.attributes)
    with capsys.disabled():
        print(f"\nIcecat: {dict(counts)}, {with_photo} with a photo, {attributes} attributes; rejected: {dict(reasons)}")
    assert counts.total() == 19_406
    assert counts["Product"] >= 19_300
    assert with_photo > 19_000
    assert attributes > 300_000
