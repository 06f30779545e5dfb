"""The write path, joined."""

from collections.abc import Sequence

from pydantic import SecretStr

from indexer.build.places import build_encoders, endpoints
from indexer.encode.base import Pixels
from indexer.encode.engine import Encoded, Engine
from indexer.encoders import Encoders
from indexer.ledger.open import open_ledger
from indexer.ledger.vectors import open_vectors
from indexer.observe import RunObserver
from indexer.publish.celery import CeleryPublisher
from indexer.settings import Settings
from indexer.store.opensearch import OpenSearchStore
from indexer.work.documents import Makers, Workshop
from indexer.write_path import Indexer


def build_indexer(settings: Settings, *, observer: RunObserver | None = None) -> Indexer:
    """The write path; it opens the ledger now, and makes store and encoders when work needs them."""
    places = endpoints(settings)
    watcher = observer or RunObserver()
    makers = Makers(
        store=lambda: OpenSearchStore(SecretStr(places.opensearch_url), settings.index, bulk_bytes=settings.work.bulk_bytes),
        cache=lambda: open_vectors(places.vectors_url),
        encoders=lambda: build_encoders(settings),
        engine=lambda encoders: ProductEngine(encoders, batch=settings.encode.batch, observer=watcher),
    )
    ledger = open_ledger(places.ledger_url, future_s=settings.feed.future_s)
    publisher = CeleryPublisher(places.broker_url, message_bytes=settings.feed.message_bytes)
    return Indexer(ledger, publisher, Workshop(makers), settings, observer=watcher)


class ProductEngine:
    """One engine bound to one index's encoders, as the write path asks for it."""

    def __init__(self, encoders: Encoders, *, batch: int, observer: RunObserver) -> None:
        """Run the encoders in batches of at most `batch`; the observer hears of each."""
        self._encoders = encoders
        self._batch = batch
        self._engine = Engine(observer)

    def texts(self, texts: Sequence[str]) -> Encoded:
        """Rows for products' texts."""
        return self._engine.texts(self._encoders.text, texts, side="product", batch=self._batch)

    def photos(self, photos: Sequence[Pixels]) -> Encoded:
        """Rows for decoded photos; none may be asked for where there is no photo encoder."""
        if self._encoders.photo is None:
            return Encoded()
        return self._engine.photos(self._encoders.photo, photos, batch=self._batch)
