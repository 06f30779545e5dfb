"""What a learned ranking knows of a hit: a row of figures, the same in training and in search."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.records import Product, Term
from indexer.text.cleaning import DEFAULT, Cleaning

FEATURES = (
    "score",
    "place",
    "bm25",
    "lexical_share",
    "cosine",
    "vector_share",
    "both_legs",
    "title_covers_query",
    "query_covers_title",
    "title_begins",
    "title_words",
    "brand_in_query",
    "category_covers_query",
    "description_covers_query",
    "query_words",
    "log_price",
    "in_stock",
    "log_popularity",
    "photos",
    "attributes",
)
"""The figures in their order; a ranking that was learned from others is refused."""

ABSENT = math.nan
"""What stands for a figure that is not known: trees learn where to send it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A product of a ranking that may be put elsewhere: its place from 0, its score and the terms of it."""

    product: Product
    place: int
    score: float
    terms: Sequence[Term]


def feature_rows(query: str, candidates: Sequence[Candidate], *, cleaning: Cleaning = DEFAULT) -> npt.NDArray[np.float64]:
    """The candidates' figures, float64 of shape (n, len(FEATURES)), in order; NaN where one is not known.

    Words are compared as cleaning leaves them, without regard to case; Chinese texts by their characters.
    """
    asked = _words(cleaning.query(query))
    if not candidates:
        return np.empty((0, len(FEATURES)))
    return np.array([_row(asked, one, cleaning) for one in candidates], dtype=np.float64)


def _row(asked: frozenset[str], one: Candidate, cleaning: Cleaning) -> list[float]:
    product, terms = one.product, {term.name: term for term in one.terms}
    title = cleaning.title(product.title)
    words, brand = _words(title), _words(product.brand)
    first = next(iter(_ordered(title)), "")
    told: Mapping[str, float] = {
        "score": one.score,
        "place": float(one.place),
        "bm25": _raw(terms.get("lexical")),
        "lexical_share": _share(terms.get("lexical")),
        "cosine": _raw(terms.get("vector")),
        "vector_share": _share(terms.get("vector")),
        "both_legs": float("lexical" in terms and "vector" in terms),
        "title_covers_query": _covered(asked, words),
        "query_covers_title": _covered(words, asked),
        "title_begins": float(first in asked),
        "title_words": float(len(words)),
        "brand_in_query": float(bool(brand) and brand <= asked),
        "category_covers_query": _covered(asked, _words(" ".join(product.category))),
        "description_covers_query": _covered(asked, _words(product.description)),
        "query_words": float(len(asked)),
        "log_price": ABSENT if product.price is None else math.log1p(max(0, product.price.minor)),
        "in_stock": ABSENT if product.stock is None else float(product.stock > 0),
        "log_popularity": ABSENT if product.popularity is None else math.log1p(max(0.0, product.popularity)),
        "photos": float(len(product.photos)),
        "attributes": float(len(product.attributes)),
    }
    return [told[name] for name in FEATURES]


def _raw(term: Term | None) -> float:
    return ABSENT if term is None else term.raw


def _share(term: Term | None) -> float:
    return ABSENT if term is None or not term.weight else term.value / term.weight


def _covered(wanted: frozenset[str], there: frozenset[str]) -> float:
    return len(wanted & there) / len(wanted) if wanted else ABSENT


def _words(text: str) -> frozenset[str]:
    return frozenset(_ordered(text))


def _ordered(text: str) -> list[str]:
    """Runs of letters and digits in lower case, each Chinese character by itself."""
    words: list[str] = []
    run = ""
    for letter in text.casefold():
        alone = "\u3400" <= letter <= "\u9fff"
        if letter.isalnum() and not alone:
            run += letter
            continue
        if run:
            words.append(run)
            run = ""
        if alone:
            words.append(letter)
    return [*words, run] if run else words
