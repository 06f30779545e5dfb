"""Listings under a wrong kind, found as in confident learning (Northcutt, Jiang and Chuang 2021, arXiv:1911.00068), over neighbours."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from indexer.learn.findings import Finding
from indexer.learn.neighbours import Near, Places

LEAST = 3
"""Members of a kind; one with fewer has no neighbours of its own, so nothing can be said of it."""
SHOWN = 5


def mislabelled(ids: Sequence[str], kinds: Sequence[str], near: Near) -> Iterator[Finding]:
    """Findings for listings whose neighbours speak for another kind, with the share by which it leads.

    p(kind) is the share of a listing's neighbours that are of the kind, each weighted by its cosine. Each kind's threshold is the mean p
    of it over those said to be of it: a kind that is muddled as a whole accuses fewer. A listing is found where another kind reaches
    its threshold and leads over the one given. Listings without a kind, and kinds of fewer than LEAST, take no part; the members
    of a small kind ask no more than twice as many neighbours as it has others, so that it can win at all.
    """
    counts = Counter(filter(None, kinds))
    names = sorted(name for name, count in counts.items() if count >= LEAST)
    if len(names) < 2:
        return
    number = {name: place for place, name in enumerate(names)}
    given = np.array([number.get(kind, -1) for kind in kinds])
    sizes = np.array([counts[name] for name in names])
    shares = _shares(given, near, heard=np.where(given >= 0, 2 * (sizes[given] - 1), 0), kinds=len(names))
    own = shares[np.arange(len(given)), given]
    thresholds = np.array([own[given == kind].mean() for kind in range(len(names))])
    confident = np.where(shares >= thresholds, shares, -1.0)
    confident[np.arange(len(given)), given] = -1.0
    rival = confident.argmax(axis=1)
    leads = confident[np.arange(len(given)), rival] - own
    for place in np.flatnonzero((given >= 0) & (leads > 0)).tolist():
        other = names[rival[place]]
        witnesses = [ids[at] for at in near.places[place].tolist() if given[at] == rival[place]][:SHOWN]
        evidence = {
            "kind": kinds[place],
            "likelier": other,
            "share_of_kind": float(own[place]),
            "share_of_likelier": float(own[place] + leads[place]),
            "neighbours": witnesses,
        }
        reason = f"said to be {kinds[place]}, its neighbours are {other}"
        yield Finding(check="mislabelled", id=ids[place], score=float(leads[place]), reason=reason, evidence=evidence)


def _shares(given: Places, near: Near, *, heard: Places, kinds: int) -> "np.typing.NDArray[np.float64]":
    """p(kind) for each listing (n, kinds); neighbours without a kind have no voice, and only the first `heard` (n,) are asked."""
    shares = np.zeros((len(given), kinds))
    here = np.arange(len(given))
    for column in range(near.places.shape[1]):
        voices = given[near.places[:, column]]
        weight = np.where((voices >= 0) & (column < heard), np.maximum(near.cosines[:, column], 0), 0)
        np.add.at(shares, (here, np.maximum(voices, 0)), weight)
    total = shares.sum(axis=1, keepdims=True)
    return shares / np.where(total > 0, total, 1)
