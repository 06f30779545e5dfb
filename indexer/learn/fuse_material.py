"""Items as rows, ready to learn from: everything that an encoder gives, computed before the first step."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.errors import LearningError
from indexer.fuse.base import PartRow
from indexer.fuse.means import mean_row, part_weights
from indexer.learn.fuse_items import Item, Split, split
from indexer.learn.negatives import hard_negatives, same_items
from indexer.learn.rows import RowTable
from indexer.vectors import Row, Rows

TITLE_WEIGHT, DESCRIPTION_WEIGHT = 2.0, 1.0
ANCHORS = 256
HARD = 8
"""Hard negatives of an item."""

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """n items, p photos, q texts that ask.

    own       (n, text width)           title and description of each item as one row, as they are served
    asking    (q, text width)           words that ask for an item; `asked_of` names each item's, `asked_apart` those to measure by
    pictures  (views, n, photo width)   the items' own pictures, zeros where `pictured` is false
    photos    (views, p, photo width)   photos that show an item; `owner` says which
    learn, apart   numbers of the photos to learn from, and of those to measure by
    sources   each photo's path and digest; `digest` is a sha-256 over all texts and photos
    same      (n, n)   items that are no negatives of each other; `hard` names each item's hard negatives
    """

    own: Rows
    asking: Rows
    asked_of: tuple[tuple[int, ...], ...]
    asked_apart: Ints
    asked_owner: Ints
    pictures: npt.NDArray[np.float32]
    pictured: Flags
    photos: npt.NDArray[np.float32]
    owner: Ints
    learn: Ints
    apart: Ints
    learned_items: Ints
    sources: tuple[tuple[Path, str], ...]
    digest: str
    same: Flags
    hard: tuple[Ints, ...]

    def anchors(self) -> Rows:
        """Where the anchors begin: the rows of the items' words, or of ANCHORS items evenly taken from them."""
        every = self.learned_items
        chosen = every if len(every) <= ANCHORS else every[np.linspace(0, len(every) - 1, ANCHORS).astype(np.int64)]
        rows: Rows = np.stack([self.asking[list(self.asked_of[item])].mean(axis=0) for item in chosen])
        return rows

    def right_apart(self) -> Flags:
        """(texts to measure by, photos to measure by): true where the photo shows the text's item."""
        found: Flags = self.asked_owner[self.asked_apart][:, None] == self.owner[self.apart][None, :]
        return found


def prepare(
    items: Sequence[Item], table: RowTable, *, views: int, seed: int, on_done: Callable[[int], None] = lambda _done: None
) -> Material:
    """Encode all that is not known yet, and put a share of it apart (see `split`).

    Raises LearningError where there is too little: fewer than two items to learn from, or no photo to learn from or to measure by.
    """
    digests = table.digests(photo for item in items for photo in (*item.photos, *([item.picture] if item.picture else [])))
    parts = split(items, digests, seed=seed)
    learned_items = np.array([number for number, places in enumerate(parts.learn) if places], dtype=np.int64)
    if len(learned_items) < 2:
        raise LearningError(
            f"{len(learned_items)} of {len(items)} items have photos to learn from: at least two are needed.",
            cure="Give more products or classes with photos.",
        )
    every = [(photo, digests[photo]) for item in items for photo in item.photos]
    photos = np.stack([table.photos(every, number=number, on_done=on_done) for number in range(views)])
    learn, apart, owner = _places(parts)
    if not len(apart):
        raise LearningError("No photo is left to measure by.", cure="Give more products or classes with photos.")
    own = own_rows([(item.title, item.description) for item in items], table.texts)
    asked = [(number, text) for number, item in enumerate(items) for text in item.asking]
    asked_owner = np.array([number for number, _ in asked], dtype=np.int64)
    same = same_items(own, [item.kind for item in items])
    pictures, pictured = _pictures(items, table, digests, views)
    return Material(
        own=own,
        asking=table.texts([text for _, text in asked], side="query"),
        asked_of=tuple(tuple(np.flatnonzero(asked_owner == number).tolist()) for number in range(len(items))),
        asked_apart=np.flatnonzero(np.isin(asked_owner, owner[apart])),
        asked_owner=asked_owner,
        pictures=pictures,
        pictured=pictured,
        photos=photos,
        owner=owner,
        learn=learn,
        apart=apart,
        learned_items=learned_items,
        sources=tuple(every),
        digest=_digest(items, digests),
        same=same,
        hard=_hard(own, same, learned_items),
    )


def own_rows(texts: Sequence[tuple[str, str]], encode: Callable[[Sequence[str]], Rows]) -> Rows:
    """The row of each title and description together, (n, width), as `LearnedFusion` makes it of a product's parts.

    `encode` gives unit rows of texts of products; a description that is "" is no part.
    """
    shares = {"title": TITLE_WEIGHT, "description": DESCRIPTION_WEIGHT}
    titles = encode([title for title, _ in texts])
    told = [number for number, (_, description) in enumerate(texts) if description]
    descriptions = dict(zip(told, encode([texts[number][1] for number in told]), strict=True))
    rows: list[Row] = []
    for number, title in enumerate(titles):
        parts = [PartRow("title", title)]
        if number in descriptions:
            parts.append(PartRow("description", descriptions[number]))
        row = mean_row(parts, part_weights(parts, shares), width=titles.shape[1])
        rows.append(title if row is None else row)
    return np.stack(rows)


def _digest(items: Sequence[Item], digests: Mapping[Path, str]) -> str:
    state = hashlib.sha256()
    for item in sorted(items, key=lambda one: one.id):
        photos = [digests[photo] for photo in (*item.photos, *([item.picture] if item.picture else []))]
        state.update("\0".join((item.id, item.description, *item.asking, *sorted(photos))).encode() + b"\n")
    return state.hexdigest()


def _places(parts: Split) -> tuple[Ints, Ints, Ints]:
    """Numbers of the photos to learn from, of those apart, and each photo's item, over all photos in the items' order."""
    learn: list[int] = []
    apart: list[int] = []
    owner: list[int] = []
    for number, item in enumerate(parts.items):
        learn += [len(owner) + place for place in parts.learn[number]]
        apart += [len(owner) + place for place in parts.apart[number]]
        owner += [number] * len(item.photos)
    return np.array(learn, dtype=np.int64), np.array(apart, dtype=np.int64), np.array(owner, dtype=np.int64)


def _pictures(items: Sequence[Item], table: RowTable, digests: dict[Path, str], views: int) -> tuple[npt.NDArray[np.float32], Flags]:
    pictured = np.array([item.picture is not None for item in items])
    pictures = np.zeros((views, len(items), table.photo.spec.width), dtype=np.float32)
    there = [(item.picture, digests[item.picture]) for item in items if item.picture is not None]
    for number in range(views):
        if there:
            pictures[number, pictured] = table.photos(there, number=number)
    return pictures, pictured


def _hard(own: Rows, same: Flags, learned: Ints) -> tuple[Ints, ...]:
    """Hard negatives by number of item, for items that are learned from and among these only."""
    found = hard_negatives(own[learned], same[np.ix_(learned, learned)], count=HARD)
    hard = [np.zeros(0, dtype=np.int64)] * len(own)
    for number, others in zip(learned.tolist(), found, strict=True):
        hard[number] = learned[others]
    return tuple(hard)
