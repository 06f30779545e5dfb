"""The same searches over the twin in memory and over a real OpenSearch."""

import uuid
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Product
from indexer.settings import IndexSettings, SearchSettings
from indexer.store.base import ProductStore
from indexer.store.memory import MemoryStore
from indexer.store.opensearch import OpenSearchStore
from tests.contract.read_path.shop import PIXELS, AsyncTwin, encoders, ending, fill, products

SETTINGS = SearchSettings(depth=20, bound="all", enough=0)  # fewer than the thirty products, so that a leg leaves some out


@pytest.fixture(scope="session")
def catalogue() -> list[Product]:
    return products()


@pytest.fixture(scope="session", params=["memory", pytest.param("opensearch", marks=pytest.mark.live)])
def store(request: pytest.FixtureRequest, catalogue: list[Product]) -> Iterator[ProductStore]:
    made: ProductStore = MemoryStore()
    if request.param == "opensearch":
        address = SecretStr(request.getfixturevalue("opensearch_url"))
        made = OpenSearchStore(address, IndexSettings(alias=f"read-path-{uuid.uuid4().hex[:12]}"))
    fill(made, encoders(), catalogue)
    yield made
    made.close()


@pytest.fixture
def searcher(store: ProductStore) -> Iterator[Searcher]:
    with ending(Searcher(store, encoders(), settings=SETTINGS, photo_pixels=PIXELS)) as made:
        yield made


@pytest.fixture
def async_searcher(store: ProductStore) -> Iterator[AsyncSearcher]:
    with ending(AsyncSearcher(AsyncTwin(store), encoders(), settings=SETTINGS, photo_pixels=PIXELS)) as made:
        yield made
