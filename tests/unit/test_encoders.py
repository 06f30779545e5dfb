"""Encoders: one space for products and queries, a bounded cache, and a refusal of indexes made in another space."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from indexer.encode.base import PhotoEncoder, Pixels, Side, TextEncoder
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders, QueryParts
from indexer.errors import EncoderMismatch, QueryError
from indexer.fuse.base import PartRow
from indexer.fuse.weighted import WeightedFusion
from indexer.vectors import cosine

WIDTH = 64


class Counting(HashedText):
    """Counts the texts that reach the encoder, and sees nothing in a lone mark."""

    def __init__(self) -> None:
        super().__init__(width=WIDTH)
        self.seen: list[tuple[str, Side]] = []

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        self.seen += [(text, side) for text in texts]
        return super().prepare(texts, side)

    def run(self, inputs: object) -> npt.ArrayLike:
        rows = np.asarray(super().run(inputs))
        return np.zeros_like(rows) if inputs == ["!"] else rows


class CountingPhoto(HashedPhoto):
    """Counts the photos that reach the encoder."""

    def __init__(self) -> None:
        super().__init__(width=WIDTH)
        self.seen = 0

    def prepare(self, photos: Sequence[Pixels]) -> object:
        self.seen += len(photos)
        return super().prepare(photos)


def encoders(text: TextEncoder | None = None, photo: PhotoEncoder | None = None, *, cache: int = 0) -> Encoders:
    fusion = WeightedFusion(title=0.4, description=0.2, photo=0.4, width=WIDTH)
    return Encoders(text or HashedText(width=WIDTH), photo, fusion, query_cache=cache)


def picture(colour: int) -> Pixels:
    return np.full((20, 20, 3), colour, dtype=np.uint8)


def test_a_querys_words_meet_a_products_words() -> None:
    ours = encoders()
    query = ours.query_row(QueryParts(text="blue sofa"))
    rows = HashedText(width=WIDTH).encode(["blue sofa", "garden hose"], side="product")
    product = ours.fuse([PartRow("title", rows[0])])
    other = ours.fuse([PartRow("title", rows[1])])
    assert query is not None
    assert product is not None
    assert other is not None
    assert cosine(query, product) == pytest.approx(1.0, abs=1e-6)
    assert cosine(query, other) < 0.5


def test_a_photo_beside_words_pulls_the_row_by_its_weight() -> None:
    ours = encoders(photo=HashedPhoto(width=WIDTH))
    photo = picture(200)
    alone = ours.query_row(QueryParts(photo=photo))
    assert alone is not None
    near = []
    for weight in (0.0, 0.5, 1.0, 4.0):
        row = ours.query_row(QueryParts(text="blue sofa", photo=photo, photo_weight=weight))
        assert row is not None
        assert np.linalg.norm(row) == pytest.approx(1.0, abs=1e-6)
        near.append(cosine(row, alone))
    assert near == sorted(near)
    assert near[0] < near[-1]


@pytest.mark.parametrize(
    "parts",
    [QueryParts(), QueryParts(text="sofa", text_weight=0), QueryParts(photo=picture(9), photo_weight=0)],
    ids=["nothing", "weightless text", "weightless photo"],
)
def test_a_query_without_parts_has_no_row(parts: QueryParts) -> None:
    assert encoders(photo=HashedPhoto(width=WIDTH)).query_row(parts) is None


def test_a_text_in_which_the_encoder_sees_nothing_is_left_out() -> None:
    ours = encoders(Counting(), HashedPhoto(width=WIDTH))
    assert ours.query_row(QueryParts(text="!")) is None
    with_photo = ours.query_row(QueryParts(text="!", photo=picture(200)))
    alone = ours.query_row(QueryParts(photo=picture(200)))
    assert with_photo is not None
    assert alone is not None
    np.testing.assert_array_equal(with_photo, alone)


def test_a_photo_without_a_photo_encoder_is_refused() -> None:
    with pytest.raises(QueryError, match="no photo encoder"):
        encoders().query_row(QueryParts(photo=picture(1)))


def test_texts_are_encoded_as_queries_once_while_they_are_kept() -> None:
    text = Counting()
    ours = encoders(text, cache=2)
    first = ours.query_row(QueryParts(text="sofa"))
    again = ours.query_row(QueryParts(text="sofa", text_weight=0.3))
    assert first is not None
    assert again is not None
    np.testing.assert_allclose(first, again, atol=1e-7)
    assert text.seen == [("sofa", "query")]


def test_the_least_recently_used_text_goes_first() -> None:
    text = Counting()
    ours = encoders(text, cache=2)
    for word in ("a1", "b1", "a1", "c1", "a1", "b1"):
        ours.query_row(QueryParts(text=word))
    assert [word for word, _ in text.seen] == ["a1", "b1", "c1", "b1"]


def test_a_cache_of_nought_keeps_nothing() -> None:
    text = Counting()
    ours = encoders(text)
    for _ in range(3):
        ours.query_row(QueryParts(text="sofa"))
    assert len(text.seen) == 3


def test_equal_photos_are_encoded_once_and_never_taken_for_a_text() -> None:
    photo = CountingPhoto()
    ours = encoders(photo=photo, cache=8)
    rows = [ours.query_row(QueryParts(photo=picture(colour))) for colour in (10, 10, 11)]
    assert photo.seen == 2
    assert rows[0] is not None
    assert rows[2] is not None
    assert not np.array_equal(rows[0], rows[2])


def test_a_row_that_was_given_out_can_not_spoil_the_kept_one() -> None:
    ours = encoders(cache=8)
    row = ours.query_row(QueryParts(text="sofa"))
    assert row is not None
    before = row.copy()
    if row.flags.writeable:
        row[:] = 0
    after = ours.query_row(QueryParts(text="sofa"))
    assert after is not None
    np.testing.assert_array_equal(after, before)


def test_many_threads_get_the_rows_that_one_gets() -> None:
    ours, words = encoders(cache=3), [f"word{number}" for number in range(8)]
    expected = {word: encoders().query_row(QueryParts(text=word)) for word in words}
    wrong: list[str] = []

    def ask() -> None:
        for word in words * 10:
            row, known = ours.query_row(QueryParts(text=word)), expected[word]
            if row is None or known is None or not np.array_equal(row, known):
                wrong.append(word)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(ours._kept) <= 3


def test_an_index_of_the_same_parts_fits_whatever_its_ledger() -> None:
    ours = encoders(photo=HashedPhoto(width=WIDTH))
    ours.check(ours.identity("some ledger"))
    assert ours.identity("a") != ours.identity("b")


@pytest.mark.parametrize("part", ["text", "photo", "fusion"])
def test_an_index_of_another_part_is_refused_by_name(part: str) -> None:
    ours = encoders(photo=HashedPhoto(width=WIDTH))
    with pytest.raises(EncoderMismatch, match=rf"other parts: {part} \(index 0123, here") as caught:
        ours.check(replace(ours.identity("x"), **{part: "0123"}))  # type: ignore[arg-type]  # the parts are texts
    assert "FUSEDEX_ENCODE__*" in caught.value.cure


def test_every_part_that_differs_is_named() -> None:
    theirs = encoders(HashedText(width=32))
    ours = encoders(photo=HashedPhoto(width=WIDTH))
    with pytest.raises(EncoderMismatch, match=r"text.*photo.*index none"):
        ours.check(theirs.identity("x"))
