"""Products of one family stay together: a test title is of a family that training never saw."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from indexer.learn.tag_labels import Example
from indexer.learn.tag_words import Word, key_of, plain

_LEAST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Parts:
    """Examples to learn from, to choose an epoch by, and to report on; no family in two of them."""

    train: Sequence[Example]
    dev: Sequence[Example]
    test: Sequence[Example]


def family(words: Sequence[Word], *, brand: str, group: str = "") -> str:
    """A product's family: the catalogue's own group, or its brand and the first word of the title that tells it from other brands'.

    That word has three letters or more, no figure, and is not the brand: "HP Pavilion dv7 Notebook" is of the family "hp pavilion".
    """
    if group:
        return f"group {group}"
    for word in words:
        if len(word.text) >= _LEAST_LETTERS and word.text.isalpha() and plain(word.text) not in brand.split():
            return f"{brand} {plain(word.text)}".strip()
    return " ".join((brand, *key_of(words)))


def family_of(example: Example, *, group: str = "") -> str:
    """The family of a labelled title."""
    return family(example.words, brand=example.values.get("brand", ""), group=group)


def with_families(examples: Iterable[Example], groups: Mapping[str, str]) -> list[Example]:
    """The examples with their families; `groups` gives the catalogue's own group by product id."""
    return [replace(one, family=family_of(one, group=groups.get(one.id, ""))) for one in examples]


def split(examples: Iterable[Example], *, seed: int = 0, dev: float = 0.1, test: float = 0.2) -> Parts:
    """The examples in three parts by a hash of family and seed: shares are of families, and hold roughly.

    A title that was seen (the same words under another family) is left out of the later part, so nothing is asked that was taught.
    """
    parts: tuple[list[Example], list[Example], list[Example]] = ([], [], [])
    for one in examples:
        place = _place(one.family, seed)
        parts[2 if place < test else 1 if place < test + dev else 0].append(one)
    seen = {key_of(one.words) for one in parts[0]}
    fresh = [one for one in parts[1] if key_of(one.words) not in seen]
    seen |= {key_of(one.words) for one in fresh}
    return Parts(parts[0], fresh, [one for one in parts[2] if key_of(one.words) not in seen])


def _place(family: str, seed: int) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed} {family}".encode()).digest()[:8], "big") / 2**64
