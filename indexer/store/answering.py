"""How the store's twin in memory answers a leg: the same products, orders and cosines; of BM25 only whether a product matches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from indexer.errors import ModelError, StoreError
from indexer.store.base import (
    CodeLeg,
    ExactLeg,
    ExplainLeg,
    ExtraLeg,
    Found,
    HybridLeg,
    Leg,
    LegAnswer,
    LexicalLeg,
    LtrLeg,
    NamedLeg,
    VectorLeg,
)
from indexer.store.conditions import conditions, holds
from indexer.store.explaining import twin_shares
from indexer.store.schema import PHOTO_VECTOR, VECTOR
from indexer.store.words import Findable, asked, score
from indexer.text.cleaning import Cleaning
from indexer.text.codes import code_of
from indexer.vectors import Row, unit_rows


@dataclass(frozen=True, slots=True, eq=False)
class KeptDocument:
    """A document as the twin holds it, its rows by the field that they would be in: never changed, only replaced."""

    version: int
    source: Mapping[str, Any]
    rows: Mapping[str, Row]
    words: Findable


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """The live documents of the index as they stood at one moment, its name and its rows' width."""

    index: str
    width: int
    live: Sequence[KeptDocument]


Figure = Callable[[KeptDocument], float | None]
"""How a leg scores a document; None leaves it out."""


def answers(shelf: Shelf, legs: Sequence[Leg], cleaning: Cleaning) -> list[LegAnswer]:
    """Each leg's answer, in order. A leg that fails says so where another did not; else its StoreError is raised.

    Raises BadFilter, and StoreError for legs that only a server can answer.
    """
    told: list[LegAnswer | StoreError] = []
    for leg in legs:
        if isinstance(leg, ExtraLeg | HybridLeg | LtrLeg):
            raise StoreError(_REFUSED[type(leg)], cure=_CURE)
        try:
            told.append(LegAnswer(found=tuple(_found(shelf, leg, cleaning)), index=shelf.index))
        except StoreError as error:
            told.append(error)
    failed = [one for one in told if isinstance(one, StoreError)]
    if failed and len(failed) == len(told):
        raise failed[0]
    return [one if isinstance(one, LegAnswer) else LegAnswer(found=(), index=shelf.index, error=one.message) for one in told]


_Answered = LexicalLeg | CodeLeg | VectorLeg | ExactLeg | NamedLeg | ExplainLeg


def _found(shelf: Shelf, leg: _Answered, cleaning: Cleaning) -> Iterator[Found]:
    if isinstance(leg, NamedLeg):
        known = {kept.source["id"]: kept for kept in shelf.live}
        named = (known[id_] for id_ in dict.fromkeys(leg.ids) if id_ in known)
        yield from (_as_found(kept, 0.0, row=kept.rows.get(VECTOR) if leg.rows else None) for kept in named)
        return
    figure = _figure(leg, shelf.width, cleaning)
    for kept, mark in _best(shelf.live, leg, figure):
        fields = {} if not isinstance(leg, ExplainLeg) else twin_shares(asked(leg.text, cleaning), kept.source, step=leg.step)
        yield _as_found(kept, mark, fields=fields)


def _best(
    live: Sequence[KeptDocument], leg: LexicalLeg | CodeLeg | VectorLeg | ExactLeg | ExplainLeg, figure: Figure
) -> list[tuple[KeptDocument, float]]:
    """The documents that the leg's filters and names leave, with their figures: best first, ties by id, as many as it gives."""
    wanted = () if isinstance(leg, ExplainLeg) else conditions(leg.filters)
    names = frozenset(leg.ids) if isinstance(leg, ExplainLeg | ExactLeg) and leg.ids is not None else None
    size = len(leg.ids) if isinstance(leg, ExplainLeg) else leg.size
    scored = [
        (kept, mark)
        for kept in live
        if (names is None or kept.source["id"] in names)
        and all(holds(one, kept.source) for one in wanted)
        and (mark := figure(kept)) is not None
    ]
    scored.sort(key=lambda pair: (-pair[1], pair[0].source["id"]))
    return scored[:size]


def _figure(leg: LexicalLeg | CodeLeg | VectorLeg | ExactLeg | ExplainLeg, width: int, cleaning: Cleaning) -> Figure:
    if isinstance(leg, CodeLeg):
        code = code_of(leg.code)
        return lambda kept: 1.0 if code and code in kept.source.get("codes", ()) else None
    if isinstance(leg, LexicalLeg | ExplainLeg):
        if not leg.text.strip():
            return lambda _: 0.0
        query, step = asked(leg.text, cleaning), leg.step
        return lambda kept: score(query, kept.words, step) or None
    try:
        unit = unit_rows(leg.row[None], width=width)[0].astype(np.float64)
    except ModelError as error:
        raise StoreError(f"The query's row can't be compared: {error.message}") from error
    name = PHOTO_VECTOR if leg.photos else VECTOR
    return lambda kept: float(np.clip(kept.rows[name].astype(np.float64) @ unit, -1.0, 1.0)) if name in kept.rows else None


def _as_found(kept: KeptDocument, mark: float, *, row: Row | None = None, fields: Mapping[str, float] | None = None) -> Found:
    return Found(id=kept.source["id"], score=mark, source=kept.source, row=row, fields=fields or {})


_REFUSED = {
    ExtraLeg: "The extra query is in the language of OpenSearch, which the store in memory does not read.",
    HybridLeg: "The store in memory has no hybrid query.",
    LtrLeg: "The store in memory keeps no models.",
}
_CURE = "Use an OpenSearch, or the other strategies."
