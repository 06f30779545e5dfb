"""Listings far from their kind: prices by robust deviations of their logarithm, photos by their cosine to the kind's centre."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from indexer.learn.findings import Finding
from indexer.learn.listings import Listing
from indexer.learn.neighbours import Near
from indexer.vectors import Rows

FAR = 3.5
"""Robust deviations from which on a value is called an outlier (Iglewicz and Hoaglin 1993)."""
TO_SIGMA = 1.4826
"""The median of absolute deviations times this is the standard deviation, were the values normal."""
FACTOR = 3.0
"""A price less than three times its neighbours' (or more than a third) is no finding, however alike those are."""
LEAST = 5
"""Priced neighbours, and members of a kind, that a judgement needs."""
NEAR = 0.5
"""Neighbours with a lower cosine are other things, and their price says nothing."""

Floats = npt.NDArray[np.float64]


def odd_prices(listings: Sequence[Listing], near: Near) -> Iterator[Finding]:
    """Findings for prices far from those of the nearest neighbours in the same currency, or of the kind where these are too few.

    z = (log price - median) / max(1.4826 · MAD, the spread that is usual), so that a few neighbours of one price accuse nobody.
    """
    logs = _log_prices(listings)
    kinds: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, one in enumerate(listings):
        if one.kind and one.price:
            kinds[one.kind, one.price.currency].append(place)
    peers = [_peers(listings, near, place, logs) for place in range(len(listings))]
    spreads = [_spread(logs[group]) for group in peers if len(group) >= LEAST]
    usual = float(np.median(spreads)) if spreads else 0.0
    for place, one in enumerate(listings):
        if one.price is None or math.isnan(logs[place]):
            continue
        group, whose = peers[place], "its nearest neighbours"
        if len(group) < LEAST and one.kind:
            group, whose = [at for at in kinds[one.kind, one.price.currency] if at != place], f"others of kind {one.kind}"
        if len(group) >= LEAST:
            yield from _odd_price(one, float(logs[place]), logs[group], usual=usual, whose=whose)


def odd_photos(listings: Sequence[Listing], rows: Rows, places: Sequence[int]) -> Iterator[Finding]:
    """Findings for photos far from their kind's centre (the mean of its other photos); `rows` (n, width) are those of `places`."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for at, place in enumerate(places):
        if listings[place].kind:
            kinds[listings[place].kind].append(at)
    for kind, members in kinds.items():
        if len(members) <= LEAST:
            continue
        own = rows[members].astype(np.float64)
        centres = own.sum(axis=0) - own
        cosines = np.vecdot(own, centres) / np.maximum(np.linalg.norm(centres, axis=1), 1e-12)
        middle, spread = float(np.median(cosines)), max(_spread(cosines), 1e-6)
        for at, found in zip(members, cosines, strict=True):
            off = (middle - found) / spread
            if off >= FAR:
                one = listings[places[at]]
                evidence = {
                    "kind": kind,
                    "cosine": float(found),
                    "median_of_kind": middle,
                    "photo": one.photo,
                    "photos_of_kind": len(members),
                }
                yield Finding(check="photo", id=one.id, score=float(off), reason=f"its photo looks unlike {kind}", evidence=evidence)


def _odd_price(one: Listing, log: float, group: Floats, *, usual: float, whose: str) -> Iterator[Finding]:
    middle = float(np.median(group))
    off = (log - middle) / max(_spread(group), usual, 1e-3)
    factor = math.exp(abs(log - middle))
    if abs(off) < FAR or factor < FACTOR or one.price is None:
        return
    side = "above" if off > 0 else "below"
    evidence = {
        "price_minor": one.price.minor,
        "median_minor": round(math.exp(middle)),
        "currency": one.price.currency,
        "factor": factor,
        "z": off,
        "compared_with": len(group),
        "title": one.title,
    }
    reason = f"{factor:.1f} times {side} the median of {whose}"
    yield Finding(check="price", id=one.id, score=abs(off), reason=reason, evidence=evidence)


def _peers(listings: Sequence[Listing], near: Near, place: int, logs: Floats) -> list[int]:
    price = listings[place].price
    if price is None:
        return []
    return [
        int(at)
        for at, cosine in zip(near.places[place], near.cosines[place], strict=True)
        if cosine >= NEAR and not math.isnan(logs[at]) and (other := listings[at].price) and other.currency == price.currency
    ]


def _log_prices(listings: Sequence[Listing]) -> Floats:
    return np.array([math.log(one.price.minor) if one.price and one.price.minor > 0 else math.nan for one in listings])


def _spread(values: Floats) -> float:
    return TO_SIGMA * float(np.median(np.abs(values - np.median(values))))
