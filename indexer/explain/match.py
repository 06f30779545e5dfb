"""A query beside one product: the cosine, what each part of either gives to it, and which words and regions within the parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from indexer.batches import batches
from indexer.encode.base import Pixels, Side
from indexer.encoders import Encoders, QueryParts
from indexer.errors import QueryError, ZeroRow
from indexer.explain.gradients import can_integrate, integrated
from indexer.explain.regions import Heat, occluded
from indexer.explain.words import Attribution, leave_one_out, words_of
from indexer.fuse.base import PartRow
from indexer.records import PhotoStatus, Product
from indexer.text.chinese import Segmenter
from indexer.vectors import Row, cosine

AT_ONCE = 64
"""Texts encoded together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """A product's parts as they are encoded: (kind, cleaned text), and (source, pixels) of its photos.

    `unused` are the photos that could not be had, with why.
    """

    product: Product
    texts: tuple[tuple[str, str], ...] = ()
    photos: tuple[tuple[str, Pixels], ...] = ()
    unused: tuple[tuple[str, PhotoStatus], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One text or photo of the query or of the product.

    `cosine` is between this part alone and the other side whole; `gain` what the cosine of both sides whole loses without it. `why`
    takes `cosine` apart.
    """

    side: Side
    kind: str
    cosine: float
    gain: float
    why: Attribution | Heat
    source: str = ""
    pixels: Pixels | None = None

    @property
    def name(self) -> str:
        """As people call it: "query: text", "product: photo (red.jpg)"."""
        file = self.source.rpartition("/")[2]
        return f"{self.side}: {self.kind} ({file})" if file else f"{self.side}: {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Match:
    """The cosine of query and product, and the parts of both, the query's first; `models` name what encoded and fused them."""

    query: str
    product: Product
    cosine: float
    parts: tuple[Part, ...]
    models: dict[str, str]
    unused: tuple[tuple[str, PhotoStatus], ...] = ()

    def as_object(self) -> dict[str, object]:
        """As a JSON object."""
        parts = [
            {"side": part.side, "kind": part.kind, "source": part.source, "cosine": part.cosine, "gain": part.gain}
            | {"why": part.why.as_object()}
            for part in self.parts
        ]
        unused = [{"photo": source, "status": status} for source, status in self.unused]
        told = {"query": self.query, "product": {"id": self.product.id, "title": self.product.title}, "cosine": self.cosine}
        return {**told, "models": self.models, "parts": parts, "unused_photos": unused}


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One side of the match: its part rows with the part that each is of, and its row."""

    side: Literal["query", "product"]
    rows: tuple[PartRow, ...]
    inputs: tuple[tuple[str, str | Pixels], ...]
    row: Row


def explain(encoders: Encoders, query: QueryParts, parts: Parts, segmenter: Segmenter) -> Match:
    """Take the cosine between a query (its text cleaned, what it leans to left aside) and a product apart.

    Texts by integrated gradients where the encoder lends its torch model and the fusion leaves a lone text's row as it is, else by
    leaving words out; photos by occlusion. Raises QueryError for a side that has no direction, and ModelError.
    """
    asked = _side(encoders, "query", _asked(query))
    held = _side(encoders, "product", [*((kind, "", text) for kind, text in parts.texts), *(("photo", *one) for one in parts.photos)])
    if asked is None:
        raise QueryError("The query has no text or photo that the encoders see anything in.", cure="Give words, or --image.")
    if held is None:
        raise QueryError(
            f"The product {parts.product.id!r} has no vector: no text or photo of it has weight and a direction.",
            cure="A photo-only product needs a photo encoder, and its photos at hand.",
        )
    whole = cosine(asked.row, held.row)
    explained = [*_parts(encoders, asked, held, segmenter), *_parts(encoders, held, asked, segmenter)]
    spec = encoders.photo.spec.name if encoders.photo else "none"
    models = {"text": encoders.text.spec.name, "photo": spec, "fusion": encoders.fusion.spec.name}
    return Match(query=query.text, product=parts.product, cosine=whole, parts=tuple(explained), models=models, unused=parts.unused)


def _asked(query: QueryParts) -> list[tuple[str, str, str | Pixels]]:
    if query.photo is None:
        return [("text", "", query.text)] if query.text else []
    return [*([("text", "", query.text)] if query.text else []), ("photo", "", query.photo)]


def _side(encoders: Encoders, side: Side, inputs: Sequence[tuple[str, str, str | Pixels]]) -> _Side | None:
    rows: list[PartRow] = []
    kept: list[tuple[str, str | Pixels]] = []
    for kind, source, given in inputs:
        (row,) = _text_rows(encoders, [given], side) if isinstance(given, str) else _photo_rows(encoders, [given])
        if row is not None:
            rows.append(PartRow(kind, row))
            kept.append((source, given))
    row = encoders.fuse(rows) if rows else None
    return None if row is None else _Side(side, tuple(rows), tuple(kept), row)


def _parts(encoders: Encoders, here: _Side, there: _Side, segmenter: Segmenter) -> list[Part]:
    whole = cosine(here.row, there.row)
    found: list[Part] = []
    for place, (part, (source, given)) in enumerate(zip(here.rows, here.inputs, strict=True)):
        rest = encoders.fuse([other for at, other in enumerate(here.rows) if at != place]) if len(here.rows) > 1 else None
        gain = whole - (0.0 if rest is None else cosine(rest, there.row))
        if isinstance(given, str):
            why: Attribution | Heat = _words(encoders, (part.kind, given), here.side, there.row, segmenter)
        else:
            why = occluded(given, partial(_photo_cosines, encoders, there.row))
        pixels = None if isinstance(given, str) else given
        (alone,) = _cosines(encoders, part.kind, [part.row], there.row)
        found.append(Part(side=here.side, kind=part.kind, source=source, cosine=alone, gain=gain, why=why, pixels=pixels))
    return found


def _words(encoders: Encoders, given: tuple[str, str], side: Side, toward: Row, segmenter: Segmenter) -> Attribution:
    kind, text = given
    words = words_of(text, segmenter)
    if can_integrate(encoders.text) and _left_alone(encoders, kind, toward):
        return integrated(encoders.text, text, words, toward=toward, side=side)

    def cosines(texts: Sequence[str]) -> Sequence[float]:
        return _cosines(encoders, kind, _text_rows(encoders, texts, side), toward)

    return leave_one_out(text, words, cosines)


def _left_alone(encoders: Encoders, kind: str, row: Row) -> bool:
    """Whether the fusion gives a lone part of the kind back as it is: then a cosine after it is the text encoder's own."""
    width = encoders.text.spec.width
    if row.shape != (width,):
        return False
    probe = np.full(width, width**-0.5, dtype=np.float32)
    probe[0] = -probe[0]
    fused = encoders.fuse([PartRow(kind, probe)])
    return fused is not None and np.allclose(fused, probe, atol=1e-5)


def _photo_cosines(encoders: Encoders, toward: Row, photos: Sequence[Pixels]) -> Sequence[float]:
    return _cosines(encoders, "photo", _photo_rows(encoders, photos), toward)


def _cosines(encoders: Encoders, kind: str, rows: Sequence[Row | None], toward: Row) -> list[float]:
    """Each row's cosine, fused as a lone part of its kind; 0 for what has no direction."""
    found: list[float] = []
    for row in rows:
        fused = None if row is None else encoders.fuse([PartRow(kind, row)])
        found.append(0.0 if fused is None else cosine(fused, toward))
    return found


def _text_rows(encoders: Encoders, texts: Sequence[str], side: Side) -> list[Row | None]:
    """A row a text; None for one that is empty or has no direction."""
    rows: dict[str, Row | None] = {"": None}
    for some in batches(dict.fromkeys(text for text in texts if text), size=AT_ONCE):
        try:
            rows.update(zip(some, encoders.text.encode(some, side=side), strict=True))
        except ZeroRow:
            rows.update((text, _one_row(encoders, text, side)) for text in some)
    return [rows[text] for text in texts]


def _one_row(encoders: Encoders, text: str, side: Side) -> Row | None:
    try:
        row: Row = encoders.text.encode([text], side=side)[0]
    except ZeroRow:
        return None
    return row


def _photo_rows(encoders: Encoders, photos: Sequence[Pixels]) -> list[Row | None]:
    if encoders.photo is None:
        raise QueryError("These encoders have no photo encoder, so a photo can't be explained.", cure="Leave out --image.")
    return list(encoders.photo.encode(photos))
