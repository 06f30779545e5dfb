"""Catalogues and queries made by hypothesis, and stores that hold many catalogues at once, each behind a filter of its own.

A catalogue's products share a language that no other catalogue has, so one index of a real server serves them all.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from indexer.encoders import Encoders
from indexer.fuse.base import PartRow
from indexer.money import price_at
from indexer.query.normalise import as_query
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Answer, Filter, Money, Product, Query, Sale, Value
from indexer.settings import IndexSettings, SearchSettings
from indexer.store.base import Document, ProductStore
from indexer.store.memory import MemoryStore
from indexer.store.opensearch import AsyncOpenSearchStore, OpenSearchStore
from indexer.vectors import Row
from tests.contract.read_path.shop import PIXELS, AsyncTwin, encoders, ending

WORDS = ("red", "blue", "oak", "sofa", "chair", "lamp", "table", "shoe", "沙发", "台灯", "brush", "garden")
FLOOR = 0.35
PLAIN = SearchSettings(min_cosine=FLOOR, enough=0)
"""The words that a product must have do not become fewer where too few have them: so that sets can be told beforehand."""

_NUMBERS = count(1)
_VERSIONS = count(1)
_PATHS = ((), ("Home",), ("Home", "Sofas"), ("Home", "Lamps"), ("Garden",))


def phrases(most: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(WORDS), min_size=1, max_size=most, unique=True).map(" ".join)


def _attributes() -> st.SearchStrategy[dict[str, Value]]:
    fields: dict[str, st.SearchStrategy[Value | None]] = {
        "colour": st.sampled_from([None, "red", "blue", ("red", "blue")]),
        "weight": st.sampled_from([None, 0.5, 2.0, 40.0]),
        "sku": st.from_regex(r"[A-Z]{2}[0-9]{4}[A-Z]", fullmatch=True) | st.none(),
    }
    return st.fixed_dictionaries(fields).map(lambda made: {name: value for name, value in made.items() if value is not None})


def _prices() -> st.SearchStrategy[Money | None]:
    return st.none() | st.builds(Money, st.integers(100, 20_000), st.sampled_from(["EUR", "USD"]))


PRODUCTS = st.builds(
    Product,
    id=st.just(""),
    title=phrases(3),
    description=st.just("") | phrases(3),
    brand=st.sampled_from(["", "Nordhem", "Acme Works"]),
    category=st.sampled_from(_PATHS),
    price=_prices(),
    sale=st.none() | st.builds(Sale, st.builds(Money, st.integers(50, 9_000), st.just("EUR"))),
    stock=st.sampled_from([None, 0, 0, 1, 7]),
    attributes=_attributes(),
    group=st.sampled_from(["", "g1", "g2"]),
    popularity=st.sampled_from([None, 0.5, 3.0]),
)


@dataclass(frozen=True)
class Drawn:
    """A product, and whether it has a vector."""

    product: Product
    vector: bool


CATALOGUES = st.lists(st.builds(Drawn, PRODUCTS, st.sampled_from([True, True, True, False])), min_size=1, max_size=12)


class Room:
    """One catalogue in a store: searched as if there were no other."""

    def __init__(self, wing: "Wing", drawn: Sequence[Drawn]) -> None:
        self.wing, self.name = wing, f"c{next(_NUMBERS):06}"
        self.store = wing.store_for(self)
        self.products: dict[str, Product] = {}
        self.rows: dict[str, Row] = {}
        self.photo_rows: dict[str, Row] = {}
        self.put([replace(one, product=replace(one.product, id=f"{self.name}-p{place}")) for place, one in enumerate(drawn)])

    def put(self, drawn: Sequence[Drawn]) -> None:
        """Write products, under the ids they have."""
        documents = []
        for one in drawn:
            product = replace(one.product, language=self.name)
            row = row_of(product, self.wing.encoders) if one.vector else None
            photo_row = photo_row_of(product, self.wing.encoders) if one.vector else None
            self.products[product.id] = product
            for rows, mine in ((self.rows, row), (self.photo_rows, photo_row)):
                rows.pop(product.id, None)
                if mine is not None:
                    rows[product.id] = mine
            now = price_at(product.price, product.sale, moment=0)
            made = Document(id=product.id, version=next(_VERSIONS), product=product, row=row, photo_row=photo_row, price_now=now)
            documents.append(made)
        self._write(documents)

    def delete(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            del self.products[id_]
            self.rows.pop(id_, None)
            self.photo_rows.pop(id_, None)
        self._write([Document(id=id_, version=next(_VERSIONS), product=None) for id_ in ids])

    def _write(self, documents: Sequence[Document]) -> None:
        assert {one.outcome for one in self.store.write(documents)} <= {"written"}
        self.store.refresh()

    def searcher(self, defaults: SearchSettings = PLAIN, ours: Encoders | None = None) -> Searcher:
        return Searcher(self.store, ours or self.wing.encoders, settings=defaults, photo_pixels=PIXELS)

    def asked(self, query: Query | str, **changes: object) -> Query:
        """The query within this catalogue."""
        made = as_query(query)
        return replace(made, filters=(Filter("language", "eq", (self.name,)), *made.filters), **changes)  # type: ignore[arg-type]

    def search(self, query: Query | str, defaults: SearchSettings = PLAIN, **changes: object) -> Answer:
        with ending(self.searcher(defaults)) as searcher:
            return searcher.search(self.asked(query, **changes))

    def whole(self, query: Query | str, defaults: SearchSettings = PLAIN, **changes: object) -> Answer:
        """All that is relevant, on one page."""
        return self.search(query, defaults, per_page=100, **changes)

    def cosines(self, row: Row, *, photos: bool = False) -> dict[str, float]:
        rows = self.photo_rows if photos else self.rows
        return {id_: float(mine.astype(np.float64) @ row) for id_, mine in rows.items()}


class Wing:
    """Rooms over one kind of store, and how many examples it can afford."""

    def __init__(self, url: str | None) -> None:
        self.url, self.examples = url, 40 if url is None else 5
        self.encoders = encoders(cache=2048, photo_vector=True)

    @cached_property
    def alias(self) -> str:
        return f"answers-{uuid.uuid4().hex[:12]}"

    @cached_property
    def server(self) -> OpenSearchStore:
        # what is written is refreshed at once by hand; by itself never, so that no merge changes figures between two searches
        store = OpenSearchStore(SecretStr(self.url or ""), IndexSettings(alias=self.alias, refresh_s=3600))
        self._begun(store)
        return store

    def store_for(self, room: Room) -> ProductStore:
        if self.url is not None:
            return self.server
        return self._begun(MemoryStore())

    @cached_property
    def shop(self) -> ProductStore:
        """One store for all tests of a module that share their products."""
        return self.server if self.url is not None else self._begun(MemoryStore())

    def _begun(self, store: ProductStore) -> ProductStore:
        """The index, with one product that belongs to no room and has all attributes, so that each of them is a field."""
        store.ensure(self.encoders.identity("test ledger"))
        attributes: Mapping[str, Value] = {"colour": "green", "weight": 9.0, "sku": "ZZ0000Z"}
        other = Product(id="other", title=" ".join(WORDS), attributes=attributes, language="other")
        assert [one.outcome for one in store.write([Document(id="other", version=1, product=other, row=row_of(other, self.encoders))])]
        store.refresh()
        return store

    def async_searcher(self, room: Room, defaults: SearchSettings = PLAIN) -> AsyncSearcher:
        """To be made and used in one event loop."""
        if self.url is None:
            return AsyncSearcher(AsyncTwin(room.store), self.encoders, settings=defaults, photo_pixels=PIXELS)
        store = AsyncOpenSearchStore(SecretStr(self.url), IndexSettings(alias=self.alias))
        return AsyncSearcher(store, self.encoders, settings=defaults, photo_pixels=PIXELS)

    def end_points(self, room: Room) -> None:
        """Have the time of all frozen answers run out, by hand: a server looks for it once a minute only."""
        if isinstance(room.store, MemoryStore):
            room.store._shared.points = {point: (0.0, shelf) for point, (_, shelf) in room.store._shared.points.items()}
        else:
            self.server._client.transport.perform_request("DELETE", "/_search/point_in_time/_all")

    def close(self) -> None:
        if self.url is not None:
            self.server._client.indices.delete(index=f"{self.alias}-*")
            self.server.close()


STORES = ["memory", pytest.param("opensearch", marks=pytest.mark.live)]


def opened(request: pytest.FixtureRequest) -> Iterator[Wing]:
    """A wing over the store that a fixture's parameter names, closed at the end."""
    wing = Wing(request.getfixturevalue("opensearch_url") if request.param == "opensearch" else None)
    yield wing
    wing.close()


def row_of(product: Product, ours: Encoders) -> Row | None:
    texts = [("title", product.title), *([("description", product.description)] if product.description else [])]
    rows = ours.text.encode([text for _, text in texts], side="product")
    return ours.fuse([PartRow(kind, row) for (kind, _), row in zip(texts, rows, strict=True)])


def photo_row_of(product: Product, ours: Encoders) -> Row | None:
    """The row of a photo that shows what the description says; no description, no photo."""
    if not product.description:
        return None
    return ours.photo_row([PartRow("photo", ours.text.encode([product.description], side="product")[0])])


def holds(**drawn: st.SearchStrategy[object]) -> Callable[[Callable[..., None]], Callable[[Wing], None]]:
    """A property as a test: as many examples as the store can afford. `catalogue`, where it is drawn, comes as the Room it was put in."""

    def test_of(check: Callable[..., None]) -> Callable[[Wing], None]:
        def test(wing: Wing) -> None:
            @settings(max_examples=wing.examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @given(**drawn)
            def example(**values: object) -> None:
                check(**_housed(wing, values))

            example()

        test.__name__ = check.__name__
        test.__module__ = check.__module__
        return test

    return test_of


def _housed(wing: Wing, values: Mapping[str, object]) -> dict[str, object]:
    housed = dict(values)
    catalogue = housed.pop("catalogue", None)
    if isinstance(catalogue, list):
        housed["room"] = Room(wing, catalogue)
    return housed


def ids(answer: Answer) -> list[str]:
    return [hit.id for hit in answer.hits]


def timeless(answer: Answer) -> Answer:
    return replace(answer, took_ms=0.0)
