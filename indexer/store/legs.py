"""What is asked of an index in one request: legs, each a way to find products or to look at some again."""

from collections.abc import Mapping
from dataclasses import dataclass

from indexer.records import Blend, Filter
from indexer.vectors import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalLeg:
    """The best `size` products by BM25 that pass the filters; an empty text matches all of them (score 0).

    `step` says how many of the words must match: 0 most of them, 1 half, 2 any (see STEPS in lexical.py).
    """

    text: str
    filters: tuple[Filter, ...] = ()
    size: int = 100
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLeg:
    """The products that have the code as their id, GTIN, SKU or model number, spelt in whatever way; score 1."""

    code: str
    filters: tuple[Filter, ...] = ()
    size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorLeg:
    """The approximate `size` nearest products among those that pass the filters (filtered inside the search).

    With `photos` nearest by their photos alone: those of an index that has such rows.
    """

    row: Row
    filters: tuple[Filter, ...] = ()
    size: int = 100
    photos: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExactLeg:
    """The `size` nearest with a vector by exact cosine (script_score, knn_score): of `ids`, or where None of all that pass the filters.

    `photos` as in VectorLeg.
    """

    row: Row
    ids: tuple[str, ...] | None = None
    filters: tuple[Filter, ...] = ()
    size: int = 1000
    photos: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraLeg:
    """An expert's own query in the engine's language, within the filters; the twin in memory refuses it (StoreError)."""

    query: Mapping[str, object]
    filters: tuple[Filter, ...] = ()
    size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLeg:
    """The products of these ids that are live, in the order of their ids; score 0. With `rows` their vectors come too."""

    ids: tuple[str, ...]
    rows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainLeg:
    """The lexical leg again over these products alone, each with what every field adds to its score (`Found.fields`)."""

    text: str
    ids: tuple[str, ...]
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HybridLeg:
    """BM25 and nearest vectors blended by the server (neural-search) under weights of "lexical" and "vector", whatever their sum."""

    text: str
    row: Row
    weights: Mapping[str, float]
    filters: tuple[Filter, ...] = ()
    size: int = 100
    blend: Blend = "min_max"
    rrf_constant: int = 60
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LtrLeg:
    """These products with the score that a model gives them which is stored in the server (learning to rank), of whatever sign."""

    text: str
    ids: tuple[str, ...]
    model: str
    store: str = ""


Leg = LexicalLeg | CodeLeg | VectorLeg | ExactLeg | ExtraLeg | NamedLeg | ExplainLeg | HybridLeg | LtrLeg
