"""How an index is made and found, call by call: races, leftovers, foreign servers."""

from typing import Any

import pytest

from indexer.errors import IndexMissing, SchemaDrift, StoreError, UnsafeMapping
from indexer.settings import IndexSettings
from indexer.store.calls import Call
from indexer.store.capabilities import capabilities_plan
from indexer.store.identity import Identity
from indexer.store.schema import index_body
from indexer.store.versions import TAKEN, ensure_plan, next_number, version_name
from tests.unit.store.plans import drive, refusal

IDENTITY = Identity(ledger="l", text="t", photo="p", fusion="f", width=8)
SETTINGS = IndexSettings(alias="shop")


class Server:
    """Answers the calls of ensure as a server would, with indices in a dictionary; `steals` acts just before each creation."""

    def __init__(self, *, cluster: str = "production", plugins: tuple[str, ...] = ("opensearch-knn",)) -> None:
        self.indices: dict[str, dict[str, Any]] = {}
        self.plugins = plugins
        self.cluster = cluster
        self.steals: list[dict[str, dict[str, Any]]] = []

    def __call__(self, call: Call) -> object:
        if call.path == "/":
            return {"cluster_name": self.cluster, "version": {"distribution": "opensearch", "number": "3.6.0"}}
        if call.path == "/_cat/plugins":
            return [{"component": plugin} for plugin in self.plugins]
        if call.path == "/shop/_mapping":
            found = {name: body for name, body in self.indices.items() if name == "shop" or "shop" in body["aliases"]}
            return found or refusal(IndexMissing("no such index"), status=404, kind="index_not_found_exception")
        if call.path.startswith("/_cat/indices/"):
            return [{"index": name} for name in self.indices]
        return self._create(call)

    def _create(self, call: Call) -> object:
        assert call.method == "PUT"
        if self.steals:
            self.indices |= self.steals.pop(0)
        name = call.path[1:]
        if name in self.indices:
            return refusal(StoreError("exists"), status=400, kind=TAKEN)
        assert isinstance(call.body, dict)
        self.indices[name] = call.body
        return {"acknowledged": True}


def made(alias: bool = True) -> dict[str, Any]:
    return index_body(IDENTITY, SETTINGS) | {"aliases": {"shop": {}} if alias else {}}


def test_index_and_alias_come_with_one_request() -> None:
    server = Server()
    name, calls = drive(ensure_plan(SETTINGS, IDENTITY), server)
    assert name == "shop-000001"
    assert [call.method for call in calls if call.method != "GET"] == ["PUT"]
    assert server.indices["shop-000001"]["aliases"] == {"shop": {"is_write_index": True}}
    assert drive(ensure_plan(SETTINGS, IDENTITY), server)[0] == "shop-000001"


def test_who_comes_second_in_a_race_finds_the_first_ones_index() -> None:
    server = Server()
    server.steals = [{"shop-000001": made()}]
    assert drive(ensure_plan(SETTINGS, IDENTITY), server)[0] == "shop-000001"


def test_leftovers_without_the_alias_are_passed_over_even_in_a_race() -> None:
    server = Server()
    server.indices = {"shop-000001": made(alias=False), "shop-000004": made(alias=False), "shop-other": made(alias=False)}
    server.steals = [{}, {"shop-000005": made()}]
    assert drive(ensure_plan(SETTINGS, IDENTITY), server)[0] == "shop-000005"
    assert list(server.indices) == ["shop-000001", "shop-000004", "shop-other", "shop-000005"]


def test_names_taken_for_ever_end_in_an_error() -> None:
    server = Server()
    server.steals = [{f"shop-{number:06d}": made(alias=False)} for number in range(1, 99)]
    with pytest.raises(StoreError, match="each name was taken"):
        drive(ensure_plan(SETTINGS, IDENTITY), server)


def test_other_errors_of_the_creation_are_raised() -> None:
    server = Server()

    def answers(call: Call) -> object:
        return refusal(StoreError("bad settings"), status=400, kind="illegal_argument_exception") if call.method == "PUT" else server(call)

    with pytest.raises(StoreError, match="bad settings"):
        drive(ensure_plan(SETTINGS, IDENTITY), answers)


def test_an_alias_over_two_indices_is_drift() -> None:
    server = Server()
    server.indices = {"shop-000001": made(), "shop-000002": made()}
    with pytest.raises(SchemaDrift, match="2 indices"):
        drive(ensure_plan(SETTINGS, IDENTITY), server)


def test_faiss_is_for_servers_of_ones_own() -> None:
    faiss = IndexSettings(alias="shop", engine="faiss")
    assert drive(ensure_plan(faiss, IDENTITY), Server())[0] == "shop-000001"
    embedded = Server(cluster="fusedex-embedded-1")
    with pytest.raises(UnsafeMapping):
        drive(ensure_plan(faiss, IDENTITY), embedded)
    assert embedded.indices == {}


def test_a_server_without_knn_is_named_before_anything_is_made() -> None:
    server = Server(plugins=("opensearch-security",))
    with pytest.raises(StoreError, match="k-NN"):
        drive(ensure_plan(SETTINGS, IDENTITY), server)
    assert server.indices == {}


@pytest.mark.parametrize("root", [{}, {"version": {"number": "8.1.0"}}, "<html>", None, {"version": {"distribution": "other"}}])
def test_what_is_no_opensearch_is_told(root: object) -> None:
    with pytest.raises(StoreError, match="no OpenSearch"):
        drive(capabilities_plan(), lambda _: root)


def test_plugins_are_known_by_either_name() -> None:
    names = ("org.opensearch.knn.plugin.KNNPlugin", "opensearch-neural-search")
    server, _ = drive(capabilities_plan(), Server(cluster="fusedex-embedded-x", plugins=names))
    assert (server.knn, server.hybrid, server.embedded, server.version) == (True, True, True, "3.6.0")


def test_numbers_count_on_from_the_highest() -> None:
    assert version_name("products", 12) == "products-000012"
    assert next_number("shop", []) == 1
    assert next_number("shop", ["shop-000002", "shop-000010", "workshop-000099", "shop-x", "shop-7"]) == 11
