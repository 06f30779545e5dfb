"""Texts that say nearly the same: MinHash (Broder 1997) finds candidates, exact Jaccard similarity decides."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

LENGTH = 4
"""Characters of a shingle: words fall into a few, Chinese words into one or two."""
BANDS, ROWS = 20, 6
"""120 hashes: a pair of similarity s becomes a candidate with the chance 1 - (1 - s^6)^20, which is 0.998 at 0.8 and 0.27 at 0.5."""
CROWD = 100
"""In a band's bucket each text is compared with so many after it: thousands of equal texts still form one group."""

_LETTERS = re.compile(r"[^\W_]+")

Hashes = npt.NDArray[np.uint64]


def shingles(text: str) -> frozenset[str]:
    """The runs of LENGTH characters of the text's letters and digits, words parted by one space; a shorter text is one."""
    squeezed = " ".join(_LETTERS.findall(text.casefold()))
    return frozenset(squeezed[at : at + LENGTH] for at in range(max(1, len(squeezed) - LENGTH + 1))) if squeezed else frozenset()


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Shared over all; 0 where both are empty.

    >>> jaccard(frozenset("abc"), frozenset("bcd"))
    0.5
    """
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared) if shared else 0.0


def similar_texts(texts: Sequence[str], least: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of texts whose shingles' similarity is at least so much, the smaller place first, with the similarity; each once.

    Few are missed: see BANDS. Texts without a letter are left out.
    """
    sets = [shingles(text) for text in texts]
    seen: set[tuple[int, int]] = set()
    for left, right in _candidates(sets):
        if (left, right) not in seen:
            seen.add((left, right))
            similarity = jaccard(sets[left], sets[right])
            if similarity >= least:
                yield left, right, similarity


def _candidates(sets: Sequence[frozenset[str]]) -> Iterator[tuple[int, int]]:
    random = np.random.default_rng(7)
    factors, addends = (random.integers(1 << 63, size=BANDS * ROWS, dtype=np.uint64) for _ in range(2))
    factors |= np.uint64(1)
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for place, one in enumerate(sets):
        if one:
            signature = _signature(one, factors, addends)
            for band in range(BANDS):
                buckets[band, signature[band * ROWS : (band + 1) * ROWS].tobytes()].append(place)
    for members in buckets.values():
        for at, left in enumerate(members):
            yield from ((left, right) for right in members[at + 1 : at + 1 + CROWD])


def _signature(of: frozenset[str], factors: Hashes, addends: Hashes) -> Hashes:
    """The least of each hash over the shingles: 120 numbers. A hash is the upper half of h·a + b in 64 bits, a odd."""
    hashes = np.array(
        [int.from_bytes(blake2b(one.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") for one in of], np.uint64
    )
    lowest: Hashes = ((hashes[:, None] * factors + addends) >> np.uint64(32)).min(axis=0)
    return lowest
