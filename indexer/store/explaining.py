"""A lexical score in parts: what each field adds to it, read from the engine's explanation, or found out in the twin in memory."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from indexer.store.lexical import CJK, ENGLISH, ZH
from indexer.store.words import Asked, Reading, findable, readings

Explanation = Mapping[str, Any]

OTHER = "other"
"""Where a figure goes whose description names no field."""

_FIELDS = {"english": ENGLISH, "pairs": CJK, "zh": ZH}
_TIES = re.compile(r"max plus (\d+(?:\.\d+)?) times others of")
_FEATURE = re.compile(r"for the ([\w.]+) feature")
_FIELD = re.compile(r"(?:^|\()([A-Za-z_][\w.]*):")
_INNER = re.compile(r"\._(?:\d+gram|index_prefix)$")


def field_shares(explanation: Explanation) -> dict[str, float]:
    """What each field adds to the score, the largest first; together they are the score.

    Follows the sums and the best-of-several of the engine's tree down to its figures by field. A field's inner parts (pairs of words,
    beginnings) count to the field; popularity is one of the fields.
    """
    shares: dict[str, float] = {}
    for field, figure in _figures(explanation, 1.0):
        shares[field] = shares.get(field, 0.0) + figure
    return dict(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))


def twin_shares(query: Asked, source: Mapping[str, Any], *, step: int) -> dict[str, float]:
    """The same of the twin's score: the boosts of the best reading's terms, each under the field that has it."""
    best = max(readings(query, findable(source), step), key=lambda reading: reading.score)
    if best.score <= 0:
        return {}
    shares: dict[str, float] = {}
    for term in best.terms:
        if term in best.has:
            field = _field_with(term, best, source)
            shares[field] = shares.get(field, 0.0) + best.boost * best.has[term]
    return dict(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))) or {best.name: best.score}


def _field_with(term: str, reading: Reading, source: Mapping[str, Any]) -> str:
    # the first of the fields, which stand by falling boosts, that would find the term if the product had nothing else
    for field in _FIELDS[reading.name]:
        name = field.partition("^")[0]
        root = name.partition(".")[0]
        alone = findable({root: source[root]}) if root in source else None
        if alone and term in {"english": alone.english, "pairs": alone.cjk, "zh": alone.zh}[reading.name]:
            return name
    return OTHER


def _figures(node: Explanation, factor: float) -> Iterator[tuple[str, float]]:
    value, told, inner = float(node["value"]), str(node.get("description", "")), node.get("details") or ()
    if value == 0:  # filters, and words that add nothing
        return
    ties = _TIES.match(told)
    if inner and (ties or told.startswith("max of")):
        best = max(range(len(inner)), key=lambda at: float(inner[at]["value"]))
        others = float(ties[1]) if ties else 0.0
        for at, one in enumerate(inner):
            yield from _figures(one, factor if at == best else factor * others)
    elif inner and told.startswith("sum of"):
        for one in inner:
            yield from _figures(one, factor)
    elif factor:
        yield _field(told), value * factor


def _field(told: str) -> str:
    named = _FEATURE.search(told) or _FIELD.search(told)
    return _INNER.sub("", named[1]) if named else OTHER
