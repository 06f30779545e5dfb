"""What the words of a query name (a brand, a colour, a size), and the filters that may be offered for them. Changes no ranking."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from indexer.records import Filter

FIELDS: Mapping[str, str] = {"brand": "brand", "colour": "colour", "size": "size", "material": "material", "type": "type"}
"""What is named -> the field that is filtered by; an index with other attribute names gives its own."""

LEAST = 0.8
"""How sure an entity must be before it is offered."""


@dataclass(frozen=True, slots=True)
class Entity:
    """The characters [start, end) of a query name something: what (`label`), as it is written, and how sure that is, 0 to 1."""

    label: str
    text: str
    start: int
    end: int
    confidence: float


class EntityReader(Protocol):
    """Finds entities; `indexer.learn.tagger.Tagger` is one."""

    def entities(self, query: str) -> tuple[Entity, ...]:
        """The entities of a query, in order, none within another."""


def suggested_filters(
    entities: Iterable[Entity], *, known: Mapping[str, Sequence[str]], fields: Mapping[str, str] = FIELDS, least: float = LEAST
) -> tuple[Filter, ...]:
    """The filters that a page can offer beside an answer, one a field, in the entities' order.

    `known` has each field's values as the index spells them (its facets): only such a value is offered, in that spelling, so that no
    offered filter leaves nothing. Two entities of one field become alternatives.

    >>> suggested_filters([Entity("colour", "BLACK", 0, 5, 0.97)], known={"colour": ["Black", "White"]})
    (Filter(field='colour', op='eq', values=('Black',)),)
    """
    offered: dict[str, dict[str, None]] = {}
    for entity in entities:
        field = fields.get(entity.label, "")
        spelled = {_folded(value): value for value in reversed(known.get(field, ()))}
        value = spelled.get(_folded(entity.text))
        if value is not None and entity.confidence >= least:
            offered.setdefault(field, {})[value] = None
    return tuple(Filter(field, "eq", tuple(values)) for field, values in offered.items())


def _folded(text: str) -> str:
    """Without case, spaces and hyphens: "usb-c" and "USB C" are one value."""
    return "".join(one for one in text.casefold() if one.isalnum())
