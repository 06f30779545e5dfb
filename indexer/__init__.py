"""fusedex: products in, one fused vector each; queries of text and photo back, ranked by BM25 and cosine together."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.build.reading import build_async_searcher, build_searcher
    from indexer.build.writing import build_indexer
    from indexer.errors import IndexerError
    from indexer.feed.terms import Terms
    from indexer.read_path import AsyncSearcher, Searcher
    from indexer.records import Answer, Delete, Filter, Hit, Money, Offer, Photo, Product, Query, Rejected, Sale
    from indexer.settings import Settings
    from indexer.write_path import Indexer

__all__ = [
    "Answer",
    "AsyncSearcher",
    "Delete",
    "Filter",
    "Hit",
    "Indexer",
    "IndexerError",
    "Money",
    "Offer",
    "Photo",
    "Product",
    "Query",
    "Rejected",
    "Sale",
    "Searcher",
    "Settings",
    "Terms",
    "build_async_searcher",
    "build_indexer",
    "build_searcher",
]

_ROOMS = {
    "build.reading": ("build_async_searcher", "build_searcher"),
    "build.writing": ("build_indexer",),
    "errors": ("IndexerError",),
    "feed.terms": ("Terms",),
    "read_path": ("AsyncSearcher", "Searcher"),
    "records": ("Answer", "Delete", "Filter", "Hit", "Money", "Offer", "Photo", "Product", "Query", "Rejected", "Sale"),
    "settings": ("Settings",),
    "write_path": ("Indexer",),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    # Each name is fetched when it is first asked for: a program that needs one record does not load the database client.
    if name not in _HOMES:
        raise AttributeError(f"module 'indexer' has no attribute {name!r}")
    return getattr(import_module(f"indexer.{_HOMES[name]}"), name)
