"""The roles of deploy/opensearch against what each part really sends. The security plugin itself is not in the embedded server."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own
from pydantic import SecretStr

from indexer.records import Product
from indexer.settings import IndexSettings
from indexer.store.base import Document, ExactLeg, LexicalLeg, VectorLeg
from indexer.store.calls import Call
from indexer.store.identity import Identity
from indexer.store.opensearch import OpenSearchStore
from indexer.store.versions import next_number_plan
from tests.house.source import ROOT

pytestmark = pytest.mark.live

DEPLOY = ROOT / "deploy" / "opensearch"
ROLES: dict[str, Any] = yaml.safe_load((DEPLOY / "roles.yml").read_text(encoding="utf-8"))
PARTS = ("fusedex-worker", "fusedex-service", "fusedex-operator")

Sent = tuple[str, str]
WRITES = {"indices:data/write/bulk[s]", "indices:data/write/index"}
DELETES = {"indices:data/write/bulk[s]", "indices:data/write/delete"}

# What the security plugin asks for, by what is sent: rights in the cluster, and rights on the index.
RIGHTS: dict[Sent, tuple[set[str], set[str]]] = {
    ("GET", "/"): ({"cluster:monitor/main"}, set()),
    ("GET", "/_cat/plugins"): ({"cluster:monitor/state", "cluster:monitor/nodes/info"}, set()),
    ("GET", "/*/_mapping"): (set(), {"indices:admin/mappings/get"}),
    ("PUT", "/*/_mapping"): (set(), {"indices:admin/mapping/put"}),
    ("GET", "/*/_alias"): (set(), {"indices:admin/aliases/get"}),
    ("PUT", "/*/_alias/*"): (set(), {"indices:admin/aliases"}),
    ("PUT", "/*"): (set(), {"indices:admin/create", "indices:admin/aliases"}),
    ("GET", "/_cat/indices/*"): (
        {"cluster:monitor/state", "cluster:monitor/health"},
        {"indices:admin/get", "indices:monitor/settings/get", "indices:monitor/stats"},
    ),
    ("POST", "/*/_search"): (set(), {"indices:data/read/search"}),
    ("POST", "/*/_msearch"): ({"indices:data/read/msearch"}, {"indices:data/read/search"}),
    ("POST", "/*/_bulk index"): ({"indices:data/write/bulk"}, WRITES),
    ("POST", "/*/_bulk delete"): ({"indices:data/write/bulk"}, DELETES),
    ("POST", "/*/_refresh"): (set(), {"indices:admin/refresh"}),
}


class Recorded(OpenSearchStore):
    """Notes what it sends, with a star for the index."""

    def __init__(self, url: str, alias: str) -> None:
        super().__init__(SecretStr(url), IndexSettings(alias=alias))
        self.sent: set[Sent] = set()

    def _send(self, call: Call) -> Any:
        path = "/".join("*" if part.startswith(self._alias) else part for part in call.path.split("/"))
        kind = "" if not path.endswith("_bulk") else " delete" if b'{"delete"' in bytes(str(call.body), "utf-8") else " index"
        self.sent.add((call.method, path + kind))
        return super()._send(call)


def granted(allowed: list[str], wanted: str) -> bool:
    return any(wanted == one or (one.endswith("*") and wanted.startswith(one[:-1])) for one in allowed)


def allows(role: str, sent: Sent) -> bool:
    cluster, index = RIGHTS[sent]
    (on_index,) = ROLES[role]["index_permissions"]
    return all(granted(ROLES[role]["cluster_permissions"], right) for right in cluster) and all(
        granted(on_index["allowed_actions"], right) for right in index
    )


def identity(fusion: str = "f") -> Identity:
    return Identity(ledger="l", text="t", photo="p", fusion=fusion, width=8)


def as_worker(store: OpenSearchStore) -> None:
    store.capabilities()
    store.hold(store.ensure(identity()), identity())
    store._run(next_number_plan(store._alias))
    store.write([Document(id="a", version=1, product=Product(id="a", title="t")), Document(id="b", version=1, product=None)])
    store.describe(fresh=True)
    store.refresh()


def as_service(store: OpenSearchStore) -> None:
    row = np.ones(8, dtype=np.float32)
    store.describe(fresh=True)
    store.ask([LexicalLeg(text="t"), VectorLeg(row=row), ExactLeg(row=row, ids=("a",))])


def as_operator(store: OpenSearchStore) -> None:
    store.capabilities()
    store.describe(fresh=True)
    store.refresh()
    store.walk()
    store.remove({"nobody": 1})
    store.adopt(identity("g"))


@pytest.fixture
def sent(opensearch_url: str, stack_env: dict[str, str]) -> Iterator[dict[str, set[Sent]]]:
    """What each part sends to its index, from the making to the end."""
    acts: tuple[Callable[[OpenSearchStore], None], ...] = (as_worker, as_service, as_operator)
    told = {}
    alias = stack_env["FUSEDEX_INDEX__ALIAS"]
    for part, act in zip(PARTS, acts, strict=True):
        with closing(Recorded(opensearch_url, alias)) as store:
            act(store)
            told[part] = store.sent
    yield told
    with closing(Recorded(opensearch_url, alias)) as store:
        store._client.indices.delete(index=f"{alias}-000001")


def test_each_part_may_send_what_it_sends(sent: dict[str, set[Sent]]) -> None:
    assert set[Sent]().union(*sent.values()) == RIGHTS.keys()
    assert {part: [call for call in calls if not allows(part, call)] for part, calls in sent.items()} == {part: [] for part in PARTS}


def test_no_part_may_do_what_only_another_does() -> None:
    changes = {call for call in RIGHTS if call[0] == "PUT" or "_bulk" in call[1] or "_refresh" in call[1]}
    assert not [call for call in changes if allows("fusedex-service", call)]
    assert not allows("fusedex-operator", ("PUT", "/*"))
    assert not allows("fusedex-operator", ("POST", "/*/_bulk index"))
    assert ROLES["fusedex-probe"] == {"cluster_permissions": ["cluster:monitor/health"]}


def test_roles_reach_no_other_index_and_each_has_its_user() -> None:
    for part in PARTS:
        assert [one["index_patterns"] for one in ROLES[part]["index_permissions"]] == [
            [IndexSettings().alias, f"{IndexSettings().alias}-*"]
        ]
    mapping = yaml.safe_load((DEPLOY / "roles_mapping.yml").read_text(encoding="utf-8"))
    assert mapping.keys() == ROLES.keys()
    assert all(mapping[name] == {"users": [name]} for name in mapping if name != "_meta")
