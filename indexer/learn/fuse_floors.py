"""Which cosines of a learned fusion mean something: measured on photos and words apart, and on photos and words that mean nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.fuse.base import PartRow
from indexer.fuse.learned import LearnedFusion
from indexer.learn.fuse_material import Material
from indexer.learn.nonsense import nonsense_photos, nonsense_texts
from indexer.learn.rows import RowTable
from indexer.vectors import Rows

LEAST = 20
"""With fewer queries apart, one of them would decide: nothing is measured."""

LOST = 5.0
"""Per cent of right products, and of queries that have an answer, that a floor may cost; and of nonsense that may pass."""

NONSENSE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """For one kind of query the least cosine that means anything, and what the nearest must reach where no word matches.

    `queries` were measured; `right` and `nearest` are the 5th percentile of the cosines to the right product and to the nearest one,
    `nonsense` the 95th of what nonsense finds nearest.
    """

    floor: float
    sure: float
    queries: int
    right: float
    nearest: float
    nonsense: float


def floors(fusion: LearnedFusion, material: Material, table: RowTable) -> dict[str, Floor]:
    """The floors of photos, and of words where others than titles are there to measure by; a kind with fewer than LEAST queries has none.

    floor: what 95 of 100 right products reach, 0 at least. sure: halfway between what 95 of 100 nonsense queries stay below and what the
    nearest product of 95 of 100 real ones reaches, or the latter where the two overlap; never below the floor. Words stay where the text
    encoder puts them and a picture only moves a product away from them, so their floors are never above that encoder's own, if it has any.
    """
    photos = material.photos[0][material.apart]
    owners = material.owner[material.apart]
    words = [place for place in material.asked_apart.tolist() if place not in {own[0] for own in material.asked_of if own}]
    made: dict[str, Floor] = {}
    products = _products(fusion, material)
    if len(photos) >= LEAST:
        strange = np.stack([table.photo.encode([pixels])[0] for pixels in nonsense_photos(NONSENSE, seed=0)])
        own = _without_themselves(fusion, material, photos, owners, products)
        made["photo"] = measured(_alone(fusion, "photo", photos) @ products.T, own, _alone(fusion, "photo", strange) @ products.T)
    if len(words) >= LEAST:
        odd = table.text.encode(nonsense_texts(NONSENSE, seed=0), side="query")
        cosines = material.asking[words] @ products.T
        own = cosines[np.arange(len(words)), material.asked_owner[words]].astype(np.float64)
        told = measured(cosines, own, odd @ products.T)
        made["text"] = _capped(told, table.text.floor, table.text.sure)
    return made


def measured(cosines: Rows, right: npt.NDArray[np.floating], strange: Rows) -> Floor:
    """The floor by the cosines of queries (queries, products), of each with its right product, and of nonsense (nonsense, products)."""
    near = np.maximum(cosines.max(axis=1), right)
    least, nearest = (float(np.percentile(one, LOST)) for one in (right, near))
    nonsense = float(np.percentile(strange.max(axis=1), 100 - LOST))
    floor = max(0.0, least)
    between = (nonsense + nearest) / 2 if nonsense < nearest else nearest
    return Floor(floor=floor, sure=max(floor, between), queries=len(right), right=least, nearest=nearest, nonsense=nonsense)


def pairs(told: Mapping[str, Floor]) -> dict[str, tuple[float, float]]:
    """As a checkpoint's spec has them, to four decimals."""
    return {kind: (round(one.floor, 4), round(one.sure, 4)) for kind, one in told.items()}


def _capped(told: Floor, floor: float, sure: float) -> Floor:
    if floor <= 0:
        return told
    least = min(told.floor, floor)
    rest = {"queries": told.queries, "right": told.right, "nearest": told.nearest, "nonsense": told.nonsense}
    return Floor(floor=least, sure=max(least, min(told.sure, sure)), **rest)  # type: ignore[arg-type]  # one whole number among them


def _products(fusion: LearnedFusion, material: Material) -> Rows:
    """The items' rows as they are served."""
    rows = [
        _fused(fusion, [PartRow("title", own), *([PartRow("photo", picture)] if there else [])])
        for own, picture, there in zip(material.own, material.pictures[0], material.pictured, strict=True)
    ]
    return np.stack(rows)


def _without_themselves(
    fusion: LearnedFusion, material: Material, photos: Rows, owners: npt.NDArray[np.int64], products: Rows
) -> npt.NDArray[np.float64]:
    """Each photo's cosine with its product; where it is that product's own picture, with the product's words alone.

    A shopper's photo is never the shop's, so that one would tell nothing.
    """
    placed = _alone(fusion, "photo", photos)
    cosines = np.empty(len(photos))
    for number, (row, owner) in enumerate(zip(placed, owners, strict=True)):
        itself = material.pictured[owner] and np.array_equal(photos[number], material.pictures[0][owner])
        cosines[number] = float(row @ (material.own[owner] if itself else products[owner]))
    return cosines


def _alone(fusion: LearnedFusion, kind: str, rows: Rows) -> Rows:
    return np.stack([_fused(fusion, [PartRow(kind, row)]) for row in rows])


def _fused(fusion: LearnedFusion, parts: Sequence[PartRow]) -> Rows:
    row = fusion.fuse(parts)
    return np.zeros(fusion.spec.width, dtype=np.float32) if row is None else row
