"""Batching, order and blame hold for any texts and any batch size."""

from typing import cast

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from indexer.encode.engine import Engine
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.vectors import cosine

texts = st.lists(st.text(max_size=20), max_size=30)


class Fussy(HashedText):
    """Fails on every batch that holds the letter x."""

    def run(self, inputs: object) -> npt.ArrayLike:
        if any("x" in text for text in cast("list[str]", inputs)):
            raise RuntimeError("x")
        return super().run(inputs)


@given(texts, st.integers(1, 40))
def test_batches_give_what_single_texts_give(several: list[str], batch: int) -> None:
    encoder = HashedText()
    encoded = Engine().texts(encoder, several, side="product", batch=batch)
    assert sorted(encoded.rows) == list(range(len(several)))
    for position, text in enumerate(several):
        assert (encoded.rows[position] == encoder.encode([text], side="product")[0]).all()


@given(st.lists(st.text("axb", max_size=3), max_size=30), st.integers(1, 40))
def test_exactly_the_poison_fails(several: list[str], batch: int) -> None:
    encoded = Engine().texts(Fussy(), several, side="product", batch=batch)
    assert set(encoded.failed) == {position for position, text in enumerate(several) if "x" in text}
    assert set(encoded.rows) == set(range(len(several))) - set(encoded.failed)


@given(st.text())
def test_any_text_has_a_unit_row(text: str) -> None:
    row = HashedText().encode([text], side="query")[0]
    assert abs(float(np.linalg.norm(row)) - 1) < 1e-6


@given(
    st.sampled_from(["sofa", "camera", "lampshade", "沙发", "相机"]),
    st.lists(st.sampled_from(["red", "oak", "new", "大"]), max_size=2, unique=True),
)
def test_a_word_is_near_a_title_that_holds_it(word: str, others: list[str]) -> None:
    # Three words at most share 64 numbers, so chance collisions stay small beside the shared word.
    query, title = HashedText().encode([word, " ".join([word, *others])], side="query")
    assert cosine(query, title) > 0.35


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
def test_any_photo_has_a_unit_row(height: int, width: int, tone: int) -> None:
    row = HashedPhoto().encode([np.full((height, width, 3), tone, dtype=np.uint8)])[0]
    assert abs(float(np.linalg.norm(row)) - 1) < 1e-6
