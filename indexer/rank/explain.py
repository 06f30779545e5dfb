"""A score in lines of words and numbers that add up: what each term gives to it, what each field gave to BM25, what is near."""

import math
from collections.abc import Iterator, Mapping

from indexer.rank.blend import Ranked
from indexer.rank.rerank import RERANKS
from indexer.rank.rules import RECENCY, RULES, SOLD_OUT
from indexer.records import Addend, Blend, Term

REST = 1e-5
"""What the fields may differ from BM25 without a line of its own: engines add up in float32."""

OTHER = "other clauses"
PARTLY = ", less than for products with most of the words"

_RAW = {
    "lexical": "words: BM25",
    "vector": "nearness: cosine",
    "photos": "nearness of the photos alone: cosine",
    "code": "the very code: score",
    "extra": "the extra query: score",
    **RERANKS,
}
_RULES = {SOLD_OUT: "sold out: put back by at most"}
_BY: Mapping[Blend, str] = {
    "min_max": "by where it lies between the weakest and the best",
    "z_score": "by how far it stands from the mean",
    "l2": "by its part in the length of all scores",
    "rrf": "by its rank",
}
_FIELDS = {
    "title": "title, by words",
    "title.exact": "title, as a whole",
    "title.prefix": "title, by beginnings of words",
    "brand.words": "brand, by words",
    "category_text": "category, by words",
    "attribute_text": "attributes, by words",
    "description": "description, by words",
    "zh_title": "title, by Chinese words",
    "zh_words": "other texts, by Chinese words",
    "codes": "codes",
    "gtin": "trade item number",
    "popularity": "popularity",
    "other": OTHER,
    # what the twin in memory calls the readings of a query that belong to no one field
    "english": "words",
    "pairs": "characters",
    "zh": "Chinese words",
    "exact": "title, as a whole",
    "prefix": "title, by beginnings of words",
}
_WAYS = {"cjk": "by characters", "exact": "as a whole", "prefix": "by beginnings of words", "words": "by words"}
_PARTS = {"text": "the text", "photo": "the photo"}


def explained(
    one: Ranked, *, blend: Blend, fields: Mapping[str, float], parts: Mapping[str, float], partly: bool = False
) -> tuple[Addend, ...]:
    """The lines: the score (depth 0), each term (depth 1), and under a term where it comes from (depth 2).

    The figures of depth 1 add up, in order, to the score. `fields` is what each field adds to the BM25 figure: those lines add up to
    it, the greatest first, a rest above REST in a line of its own; without fields there are none. `parts` are the cosines with each
    part of the query (text, photo, "like p17"), in their order: they do not add up to the cosine, which is of all parts together.
    `partly`: the product has only some of the words, so these weigh less.
    """
    lines = [Addend(0, "score, the sum of what follows", one.score)]
    for term in one.terms:
        lines.append(Addend(1, _told(term, blend) + (PARTLY if partly and term.name == "lexical" else ""), term.value))
        if term.name == "lexical":
            lines += _of_fields(fields, term.raw)
        elif term.name == "vector":
            lines += (Addend(2, f"cosine: {_PARTS.get(name, name)}", cosine) for name, cosine in parts.items())
    return tuple(lines)


def field_in_words(field: str) -> str:
    """An index field as a reader calls it.

    >>> field_in_words("title.cjk"), field_in_words("category_text"), field_in_words("summary.cjk")
    ('title, by characters', 'category, by words', 'summary, by characters')
    """
    if field in _FIELDS:
        return _FIELDS[field]
    root, *ways = field.split(".")
    way = ways[0] if ways else ""  # what is deeper in are the engine's own parts of it
    name = _FIELDS.get(root, root).partition(",")[0].replace("_", " ")
    return f"{name}, {_WAYS.get(way, way.replace('_', ' '))}" if way else name


def _told(term: Term, blend: Blend) -> str:
    if term.name == RECENCY:
        share = term.value / term.weight if term.weight else 0.0
        return f"newness: {term.raw:.0f} days give a share of {share:.2f} by their half-life, times weight {term.weight:.3g}"
    if term.name in RULES:
        return f"{_RULES.get(term.name, term.name.replace('_', ' ') + ': at most')} {term.weight:.3g}"
    raw = f"{_RAW.get(term.name, term.name.replace('_', ' ') + ': score')} {term.raw:.2f}"
    if not term.weight:
        return f"{raw} has no weight"
    by = _BY["min_max" if term.name in RERANKS else blend]
    return f"{raw} gives a share of {term.value / term.weight:.2f} {by}, times weight {term.weight:.3g}"


def _of_fields(fields: Mapping[str, float], whole: float) -> Iterator[Addend]:
    shares: dict[str, float] = {}
    for field, figure in fields.items():
        name = field_in_words(field)
        shares[name] = shares.get(name, 0.0) + figure
    named = sorted(((name, figure) for name, figure in shares.items() if figure and name != OTHER), key=lambda pair: (-pair[1], pair[0]))
    yield from (Addend(2, name, figure) for name, figure in named)
    rest = whole - math.fsum(figure for _, figure in named)
    if fields and abs(rest) > REST:
        yield Addend(2, OTHER, rest)
