"""Listings and clouds of rows for the tests of this folder."""

import numpy as np

from indexer.learn.listings import Listing
from indexer.records import Money, Value
from indexer.vectors import Rows, unit_rows


def listing(id_: str, title: str = "", *, kind: str = "", cents: int | None = None, **attributes: Value) -> Listing:
    price = None if cents is None else Money(cents, "USD")
    return Listing(id=id_, title=title or f"thing {id_}", kind=kind, price=price, attributes=attributes)


def clouds(sizes: dict[str, int], *, width: int = 16, spread: float = 0.15, seed: int = 1) -> tuple[list[str], Rows]:
    """So many rows around a centre of its own for each kind: the kinds in order, and the unit rows."""
    random = np.random.default_rng(seed)
    kinds, rows = [], []
    for kind, size in sizes.items():
        centre = random.normal(size=width)
        centre /= np.linalg.norm(centre)
        kinds += [kind] * size
        rows.append(centre + random.normal(scale=spread, size=(size, width)))
    return kinds, unit_rows(np.concatenate(rows), width=width)
