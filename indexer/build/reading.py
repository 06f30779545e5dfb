"""The read path, joined."""

from pydantic import SecretStr

from indexer.build.places import build_encoders, endpoints
from indexer.encode.profile import of_index
from indexer.encoders import Encoders
from indexer.operate.following import AsyncFollowingSearcher, FollowingSearcher
from indexer.operate.trial import FOLDER
from indexer.read.known import Known
from indexer.read_path import AsyncSearcher, Searcher
from indexer.settings import IndexSettings, Settings
from indexer.store.moves import own_alias
from indexer.store.opensearch import AsyncOpenSearchStore, OpenSearchStore
from indexer.text.cleaning import Cleaning


def build_searcher(settings: Settings, *, index: str = "", once: bool = False) -> Searcher:
    """The read path for ordinary code; safe across threads. With `index`, over that version alone, whatever the alias stands for.

    `once`: for a process that ends after its search, so that nothing that is to come is got ready beside it.
    """
    cleaning = Cleaning.load(settings.text)
    store = OpenSearchStore(
        SecretStr(endpoints(settings).opensearch_url), _index(settings, index), timeout_s=settings.search.timeout_s, cleaning=cleaning
    )
    known = _known(settings, ahead=not once)
    pixels = settings.feed.photo_pixels

    def of_one(index: str) -> Searcher:
        return Searcher(store.at(index), known, settings=settings.search, photo_pixels=pixels, cleaning=cleaning)

    searcher = FollowingSearcher(store, known, settings=settings.search, photo_pixels=pixels, cleaning=cleaning)
    if not once and not index:
        searcher.take_part(of_one, settings.home / FOLDER)
    return searcher


def build_async_searcher(settings: Settings) -> AsyncSearcher:
    """The read path for an event loop."""
    cleaning = Cleaning.load(settings.text)
    store = AsyncOpenSearchStore(
        SecretStr(endpoints(settings).opensearch_url), settings.index, timeout_s=settings.search.timeout_s, cleaning=cleaning
    )
    known, pixels = _known(settings), settings.feed.photo_pixels

    def of_one(index: str) -> AsyncSearcher:
        return AsyncSearcher(store.at(index), known, settings=settings.search, photo_pixels=pixels, cleaning=cleaning)

    searcher = AsyncFollowingSearcher(store, known, settings=settings.search, photo_pixels=pixels, cleaning=cleaning)
    searcher.take_part(of_one, settings.home / FOLDER)
    return searcher


def _known(settings: Settings, *, ahead: bool = True) -> Known:
    def build(profile: str) -> Encoders:
        encode = of_index(profile, settings.encode)
        return build_encoders(settings.model_copy(update={"encode": encode}), query_cache=settings.search.query_cache)

    return Known(build_encoders(settings, query_cache=settings.search.query_cache), build, ahead=ahead)


def _index(settings: Settings, index: str) -> IndexSettings:
    return settings.index.model_copy(update={"alias": own_alias(index)}) if index else settings.index
