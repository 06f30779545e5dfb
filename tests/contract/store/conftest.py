"""The store in memory and the store on a real OpenSearch, under the same cases."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from indexer.settings import IndexSettings
from indexer.store.base import ProductStore
from indexer.store.memory import MemoryStore
from indexer.store.opensearch import OpenSearchStore
from tests.contract.store.cases import catalogue_documents, identity, write

Opener = Callable[[str], OpenSearchStore]


@pytest.fixture
def alias() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


@contextmanager
def stores(url: str) -> Iterator[Opener]:
    """Opens real stores by alias; their indices are deleted at the end."""
    opened: dict[str, list[OpenSearchStore]] = {}

    def opener(alias: str) -> OpenSearchStore:
        store = OpenSearchStore(SecretStr(url), IndexSettings(alias=alias))
        opened.setdefault(alias, []).append(store)
        return store

    yield opener
    for alias, ours in opened.items():
        client = ours[0]._client
        for index in client.indices.get(index=f"{alias}*", allow_no_indices=True, expand_wildcards="all"):
            client.indices.delete(index=index)
        for store in ours:
            store.close()


def filled(store: ProductStore) -> ProductStore:
    """The store with the catalogue of cases.py in it."""
    store.ensure(identity())
    assert write(store, catalogue_documents()) == ["written"] * 5
    return store


@pytest.fixture
def open_store(request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Opens real stores by alias."""
    with stores(request.getfixturevalue("opensearch_url")) as opener:
        yield opener


@pytest.fixture(params=["memory", pytest.param("opensearch", marks=pytest.mark.live)])
def store(request: pytest.FixtureRequest, alias: str) -> ProductStore:
    """A store whose index is not made yet."""
    if request.param == "memory":
        return MemoryStore(alias)
    opener: Opener = request.getfixturevalue("open_store")
    return opener(alias)


@pytest.fixture
def catalogue(store: ProductStore) -> ProductStore:
    """A store that holds the catalogue of cases.py."""
    return filled(store)


@pytest.fixture(scope="module", params=["memory", pytest.param("opensearch", marks=pytest.mark.live)])
def twin(request: pytest.FixtureRequest) -> Iterator[ProductStore]:
    """A store that holds the catalogue of cases.py, shared by a module's tests: they only read."""
    alias = f"t-{uuid.uuid4().hex[:12]}"
    if request.param == "memory":
        store: ProductStore = MemoryStore(alias)
        yield filled(store)
        return
    with stores(request.getfixturevalue("opensearch_url")) as opener:
        yield filled(opener(alias))
