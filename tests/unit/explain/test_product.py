"""What is explained is what is encoded: the write path's texts and photos, the read path's query."""

from pathlib import Path

import pytest

from indexer.errors import QueryError
from indexer.explain.product import asked, known, parts
from indexer.ledger.open import open_ledger
from indexer.photos import decode, digest
from indexer.records import Delete, Offer, Photo, Product
from indexer.settings import EncodeSettings, Settings
from indexer.text import DEFAULT
from indexer.text.clean import digest as text_digest
from tests.unit.explain.matched import picture, saved

MESSY = Product(id="a", title="<b>Ｂlack</b> shoes", description="R&amp;D   made", brand="Nike", attributes={"colour": "black"})


def test_texts_are_cleaned_and_chosen_as_for_the_index() -> None:
    assert parts(MESSY, Settings(), DEFAULT).texts == (("title", "Black shoes"), ("description", "R&D made"))
    weighed = Settings(encode=EncodeSettings(brand_weight=0.1, description_weight=0))
    assert [kind for kind, _ in parts(MESSY, weighed, DEFAULT).texts] == ["title", "brand"]


def test_they_are_the_parts_that_the_write_path_records(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.png", picture())
    product = Product(id="a", title=MESSY.title, photos=(Photo(str(photo)),))
    held = parts(product, Settings(), DEFAULT)
    assert text_digest(held.texts[0][1]) == text_digest(DEFAULT.title(MESSY.title))
    assert digest(held.photos[0][1]) == digest(decode(photo.read_bytes(), pixels=10**6))


def test_photos_that_can_not_be_had_are_told(tmp_path: Path) -> None:
    good = saved(tmp_path / "a.png", picture())
    (tmp_path / "bad.png").write_text("no photo")
    sources = [str(good), str(tmp_path / "bad.png"), str(tmp_path / "gone.png"), "https://shop.example/a.png"]
    held = parts(Product(id="a", title="x", photos=tuple(map(Photo, sources))), Settings(), DEFAULT)
    assert [source for source, _ in held.photos] == sources[:1]
    assert held.unused == ((sources[1], "unusable"), (sources[2], "missing"), (sources[3], "remote"))


def test_without_a_photo_encoder_photos_are_left_alone(tmp_path: Path) -> None:
    product = Product(id="a", title="x", photos=(Photo(str(tmp_path / "gone.png")),))
    assert parts(product, Settings(), DEFAULT, photos=False).unused == ()


def test_products_come_from_the_ledger(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", future_s=300)
    try:
        ledger.begin_job("j", "test")
        ledger.accept("j", [MESSY, Product(id="gone", title="x", version=1), Delete(id="gone", version=2), Offer(id="offer", stock=1)])
        assert known(ledger, "a").title == MESSY.title
        for missing in ("gone", "offer", "never"):
            with pytest.raises(QueryError, match=missing):
                known(ledger, missing)
    finally:
        ledger.close()


def test_a_query_is_read_as_a_search_reads_it(tmp_path: Path) -> None:
    query = asked("  Ｂlack&nbsp;shoes ", saved(tmp_path / "a.png", picture()).read_bytes(), Settings(), DEFAULT)
    assert query.text == DEFAULT.query("  Ｂlack&nbsp;shoes ")
    assert query.photo is not None
    assert query.photo.shape == (60, 90, 3)


@pytest.mark.parametrize(("text", "photo", "told"), [("  ", None, "Nothing is asked"), ("x" * 600, None, "512"), ("", b"no", "photo")])
def test_queries_that_are_none_are_refused(text: str, photo: bytes | None, told: str) -> None:
    with pytest.raises(QueryError, match=told):
        asked(text, photo, Settings(), DEFAULT)
