"""The checks of a catalogue, one after the other: what can be told of its listings by their texts, photos, prices and kinds."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import numpy as np

from indexer.batches import batches
from indexer.encode.base import Pixels
from indexer.encode.engine import Engine
from indexer.encoders import Encoders
from indexer.errors import UnusablePhoto
from indexer.fuse.base import PartRow
from indexer.learn.duplicates import duplicates, same_photos
from indexer.learn.findings import Checked, Finding, ordered
from indexer.learn.listings import Listing
from indexer.learn.mislabelled import LEAST, mislabelled
from indexer.learn.neighbours import nearest
from indexer.learn.outliers import odd_photos, odd_prices
from indexer.learn.photo_hash import photo_hash
from indexer.photos import decode, read
from indexer.settings import FeedSettings
from indexer.vectors import Row, Rows

NEIGHBOURS = 20
"""On photos of clothes with a twentieth of the labels flipped, 0.98 of the first twenty found are flipped ones (0.90 with 10)."""
AT_ONCE = 64
"""Titles and photos taken together; so many decoded photos are in memory (3 MiB each at most)."""

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how many of it are, and how many there will be."""


def _silent(_what: str, _done: int, _all: int) -> None: ...


class Seen:
    """What the encoders see of each listing: its row (title and photo fused), its photo's row, and its photo's hash."""

    def __init__(self, encoders: Encoders, settings: FeedSettings, *, progress: Progress = _silent) -> None:
        """See nothing yet."""
        self.photos: dict[int, Row] = {}
        self.hashes: dict[int, int] = {}
        self.unusable: dict[str, str] = {}
        self._encoders = encoders
        self._settings = settings
        self._progress = progress

    def rows(self, listings: Sequence[Listing]) -> Rows:
        """A unit row for each listing (n, width), in order; zeros for one that nothing is seen of. Raises ModelError."""
        titles = self._titles(listings)
        self._look(listings)
        rows = np.zeros((len(listings), self._encoders.fusion.spec.width), dtype=np.float32)
        for place in range(len(listings)):
            parts = [
                PartRow(kind, row) for kind, row in (("title", titles.get(place)), ("photo", self.photos.get(place))) if row is not None
            ]
            fused = self._encoders.fuse(parts) if parts else None
            if fused is not None:
                rows[place] = fused
        return rows

    def _titles(self, listings: Sequence[Listing]) -> dict[int, Row]:
        known: dict[str, Row] = {}
        titles = sorted({one.title for one in listings if one.title}, key=lambda title: (len(title), title))
        with closing(Engine()) as engine:
            for number, some in enumerate(batches(titles, size=AT_ONCE)):
                self._progress("titles", number * AT_ONCE, len(titles))
                found = engine.texts(self._encoders.text, some, side="product")  # a title of marks alone fails, and has no row
                known.update({some[place]: row for place, row in found.rows.items()})
        return {place: known[one.title] for place, one in enumerate(listings) if one.title in known}

    def _look(self, listings: Sequence[Listing]) -> None:
        wanted = [place for place, one in enumerate(listings) if one.photo]
        for number, some in enumerate(batches(wanted, size=AT_ONCE)):
            self._progress("photos", number * AT_ONCE, len(wanted))
            pixels = {place: found for place in some if (found := self._pixels(listings[place].photo)) is not None}
            self.hashes |= {place: hashed for place, one in pixels.items() if (hashed := photo_hash(one)) is not None}
            if pixels and self._encoders.photo is not None:
                self.photos.update(zip(pixels, self._encoders.photo.encode(list(pixels.values())), strict=True))

    def _pixels(self, source: str) -> Pixels | None:
        try:
            return decode(read(source, limit_bytes=self._settings.photo_bytes), pixels=self._settings.photo_pixels)
        except FileNotFoundError:
            self.unusable[source] = "missing"
        except UnusablePhoto as error:
            self.unusable[source] = error.message
        return None


def check(listings: Sequence[Listing], seen: Seen, *, kind_field: str = "") -> Checked:
    """Run every check that the listings allow. Raises ModelError where the encoders do."""
    rows = seen.rows(listings)
    near = nearest(rows, k=NEIGHBOURS)
    kinds = [one.kind for one in listings]
    found: list[Finding] = [
        *duplicates(listings, rows if rows.any() else None),
        *mislabelled([one.id for one in listings], kinds, near),
        *odd_prices(listings, near),
        *same_photos(listings, seen.hashes),
    ]
    if seen.photos:
        found += odd_photos(listings, np.array(list(seen.photos.values())), list(seen.photos))
    counts = Counter(filter(None, kinds))
    left_out = _left_out(listings, seen, counts)
    return Checked(
        listings=len(listings),
        kind_field=kind_field,
        kinds=len(counts),
        findings=ordered(found),
        left_out=left_out,
        unusable=seen.unusable,
    )


def _left_out(listings: Sequence[Listing], seen: Seen, counts: Mapping[str, int]) -> dict[str, str]:
    told: dict[str, str] = {}
    if sum(count >= LEAST for count in counts.values()) < 2:
        told["mislabelled"] = f"fewer than two kinds have {LEAST} listings; name the field that tells the kind with --kind"
    if not any(one.price for one in listings):
        told["price"] = "no listing has a price"
    if not seen.photos:
        told["photo"] = "no photo on this disk is encoded: addresses are not fetched here"
    if not seen.hashes:
        told["same photo"] = "there is no photo on this disk"
    return told
