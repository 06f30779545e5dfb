"""The read path, joined."""

from pydantic import SecretStr

from indexer.build.places import build_encoders, endpoints
from indexer.read_path import AsyncSearcher, Searcher
from indexer.settings import Settings
from indexer.store.opensearch import AsyncOpenSearchStore, OpenSearchStore
from indexer.text.cleaning import Cleaning


def build_searcher(settings: Settings) -> Searcher:
    """The read path for ordinary code; safe across threads."""
    cleaning = Cleaning.load(settings.text)
    store = OpenSearchStore(
        SecretStr(endpoints(settings).opensearch_url), settings.index, timeout_s=settings.search.timeout_s, cleaning=cleaning
    )
    encoders = build_encoders(settings, query_cache=settings.search.query_cache)
    return Searcher(store, encoders, settings=settings.search, photo_pixels=settings.feed.photo_pixels, cleaning=cleaning)


def build_async_searcher(settings: Settings) -> AsyncSearcher:
    """The read path for an event loop."""
    cleaning = Cleaning.load(settings.text)
    store = AsyncOpenSearchStore(
        SecretStr(endpoints(settings).opensearch_url), settings.index, timeout_s=settings.search.timeout_s, cleaning=cleaning
    )
    encoders = build_encoders(settings, query_cache=settings.search.query_cache)
    return AsyncSearcher(store, encoders, settings=settings.search, photo_pixels=settings.feed.photo_pixels, cleaning=cleaning)
