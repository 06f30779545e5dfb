"""The read path, joined."""

from pydantic import SecretStr

from indexer.build.places import build_encoders, endpoints
from indexer.read_path import AsyncSearcher, Searcher
from indexer.settings import Settings
from indexer.store.opensearch import AsyncOpenSearchStore, OpenSearchStore


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
