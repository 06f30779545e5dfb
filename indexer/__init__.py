"""fusedex: products in, one fused vector each; queries of text and photo back, ranked by BM25 and cosine together."""

from indexer.build import build_async_searcher, build_indexer, build_searcher
from indexer.errors import IndexerError
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Answer, Delete, Filter, Hit, Money, Offer, Photo, Product, Query, Rejected
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
    "Searcher",
    "Settings",
    "build_async_searcher",
    "build_indexer",
    "build_searcher",
]
