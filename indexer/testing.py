"""For authors of plug-ins: the cases that every encoder must pass. Our own encoders are held to the same ones.

import pytest
from indexer.testing import TEXT_CASES, TextCase

@pytest.mark.parametrize("case", TEXT_CASES, ids=str)
def test_contract(case: TextCase) -> None:
case.check(MyEncoder)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from indexer.encode.base import PhotoEncoder, Pixels, TextEncoder
from indexer.errors import ContractBroken, ZeroRow
from indexer.specs import ModelSpec
from indexer.vectors import Rows

TEXTS = ("A chair of oak", "Running shoes", "橡木椅子", "a", "Sofa, three seats, grey linen: " + "with cushions " * 12)
NEAR = 1e-4
"""Padding and batch size change the order of float32 sums, in convolutions most."""

AnyEncoder = TypeVar("AnyEncoder", TextEncoder, PhotoEncoder)


@dataclass(frozen=True, slots=True)
class Case(Generic[AnyEncoder]):
    """One thing that every encoder does; `check` takes what makes the encoder, and raises ContractBroken with what it did instead."""

    name: str
    says: str
    check: Callable[[Callable[[], AnyEncoder]], None]

    def __str__(self) -> str:
        return self.name


TextCase = Case[TextEncoder]
PhotoCase = Case[PhotoEncoder]


def photographs() -> list[Pixels]:
    """Five pictures of different sizes and colours, the same each time."""
    random = np.random.default_rng(11)
    sizes = ((64, 64), (48, 96), (96, 48), (33, 71), (120, 120))
    return [np.kron(random.integers(0, 256, (3, 3, 3)), np.ones((40, 40, 1)))[:high, :wide].astype(np.uint8) for high, wide in sizes]


def _unit(rows: Rows, spec: ModelSpec, count: int) -> None:
    _must(rows.dtype == np.float32, f"rows are {rows.dtype}, not float32")
    _must(rows.shape == (count, spec.width), f"{count} inputs gave rows of the shape {rows.shape}; the spec's width is {spec.width}")
    _must(bool(np.isfinite(rows).all()), "a row holds NaN or infinity")
    _must(bool(np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)), "a row's length is not 1")


def _spec(spec: ModelSpec, again: ModelSpec) -> None:
    for field in ("name", "revision", "weights", "licence", "origin"):
        _must(bool(getattr(spec, field)), f"the spec has no {field}")
    _must(spec.width > 0, "the spec's width is no width")
    _must(spec.digest == again.digest, "two encoders that are made alike have different digests: an index would refuse the second")


def _same(one: Rows, other: Rows, what: str) -> None:
    apart = float(np.abs(one - other).max(initial=0))
    _must(one.shape == other.shape and apart <= NEAR, f"{what}: rows differ by up to {apart:.2g}")


def _text_rows(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    _unit(encoder.encode(TEXTS, side="product"), encoder.spec, len(TEXTS))


# Turned by one, not turned around: an encoder that gives its rows backwards would pass that.
def _text_order(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    turned = encoder.encode([*TEXTS[1:], TEXTS[0]], side="product")
    _same(np.roll(turned, 1, axis=0), encoder.encode(TEXTS, side="product"), "rows do not come in the order of the texts")


def _text_batches(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    alone = np.concatenate([encoder.encode([text], side="product") for text in TEXTS])
    _same(alone, encoder.encode(TEXTS, side="product"), "a text's row depends on the texts beside it")


def _text_again(make: Callable[[], TextEncoder]) -> None:
    one, other = make(), make()
    rows = one.encode(TEXTS, side="query")
    _same(rows, one.encode(TEXTS, side="query"), "the same call gives other rows")
    _same(rows, other.encode(TEXTS, side="query"), "another instance gives other rows")


def _text_empty(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    try:
        rows = encoder.encode(["", TEXTS[0]], side="product")
    except ZeroRow:
        return  # an honest answer: nothing has no direction
    _unit(rows, encoder.spec, 2)


def _text_sides(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    spec = encoder.spec
    bare = make()
    bare.spec = replace(spec, query_prefix="", product_prefix="")
    for side, prefix in (("query", spec.query_prefix), ("product", spec.product_prefix)):
        told = bare.encode([prefix + TEXTS[0]], side="query")
        _same(encoder.encode([TEXTS[0]], side="query" if side == "query" else "product"), told, f"the {side}'s prefix is not put before it")


def _text_digest(make: Callable[[], TextEncoder]) -> None:
    _spec(make().spec, make().spec)


def _text_length(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    _must(all(encoder.length(text) > 0 for text in TEXTS), "length is not above zero")


def _photo_rows(make: Callable[[], PhotoEncoder]) -> None:
    encoder = make()
    _unit(encoder.encode(photographs()), encoder.spec, 5)


def _photo_order(make: Callable[[], PhotoEncoder]) -> None:
    encoder = make()
    photos = photographs()
    turned = encoder.encode([*photos[1:], photos[0]])
    _same(np.roll(turned, 1, axis=0), encoder.encode(photos), "rows do not come in the order of the photos")


def _photo_batches(make: Callable[[], PhotoEncoder]) -> None:
    encoder = make()
    alone = np.concatenate([encoder.encode([photo]) for photo in photographs()])
    _same(alone, encoder.encode(photographs()), "a photo's row depends on the photos beside it")


def _photo_again(make: Callable[[], PhotoEncoder]) -> None:
    rows = make().encode(photographs())
    _same(rows, make().encode(photographs()), "another instance gives other rows")


def _photo_small(make: Callable[[], PhotoEncoder]) -> None:
    encoder = make()
    pixels: npt.NDArray[np.uint8] = np.full((1, 1, 3), 200, dtype=np.uint8)
    _unit(encoder.encode([pixels, np.zeros((2, 300, 3), dtype=np.uint8)]), encoder.spec, 2)


def _photo_digest(make: Callable[[], PhotoEncoder]) -> None:
    _spec(make().spec, make().spec)


def _must(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - it reads as a sentence
    if not holds:
        raise ContractBroken(f"This encoder breaks its contract: {otherwise}.", cure="docs/models.md says what an encoder must do.")


TEXT_CASES: Sequence[TextCase] = (
    Case("unit rows", "float32 rows of length 1 and of the spec's width, one a text", _text_rows),
    Case("order", "rows come in the order of the texts", _text_order),
    Case("batches", "a batch of one gives what a batch of many gives", _text_batches),
    Case("again", "the same text gives the same row, from another instance too", _text_again),
    Case("empty", "an empty text gives a unit row, or ZeroRow", _text_empty),
    Case("sides", "the spec's prefixes go before queries and products", _text_sides),
    Case("digest", "the spec is complete, and its digest the same each time", _text_digest),
    Case("length", "every text has a length above zero", _text_length),
)
PHOTO_CASES: Sequence[PhotoCase] = (
    Case("unit rows", "float32 rows of length 1 and of the spec's width, one a photo", _photo_rows),
    Case("order", "rows come in the order of the photos", _photo_order),
    Case("batches", "a batch of one gives what a batch of many gives", _photo_batches),
    Case("again", "the same photo gives the same row, from another instance too", _photo_again),
    Case("small", "a photo of one pixel and a stripe give unit rows", _photo_small),
    Case("digest", "the spec is complete, and its digest the same each time", _photo_digest),
)
