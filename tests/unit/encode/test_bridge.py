"""The bridge's formula, with a classifier whose verdicts the test writes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from indexer.encode.base import Pixels, Side
from indexer.encode.bridge import CLASSES, BridgeEncoder, class_names
from indexer.encode.hashed import HashedText
from indexer.specs import ModelSpec
from indexer.vectors import Row

SHOE, COUCH = 770, 831


class Told:
    """A classifier that sees what the photo's first pixels spell: pairs of class and share."""

    def __init__(self, *verdicts: dict[int, float], revision: str = "1") -> None:
        self.verdicts = verdicts
        self.revision = revision

    def spec(self, name: str, *, width: int) -> ModelSpec:
        return ModelSpec(name=name, revision=self.revision, width=width, weights="told", licence="MIT", origin="a test")

    def prepare(self, photos: Sequence[Pixels]) -> npt.NDArray[np.float32]:
        return np.array([[photo[0, 0, 0]] for photo in photos], dtype=np.float32)

    def probabilities(self, block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        rows = np.zeros((len(block), CLASSES), dtype=np.float32)
        for row, number in zip(rows, block[:, 0].astype(int), strict=True):
            for place, share in self.verdicts[number].items():
                row[place] = share
        return rows


def pictures(count: int) -> list[Pixels]:
    return [np.full((4, 4, 3), number, dtype=np.uint8) for number in range(count)]


def name_row(text: HashedText, number: int) -> Row:
    mean = text.encode(class_names()[number], side="product").mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def test_the_names_are_imagenets_in_its_order() -> None:
    names = class_names()
    assert len(names) == CLASSES
    assert names[SHOE] == ["running shoe"]
    assert names[COUCH] == ["studio couch", "day bed"]
    assert all(name and all(synonym.strip() == synonym != "" for synonym in name) for name in names)


def test_one_sure_class_gives_its_names_row() -> None:
    text = HashedText(width=96)
    rows = BridgeEncoder(Told({SHOE: 1.0}, {COUCH: 1.0}), text).encode(pictures(2))
    assert rows[0] == pytest.approx(name_row(text, SHOE), abs=1e-5)
    assert rows[1] == pytest.approx(name_row(text, COUCH), abs=1e-5)


def test_doubt_is_a_weighted_mean() -> None:
    text = HashedText(width=96)
    row = BridgeEncoder(Told({SHOE: 0.75, COUCH: 0.25}), text).encode(pictures(1))[0]
    mean = 0.75 * name_row(text, SHOE) + 0.25 * name_row(text, COUCH)
    assert row == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_only_the_five_likeliest_speak() -> None:
    text = HashedText(width=96)
    five = {10: 0.3, 20: 0.2, 30: 0.15, 40: 0.12, 50: 0.11}
    rows = BridgeEncoder(Told(five, {**five, 60: 0.06, 70: 0.06}), text).encode(pictures(2))
    assert rows[0] == pytest.approx(rows[1], abs=1e-6)


def test_names_are_encoded_once() -> None:
    class Counting(HashedText):
        seen = 0

        def prepare(self, texts: Sequence[str], side: Side) -> object:
            self.seen += len(texts)
            return super().prepare(texts, side)

    text = Counting()
    bridge = BridgeEncoder(Told({SHOE: 1.0}), text)
    assert text.seen == 0
    for _ in range(2):
        bridge.encode(pictures(1))
    assert text.seen == sum(map(len, class_names()))


def test_the_digest_covers_both_models() -> None:
    digests = {BridgeEncoder(Told(revision=revision), HashedText(width=width)).spec.digest for revision in ("1", "2") for width in (64, 96)}
    assert len(digests) == 4
    spec = BridgeEncoder(Told(), HashedText()).spec
    assert "MIT" in spec.licence
    assert "Apache-2.0" in spec.licence
