"""Settings to working things: the only place where parts are chosen and joined."""

from collections.abc import Sequence

from pydantic import SecretStr

from indexer.embedded.stack import Endpoints, stack_from
from indexer.encode.base import Pixels
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encode.engine import Encoded, Engine
from indexer.encoders import Encoders
from indexer.errors import EngineError
from indexer.fuse.catalog import make_fusion
from indexer.ledger.open import open_ledger
from indexer.ledger.vectors import open_vectors
from indexer.observe import RunObserver
from indexer.publish.celery import CeleryPublisher
from indexer.read_path import AsyncSearcher, Searcher
from indexer.settings import Settings
from indexer.store.opensearch import AsyncOpenSearchStore, OpenSearchStore
from indexer.work.documents import Makers, Workshop
from indexer.write_path import Indexer


def endpoints(settings: Settings) -> Endpoints:
    """Where OpenSearch, broker, ledger and vector cache are: named by the settings, or running under the home.

    Raises EngineError when the embedded engines are needed and do not run.
    """
    stack = stack_from(settings)
    found = stack.endpoints()
    if found is None:
        raise EngineError(
            f"Nothing runs for the home {settings.home}.",
            cure="Start them with `fusedex up`, or name running ones: FUSEDEX_OPENSEARCH_URL, FUSEDEX_BROKER_URL, FUSEDEX_LEDGER_URL.",
        )
    return found


def build_encoders(settings: Settings, *, query_cache: int = 0) -> Encoders:
    """The encoders and the fusion that the settings name; weights are loaded when first used."""
    text = make_text_encoder(settings.encode)
    photo = make_photo_encoder(settings.encode, text)
    return Encoders(text, photo, make_fusion(settings.encode, width=text.spec.width), query_cache=query_cache)


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


def build_searcher(settings: Settings) -> Searcher:
    """The read path for ordinary code; safe across threads."""
    store = OpenSearchStore(SecretStr(endpoints(settings).opensearch_url), settings.index, timeout_s=settings.search.timeout_s)
    encoders = build_encoders(settings, query_cache=settings.search.query_cache)
    return Searcher(store, encoders, settings=settings.search, photo_pixels=settings.feed.photo_pixels)


def build_async_searcher(settings: Settings) -> AsyncSearcher:
    """The read path for an event loop."""
    store = AsyncOpenSearchStore(SecretStr(endpoints(settings).opensearch_url), settings.index, timeout_s=settings.search.timeout_s)
    encoders = build_encoders(settings, query_cache=settings.search.query_cache)
    return AsyncSearcher(store, encoders, settings=settings.search, photo_pixels=settings.feed.photo_pixels)


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
