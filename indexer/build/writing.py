"""The write path, joined."""

from collections.abc import Callable, Sequence
from functools import partial

from pydantic import SecretStr

from indexer.build.places import build_encoders, endpoints
from indexer.embedded.stack import Endpoints
from indexer.encode.base import Pixels
from indexer.encode.crew import Crew
from indexer.encode.engine import Encoded, Engine
from indexer.encoders import Encoders
from indexer.ledger.open import open_ledger
from indexer.ledger.vectors import open_vectors
from indexer.observe import RunObserver
from indexer.photos.fetch import make_fetcher
from indexer.publish.celery import CeleryPublisher
from indexer.settings import EncodeSettings, Settings
from indexer.store.base import ProductStore
from indexer.store.opensearch import OpenSearchStore
from indexer.text.cleaning import Cleaning
from indexer.work.documents import Makers, Workshop
from indexer.work.workshop import Others
from indexer.write_path import Indexer


def build_indexer(settings: Settings, *, observer: RunObserver | None = None, store: Callable[[], ProductStore] | None = None) -> Indexer:
    """The write path; it opens the ledger now, and makes store and encoders when work needs them.

    `store` makes another store than the OpenSearch of the settings.
    """
    places = endpoints(settings)
    watcher = observer or RunObserver()
    crew = Crew(settings.encode.prepare_threads)
    others = Others(
        encoders=lambda encode: build_encoders(settings.model_copy(update={"encode": encode})),
        engine=lambda encoders, encode: ProductEngine(encoders, encode, observer=watcher, crew=crew),
    )
    makers = Makers(
        store=store or partial(_store, settings, places),
        cache=lambda: open_vectors(places.vectors_url),
        encoders=lambda: build_encoders(settings),
        engine=lambda encoders: ProductEngine(encoders, settings.encode, observer=watcher, crew=crew),
        fetcher=lambda: make_fetcher(settings),
        crew=lambda: crew,
        others=others,
    )
    ledger = open_ledger(places.ledger_url, future_s=settings.feed.future_s)
    publisher = CeleryPublisher(places.broker_url, message_bytes=settings.feed.message_bytes)
    return Indexer(ledger, publisher, Workshop(makers), settings, observer=watcher)


def _store(settings: Settings, places: Endpoints) -> ProductStore:
    cleaning = Cleaning.load(settings.text)
    return OpenSearchStore(SecretStr(places.opensearch_url), settings.index, bulk_bytes=settings.work.bulk_bytes, cleaning=cleaning)


class ProductEngine:
    """One engine bound to one index's encoders, as the write path asks for it."""

    def __init__(self, encoders: Encoders, settings: EncodeSettings, *, observer: RunObserver, crew: Crew | None = None) -> None:
        """Run the encoders in batches within the settings' limits; the observer hears of each, and of a device that is lost."""
        self._encoders = encoders
        self._settings = settings
        self._engine = Engine(observer, crew=crew, on_lost=observer.device_lost)

    def texts(self, texts: Sequence[str]) -> Encoded:
        """Rows for products' texts."""
        return self._engine.texts(
            self._encoders.text, texts, side="product", batch=self._settings.batch, tokens=self._settings.batch_tokens
        )

    def photos(self, photos: Sequence[Pixels]) -> Encoded:
        """Rows for decoded photos; none may be asked for where there is no photo encoder."""
        if self._encoders.photo is None:
            return Encoded()
        return self._engine.photos(self._encoders.photo, photos, batch=self._settings.batch)
