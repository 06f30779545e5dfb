"""Listings of the same thing under two ids: by GTIN, by nearly equal titles, by nearly equal vectors; variants told apart."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from indexer.learn.findings import Finding
from indexer.learn.listings import Listing
from indexer.learn.neighbours import pairs_above
from indexer.learn.photo_hash import near_hashes
from indexer.learn.shingles import jaccard, shingles, similar_texts
from indexer.money import shown
from indexer.vectors import Rows

TEXT = 0.8
"""Titles at least so similar are looked at: one typo in a title of forty letters leaves about 0.83."""
TYPO = 0.7
"""Two words so alike (difflib's ratio) are one word and its typo; less alike they are two words, as black and blue."""
VECTOR = 0.97
"""And vectors so near: the same words in another order or language."""
PHOTO_BITS = 3
"""Bits of 64 in which the hashes of one photo may differ after resizing and recompression."""
UNLIKE = 0.3
"""Titles less similar than this say something else: then one photo for both is a mistake, or a placeholder."""

_WITH_DIGITS = re.compile(r"\w*\d[\w.,/-]*")
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two places, how similar they are, and by what."""

    left: int
    right: int
    similarity: float
    by: str


def duplicates(listings: Sequence[Listing], rows: Rows | None) -> Iterator[Finding]:
    """One finding for the later listing of each pair that is the same thing, its most similar partner named.

    Variants are no duplicates: listings of one group, with other figures or codes in their titles (64GB, 128GB), or with another
    value of an attribute that both have. `rows` are the listings' unit rows, if there are any.
    """
    best: dict[int, _Pair] = {}
    for pair in _pairs(listings, rows):
        known = best.get(pair.right)
        if known is None or pair.similarity > known.similarity:
            best[pair.right] = pair
    for place, pair in best.items():
        this, other = listings[place], listings[pair.left]
        reason = f"{pair.by} {'as' if pair.by == 'the same GTIN' else 'near'} {other.id}"
        evidence = {"other": other.id, "title": this.title, "other_title": other.title, "by": pair.by}
        if this.price and other.price:
            evidence |= {"price": shown(this.price), "other_price": shown(other.price)}
        yield Finding(check="duplicate", id=this.id, score=pair.similarity, reason=reason, evidence=evidence)


def same_photos(listings: Sequence[Listing], hashes: Mapping[int, int]) -> Iterator[Finding]:
    """One finding for each listing whose photo is that of an earlier one with an unlike title; `hashes` by place."""
    places = list(hashes)
    found: set[int] = set()
    for left, right, bits in near_hashes(list(hashes.values()), most=PHOTO_BITS):
        this, other = listings[places[right]], listings[places[left]]
        if right in found or left in found or (this.group and this.group == other.group):
            continue
        similarity = jaccard(shingles(this.title), shingles(other.title))
        if similarity < UNLIKE:
            found.add(right)
            evidence = {"other": other.id, "title": this.title, "other_title": other.title, "bits": bits, "title_similarity": similarity}
            yield Finding(
                check="same photo", id=this.id, score=1 - similarity, reason=f"the photo of {other.id}, another title", evidence=evidence
            )


def _pairs(listings: Sequence[Listing], rows: Rows | None) -> Iterator[_Pair]:
    by_gtin: dict[str, int] = {}
    for place, one in enumerate(listings):
        if one.gtin:
            first = by_gtin.setdefault(one.gtin, place)
            if first != place and not _grouped(listings[first], one):
                yield _Pair(first, place, 1.0, "the same GTIN")
    candidates = (_Pair(*pair, "titles") for pair in similar_texts([one.title for one in listings], TEXT))
    vectors = (
        _Pair(left, right, min(1.0, round(near, 5)), "vectors")
        for left, right, near in (pairs_above(rows, VECTOR) if rows is not None else ())
    )
    figures: dict[int, frozenset[str]] = defaultdict(frozenset)
    for pair in (*candidates, *vectors):
        left, right = listings[pair.left], listings[pair.right]
        for place in (pair.left, pair.right):
            if place not in figures:
                figures[place] = frozenset(_WITH_DIGITS.findall(listings[place].title.casefold()))
        if figures[pair.left] == figures[pair.right] and not _variants(left, right):
            yield pair


def _variants(left: Listing, right: Listing) -> bool:
    """Whether two alike listings differ on purpose: one group, or another value of an attribute that both state, or of a word of both."""
    if _grouped(left, right):
        return True
    shared = left.attributes.keys() & right.attributes.keys()
    if any(str(left.attributes[name]).casefold() != str(right.attributes[name]).casefold() for name in shared):
        return True
    # "Case black" and "Case blue": one word stands where another did. Words that only one has, as a shop's name, are no variant.
    ours, theirs = (set(_WORDS.findall(one.title.casefold())) for one in (left, right))
    return len(ours - theirs) == 1 == len(theirs - ours) and not _one_word(*(ours - theirs), *(theirs - ours))


def _one_word(left: str, right: str) -> bool:
    return SequenceMatcher(None, left, right).ratio() >= TYPO


def _grouped(left: Listing, right: Listing) -> bool:
    return bool(left.group) and left.group == right.group
