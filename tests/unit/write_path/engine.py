"""One engine bound to one index's encoders, as `indexer.build` binds it; the rooms' own tests need no settings for it."""

from collections.abc import Sequence

from indexer.encode.base import Pixels
from indexer.encode.engine import Encoded, Engine
from indexer.encoders import Encoders


class BoundEngine:
    def __init__(self, engine: Engine, encoders: Encoders, *, batch: int = 4) -> None:
        self._engine = engine
        self._encoders = encoders
        self._batch = batch

    def texts(self, texts: Sequence[str]) -> Encoded:
        return self._engine.texts(self._encoders.text, texts, side="product", batch=self._batch)

    def photos(self, photos: Sequence[Pixels]) -> Encoded:
        if self._encoders.photo is None:
            return Encoded()
        return self._engine.photos(self._encoders.photo, photos, batch=self._batch)
