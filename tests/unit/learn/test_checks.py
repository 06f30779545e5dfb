"""All checks over a feed: what is read, what is seen, what is left out, the page and the command."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from indexer.cli import make_app
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders
from indexer.errors import FeedError
from indexer.fuse.weighted import WeightedFusion
from indexer.learn.check_page import page, told
from indexer.learn.checks import Seen, check
from indexer.learn.findings import CHECKS, Checked, Finding, ordered
from indexer.learn.listings import read_listings
from indexer.records import Delete, Event, Money, Offer, Photo, Product, Rejected
from indexer.settings import FeedSettings
from indexer.text import DEFAULT
from tests.unit.learn.listed import listing

COLOURS = {"shoes": (200, 40, 40), "hats": (40, 40, 200)}


def photo(path: Path, kind: str, seed: int) -> str:
    pixels = np.full((32, 32, 3), 240, dtype=np.uint8)
    pixels[4:28, 4:28] = np.random.default_rng(seed).integers(-30, 30, (24, 24, 3)) + np.array(COLOURS[kind])
    Image.fromarray(pixels).save(path)
    return str(path)


def shop(folder: Path) -> list[Product]:
    """Twelve shoes and twelve hats with photos; one hat is called a shoe's kind, one shoe costs a hundredfold."""
    products: list[Product] = []
    for number in range(24):
        kind = ("shoes", "hats")[number % 2]
        source = photo(folder / f"{number}.png", kind, number)
        words = {"shoes": "running shoes with laces", "hats": "woollen hat for winter days"}[kind]
        said = "shoes" if number == 5 else kind
        cents = {4: 500_000}.get(number, 5_000 + 10 * number)
        title = f"{words} model {'abcdefghijklmnopqrstuvwxyz'[number] * 4}"
        products.append(
            Product(id=str(number), title=title, category=("Clothing", said), photos=(Photo(source),), price=Money(cents, "USD"))
        )
    return products


def encoders(*, photos: bool = True) -> Encoders:
    text = HashedText()
    return Encoders(text, HashedPhoto() if photos else None, WeightedFusion(width=text.spec.width, title=0.5, photo=0.5))


def test_listings_are_the_last_of_each_id() -> None:
    events: list[Event | Rejected] = [
        Product(id="a", title="old"),
        Product(id="b", title="<b>B</b>", attributes={"colour": "red", "img_low": "x", "ean": "1"}),
        Offer(id="b", stock=1),
        Product(id="a", title="new"),
        Product(id="gone", title="x"),
        Delete(id="gone"),
        Rejected(file="f", line=1, field="id", reason="is empty"),
    ]
    listings, field = read_listings(events, DEFAULT)
    assert [(one.id, one.title) for one in listings] == [("a", "new"), ("b", "B")]
    assert listings[1].attributes == {"colour": "red"}
    assert field == ""


def test_the_kind_is_looked_for_or_named() -> None:
    products = [Product(id="a", title="a", category=("x", "y"), attributes={"type": "t", "shape": "round"}), Product(id="b", title="b")]
    assert [one.kind for one in read_listings(products, DEFAULT)[0]] == ["y", ""]
    assert [one.kind for one in read_listings(products, DEFAULT, kind="shape")[0]] == ["round", ""]
    assert read_listings([Product(id="a", title="a", attributes={"type": "t"})], DEFAULT)[1] == "type"
    with pytest.raises(FeedError, match="'size'"):
        read_listings(products, DEFAULT, kind="size")
    with pytest.raises(FeedError, match="no product"):
        read_listings([], DEFAULT)


def test_what_was_put_in_is_found(tmp_path: Path) -> None:
    listings, field = read_listings(shop(tmp_path), DEFAULT)
    listings.append(listing("twin", listings[0].title, kind="shoes", cents=5000))
    listings.append(listing("gone", "woollen hat of felt", kind="hats", cents=5000))
    steps: list[str] = []
    seen = Seen(encoders(), FeedSettings(), progress=lambda what, done, total: steps.append(f"{what} {done}/{total}"))
    checked = check(listings, seen, kind_field=field)
    assert [one.id for one in checked.of("duplicate")] == ["twin"]
    assert [one.id for one in checked.of("mislabelled")] == ["5"]
    assert [one.id for one in checked.of("price")] == ["4"]
    assert (checked.listings, checked.kinds, checked.kind_field) == (26, 2, "category")
    assert steps[0].startswith("titles 0/")
    assert not checked.left_out


def test_what_can_not_be_checked_is_said() -> None:
    checked = check([listing("a"), listing("b")], Seen(encoders(photos=False), FeedSettings()))
    assert set(checked.left_out) == {"mislabelled", "price", "photo", "same photo"}
    assert checked.as_object()["counts"] == dict.fromkeys(CHECKS, 0)


def test_titles_without_direction_and_photos_that_are_none_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no photo")
    products = [
        Product(id="a", title="!", photos=(Photo(str(tmp_path / "bad.png")),)),
        Product(id="b", title="b", photos=(Photo(str(tmp_path / "gone.png")),)),
    ]
    seen = Seen(encoders(), FeedSettings())
    rows = seen.rows(read_listings(products, DEFAULT)[0])
    assert rows.shape == (2, 64)
    assert set(seen.unusable) == {str(tmp_path / "bad.png"), str(tmp_path / "gone.png")}


def test_photos_that_are_none_are_told(feed: Path, tmp_path: Path) -> None:
    (tmp_path / "3.png").write_text("no photo")
    shown = run(str(feed), "--out", str(tmp_path / "report.html")).stdout
    assert f"1 photos could not be looked at; the first, {tmp_path / '3.png'}" in shown.replace("\n", "")
    assert "could not be looked at" in (tmp_path / "report.html").read_text()
    assert list(json.loads((tmp_path / "report.json").read_text())["unusable_photos"]) == [str(tmp_path / "3.png")]


def test_findings_are_in_order() -> None:
    ones = [Finding(check="price", id=id_, score=score, reason="", evidence={}) for id_, score in (("b", 1.0), ("a", 1.0), ("c", 9.0))]
    dup = Finding(check="duplicate", id="z", score=0.1, reason="", evidence={})
    assert [one.id for one in ordered([*ones, dup])] == ["z", "c", "a", "b"]


def test_the_page_escapes_and_loads_nothing() -> None:
    one = Finding(check="price", id="<i>", score=4.2, reason="<script>", evidence={"title": "<b>x</b>", "z": 4.234567, "near": ["a", "b"]})
    html = page(Checked(listings=1, kind_field="", kinds=0, findings=(one,), left_out={"photo": "no <photo>"}), name="<feed>")
    assert not re.search(r"<script|<b>x|<i>|<feed>|<photo>", html)
    assert not re.search(r"(src|href)=", html)
    assert told(one.evidence) == "title: <b>x</b>; z: 4.23; near: a, b"


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSEDEX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FUSEDEX_ENCODE__TEXT", "hashed")
    monkeypatch.setenv("FUSEDEX_ENCODE__PHOTO", "hashed")
    monkeypatch.setenv("COLUMNS", "200")
    rows = [
        {"id": one.id, "title": one.title, "category": " > ".join(one.category), "photos": [one.photos[0].source], "price": "50 USD"}
        for one in shop(tmp_path)
    ]
    path = tmp_path / "shop.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def run(*words: str) -> Result:
    return CliRunner().invoke(make_app("learn"), ["learn", "check", *words])


def test_the_command_prints_writes_and_gives_json(feed: Path, tmp_path: Path) -> None:
    shown = run(str(feed), "--out", str(tmp_path / "report.html")).stdout
    assert "24 listings, 2 kinds by category." in shown
    assert "said to be shoes, its neighbours are hats" in shown
    assert "Checks: shop.jsonl" in (tmp_path / "report.html").read_text()
    beside = json.loads((tmp_path / "report.json").read_text())
    assert json.loads(run(str(feed), "--json").stdout) == beside
    assert beside["counts"]["mislabelled"] == 1


def test_a_wrong_kind_field_is_refused(feed: Path) -> None:
    assert isinstance(run(str(feed), "--kind", "nothing").exception, FeedError)


def test_flipped_labels_of_real_photos_are_found(test_data: Path) -> None:
    """Of 24 photos of hats and trousers two are called the other: they lead the list of what is found."""
    from indexer.encode.image import ImageEncoder, Lite0
    from indexer.learn.mislabelled import mislabelled
    from indexer.learn.neighbours import nearest
    from indexer.photos import decode

    files = [path for kind in ("hat", "pants") for path in sorted((test_data / "clothing" / "validation" / kind).iterdir())[:12]]
    encoder = ImageEncoder(Lite0(threads=1))
    rows = np.concatenate([encoder.encode([decode(path.read_bytes(), pixels=10**8)]) for path in files])
    kinds = [path.parent.name for path in files]
    flipped = {2, len(files) - 3}
    spoilt = [{"hat": "pants", "pants": "hat"}[kind] if place in flipped else kind for place, kind in enumerate(kinds)]
    found = sorted(mislabelled([str(place) for place in range(len(files))], spoilt, nearest(rows, k=10)), key=lambda one: -one.score)
    assert {int(one.id) for one in found[:2]} == flipped
