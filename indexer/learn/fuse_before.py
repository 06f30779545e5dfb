"""What a learned fusion replaces, measured as it is: photos brought into the text space through a classifier's labels, a weighted mean."""

from collections.abc import Mapping, Sequence

import numpy as np

from indexer.fuse.base import PartRow
from indexer.fuse.weighted import WeightedFusion
from indexer.learn.fuse_items import Item
from indexer.learn.fuse_material import Material
from indexer.learn.fuse_measures import measures, precisions, ranks
from indexer.learn.rows import RowTable
from indexer.vectors import Rows

WEIGHTS = {"title": 0.5, "photo": 0.5}
"""The default fusion's shares of text and photo."""


def before(items: Sequence[Item], material: Material, bridge: RowTable) -> Mapping[str, float]:
    """The measures of the bridge and the weighted mean on the same photos and words apart; `bridge` encodes photos by labels."""
    photos = bridge.photos([material.sources[place] for place in material.apart.tolist()])
    found = ranks(photos, weighted_rows(items, material.own, bridge), material.owner[material.apart])
    return measures(found, precisions(material.asking[material.asked_apart], photos, material.right_apart()))


def weighted_rows(items: Sequence[Item], own: Rows, bridge: RowTable) -> Rows:
    """The items' rows by the weighted mean of their words and, where they have one, their picture."""
    fusion = WeightedFusion(width=own.shape[1], **WEIGHTS)
    pictured = [number for number, item in enumerate(items) if item.picture is not None]
    pictures = [items[number].picture for number in pictured]
    digests = bridge.digests(picture for picture in pictures if picture is not None)
    rows = bridge.photos([(picture, digests[picture]) for picture in pictures if picture is not None])
    seen = dict(zip(pictured, rows, strict=True))
    made: list[Rows] = []
    for number, text in enumerate(own):
        parts = [PartRow("title", text), *([PartRow("photo", seen[number])] if number in seen else [])]
        row = fusion.fuse(parts)
        made.append(text if row is None else row)
    return np.stack(made)
