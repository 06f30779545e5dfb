"""Part rows of one pass: from the cache, or from the models, which run once for each distinct input."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from indexer import text
from indexer.encode.base import Pixels
from indexer.encode.engine import Encoded
from indexer.encoders import Encoders
from indexer.errors import IndexerError, ZeroRow
from indexer.ledger.base import PartRef, VectorCache
from indexer.vectors import Row
from indexer.work.pictures import Places

Key = tuple[str, str]
"""The digest of a cleaned input and the digest of the spec that encodes it."""

Input = TypeVar("Input", str, Pixels)


class ProductEngine(Protocol):
    """What runs one index's encoders: an input that can't be encoded costs the others nothing."""

    def texts(self, texts: Sequence[str]) -> Encoded:
        """Rows for products' texts. Raises ModelError classes where the model is to blame."""

    def photos(self, photos: Sequence[Pixels]) -> Encoded:
        """Rows for decoded photos; the same."""


class PartRows:
    """The rows of all parts that one pass needs. For one thread.

    Decoded photos hold a place each, which is given back once their rows are here. `texts` and `photos` count model runs,
    `cached` the distinct parts that the cache had.
    """

    def __init__(self, cache: VectorCache, encoders: Encoders, engine: ProductEngine, *, batch: int, places: Places) -> None:
        """Know nothing yet; as soon as `batch` decoded photos wait, they are encoded."""
        self.texts = self.photos = self.cached = 0
        self._cache = cache
        self._takes_photos = encoders.photo is not None
        self._text_spec = encoders.text.spec.digest
        self._photo_spec = encoders.photo.spec.digest if encoders.photo else "none"
        self._engine = engine
        self._batch = batch
        self._places = places
        self._rows: dict[Key, Row | None] = {}
        self._failed: dict[Key, IndexerError] = {}
        self._waiting_texts: dict[Key, str] = {}
        self._waiting_photos: dict[Key, Pixels] = {}

    @property
    def takes_photos(self) -> bool:
        """Whether photos are encoded at all."""
        return self._takes_photos

    def recall(self, parts: Sequence[PartRef]) -> None:
        """Ask the cache for parts whose inputs are not at hand."""
        self._recall({self.key(part) for part in parts} - self._rows.keys())

    def knows(self, part: PartRef) -> bool:
        """Whether the part's row is at hand (or known to have no direction)."""
        return self.key(part) in self._rows

    def text(self, kind: str, cleaned: str) -> PartRef:
        """The part that this cleaned text is; its row comes with `run`."""
        part = PartRef(kind, text.digest(cleaned))
        self._waiting_texts.setdefault(self.key(part), cleaned)
        return part

    def photo(self, pixels: Pixels, *, digest: str) -> PartRef:
        """The part that these pixels are; its row comes with `run`, or before it when enough photos wait. Takes over their place."""
        part = PartRef("photo", digest)
        key = self.key(part)
        if key in self._waiting_photos or key in self._rows or key in self._failed:
            self._places.give()
        else:
            self._waiting_photos[key] = pixels
        if len(self._waiting_photos) >= self._batch:
            self.run_photos()
        return part

    def run(self) -> None:
        """Bring the rows of all parts. Raises ModelError classes where a model fails on whatever it is given."""
        self._run_texts()
        self.run_photos()

    def row(self, part: PartRef) -> Row | None:
        """The part's unit row, or None where it has no direction. Raises the error that its encoding ended with."""
        key = self.key(part)
        if key in self._failed:
            raise self._failed[key]
        return self._rows[key]

    def key(self, part: PartRef) -> Key:
        """The part's name in the cache: the same input under another model is another row."""
        return part.digest, self._photo_spec if part.kind == "photo" else self._text_spec

    def _run_texts(self) -> None:
        missing = self._missing(self._waiting_texts)
        self.texts += len(missing)
        self._keep(missing, self._engine.texts)

    def run_photos(self) -> None:
        """Bring the rows of the photos that wait, and let go of their pixels. Raises as `run`."""
        held = len(self._waiting_photos)
        missing = self._missing(self._waiting_photos)
        self.photos += len(missing)
        self._keep(missing, self._engine.photos)
        self._places.give(held)

    def _missing(self, waiting: dict[Key, Input]) -> dict[Key, Input]:
        self._recall(waiting.keys() - self._rows.keys() - self._failed.keys())
        missing = {key: waiting[key] for key in waiting if key not in self._rows and key not in self._failed}
        waiting.clear()
        return missing

    def _recall(self, keys: set[Key]) -> None:
        found: Mapping[Key, Row] = self._cache.get(sorted(keys)) if keys else {}
        self._rows.update(found)
        self.cached += len(found)

    def _keep(self, inputs: dict[Key, Input], encode: Callable[[Sequence[Input]], Encoded]) -> None:
        if not inputs:
            return
        keys = list(inputs)
        encoded = encode(list(inputs.values()))
        new = {keys[position]: row for position, row in encoded.rows.items()}
        for position, error in encoded.failed.items():
            if isinstance(error, ZeroRow):
                # Nothing to point at, as in a text of punctuation: the product goes on without this part.
                self._rows[keys[position]] = None
            else:
                self._failed[keys[position]] = error
        self._rows.update(new)
        if new:
            self._cache.put(new)
