"""The demo's catalogue: unpacked with care, read into a feed that the feed room takes whole."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from indexer.demo import catalogue as room
from indexer.demo.catalogue import ARCHIVE, catalogue, feed_rows, fetch, unpack
from indexer.demo.tour import SHOWN, questions
from indexer.errors import BadChecksum, NoNetwork
from indexer.feed.read import read_feed
from indexer.records import Product
from indexer.settings import Settings
from tests.unit.service.web import png

TABLE = """name ,slug ,description ,assets ,facets ,optionGroups ,optionValues ,sku,price ,stockOnHand,variantFacets
Laptop   ,laptop ,"Fast, ""light""."   ,l.jpg|m.jpg,category:Electronics|brand:Apple,"screen size|RAM","13 inch|8GB",L1 ,1299.00,100,
 , , , , , ,"15 inch|8GB",L2 ,999.50 ,20,
Cactus  ,cactus ,  ,c.jpg ,category:Home & Garden|category:Plants|plant type:Indoor, , ,C1 ,15.5   ,,
Cafe Chair ,cafe-chair ,A chair  , ,category:Home & Garden ,color ,mustard ,K1 ,100.00 ,3,color:yellow
 , , , , , ,mint ,K2 ,100.00 ,4,color:green
"""


def archive_of(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                archive.addfile(content)
            else:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo()
    entry.type, entry.linkname = kind, target
    return entry


GOOD: dict[str, bytes | tarfile.TarInfo] = {
    "package/assets/products.csv": TABLE.encode(),
    **{f"package/assets/images/{name}.jpg": png() for name in "lmc"},
}


def fake_npm(folder: Path, script: str) -> str:
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def test_one_row_a_product_variants_folded_in() -> None:
    laptop, cactus, chair = feed_rows(TABLE.splitlines(), photos=Path("/photos"))
    assert laptop == {
        "id": "laptop",
        "title": "Laptop",
        "description": 'Fast, "light".',
        "brand": "Apple",
        "category": ["Electronics"],
        "price": "999.50 USD",
        "stock": 120,
        "attributes": {"screen size": ["13 inch", "15 inch"], "RAM": ["8GB"]},
        "photos": ["/photos/l.jpg", "/photos/m.jpg"],
        "language": "en",
    }
    assert cactus["category"] == ["Home & Garden", "Plants"]
    assert cactus["attributes"] == {"plant type": ["Indoor"]}
    assert (cactus["price"], cactus["stock"], cactus["brand"]) == ("15.50 USD", 0, "")
    assert chair["attributes"] == {"color": ["yellow", "mustard", "green", "mint"]}
    assert chair["photos"] == []


def test_an_empty_table_has_no_products() -> None:
    assert not list(feed_rows(TABLE.splitlines()[:1], photos=Path("/photos")))


def test_only_the_table_and_photos_leave_the_archive(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    hostile = {
        **GOOD,
        "package/assets/images/../../evil.jpg": b"x",
        "package/assets/images/.hidden.jpg": b"x",
        "package/assets/images/run.sh": b"x",
        "/package/assets/images/abs.jpg": b"x",
        "../package/assets/images/up.jpg": b"x",
        "package/assets/images/link.jpg": link(tarfile.SYMTYPE, str(tmp_path / "secret")),
        "package/assets/images/hard.jpg": link(tarfile.LNKTYPE, str(tmp_path / "secret")),
        "package/assets/images/pipe.jpg": link(tarfile.FIFOTYPE, ""),
        "package/assets/images/huge.jpg": b"\0" * 4_000_001,
        "package/index.js": b"x",
    }
    archive = tmp_path / "a.tgz"
    archive.write_bytes(archive_of(hostile))
    unpack(archive, tmp_path / "out")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"a.tgz", "secret", "out/products.csv", "out/images/l.jpg", "out/images/m.jpg", "out/images/c.jpg"}


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose npm gives our archive in place of the real one, and counts how often it is asked."""
    data = archive_of(GOOD)
    source = tmp_path / "source.tgz"
    source.write_bytes(data)
    asked = tmp_path / "asked"
    program = fake_npm(tmp_path, f'echo "$@" >> {asked}\ncp {source} "$4/{ARCHIVE}"')
    monkeypatch.setattr(room, "SHA256", hashlib.sha256(data).hexdigest())
    monkeypatch.setattr(room, "npm_programs", lambda: [program])
    return asked


def test_it_is_fetched_once_and_kept(packed: Path, tmp_path: Path) -> None:
    first = catalogue(tmp_path / "cache")
    assert (first.products, first.fetched) == (3, True)
    written = first.feed.stat().st_mtime_ns
    second = catalogue(tmp_path / "cache")
    assert (second.feed, second.products, second.fetched) == (first.feed, 3, False)
    assert second.feed.stat().st_mtime_ns == written
    assert packed.read_text().count("pack ") == 1
    assert "--ignore-scripts" in packed.read_text()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [first.feed.parent.name]


def test_the_feed_room_takes_every_row(packed: Path, tmp_path: Path) -> None:
    found = catalogue(tmp_path / "cache")
    products = list(read_feed(found.feed, Settings().feed))
    assert all(isinstance(product, Product) for product in products)
    laptop = products[0]
    assert isinstance(laptop, Product)
    assert laptop.price is not None
    assert (laptop.price.minor, laptop.price.currency) == (99950, "USD")
    assert laptop.category == ("Electronics",)
    assert laptop.attributes["screen size"] == ("13 inch", "15 inch")
    assert [Path(photo.source) for photo in laptop.photos] == [found.photos / "l.jpg", found.photos / "m.jpg"]
    assert found.photo("laptop") == found.photos / "l.jpg"
    with pytest.raises(KeyError):
        found.photo("nothing")


def test_another_archive_than_the_known_one_is_refused(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SHA256", "0" * 64)
    with pytest.raises(BadChecksum, match="has the digest"):
        catalogue(tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())  # nothing half-made stays


def test_without_a_network_npms_own_words_are_told(tmp_path: Path) -> None:
    away = fake_npm(tmp_path, 'echo "npm error code ENOTFOUND" >&2\nexit 1')
    with pytest.raises(NoNetwork, match="ENOTFOUND") as caught:
        fetch(tmp_path, programs=[away, str(tmp_path / "missing")])
    assert "missing" in str(caught.value)
    assert caught.value.retryable
    with pytest.raises(NoNetwork, match="there is no npm here"):
        fetch(tmp_path, programs=[])


def test_the_second_npm_is_tried_when_the_first_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    broken = fake_npm(tmp_path / "a", "exit 3")
    data = archive_of(GOOD)
    (tmp_path / "source.tgz").write_bytes(data)
    works = fake_npm(tmp_path, f'cp {tmp_path}/source.tgz "$4/{ARCHIVE}"')
    monkeypatch.setattr(room, "SHA256", hashlib.sha256(data).hexdigest())
    (tmp_path / "into").mkdir()
    assert fetch(tmp_path / "into", programs=[broken, works]).read_bytes() == data


def test_a_run_that_was_cut_short_is_begun_anew(packed: Path, tmp_path: Path) -> None:
    half = tmp_path / "cache" / f"vendure-create-{room.VERSION}" / "images"
    half.mkdir(parents=True)
    (half / "old.jpg").write_bytes(b"x")
    found = catalogue(tmp_path / "cache")
    assert found.fetched
    assert not (found.photos / "old.jpg").exists()


def test_npm_is_looked_for_beside_this_python_first() -> None:
    programs = room.npm_programs()
    assert len(programs) == len(set(programs))
    assert all(os.access(program, os.X_OK) for program in programs)


def test_the_tour_asks_in_words_of_two_languages_with_a_filter_and_with_photos(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(png())
    feed = tmp_path / "feed.jsonl"
    rows = [{"id": name, "photos": [str(tmp_path / "p.jpg")]} for name in ("leather-sofa", "comfy-padded-chair")]
    feed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = questions(room.Catalogue(feed=feed, photos=tmp_path, products=2, fetched=False))
    assert [question.query.text for question in asked] == ["running shoes", "沙发", "相机", "laptop", "", "black"]
    assert [question.query.photo is not None for question in asked] == [False, False, False, False, True, True]
    assert [len(question.query.filters) for question in asked] == [0, 0, 0, 1, 0, 0]
    assert all(question.query.per_page == SHOWN and question.command.startswith("search ") for question in asked)
