"""The index body: filled in by structure, carrying its identity, and never deadly to an embedded server."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from importlib import resources
from typing import Any

import pytest

from indexer.errors import SchemaDrift, UnsafeMapping
from indexer.records import Money, Product
from indexer.settings import IndexSettings
from indexer.store.base import Document
from indexer.store.documents import to_source
from indexer.store.identity import Identity
from indexer.store.schema import check_mapping, identity_of, index_body, refuse_unsafe, template

IDENTITY = Identity(ledger="l", text="t", photo="p", fusion="f", width=384)
BODY = index_body(IDENTITY, IndexSettings())


def nulls(node: object) -> int:
    if isinstance(node, dict):
        return sum(map(nulls, node.values()))
    return sum(map(nulls, node)) if isinstance(node, list) else int(node is None)


def with_vector(**changes: object) -> dict[str, Any]:
    body = deepcopy(BODY)
    vector = body["mappings"]["properties"]["vector"]
    for key, value in changes.items():
        if value is None:
            vector.pop(key)
        else:
            vector[key] = value
    return body


def method(**changes: object) -> dict[str, Any]:
    made = {"name": "hnsw", "engine": "lucene", "parameters": {"m": 16}} | changes
    return {key: value for key, value in made.items() if value is not None}


def test_the_template_is_package_data_with_places_to_fill() -> None:
    text = resources.files("mappings").joinpath("products.v1.json").read_text(encoding="utf-8")
    assert json.loads(text) == template()
    assert nulls(template()) == 7
    assert nulls(BODY) == 0


def test_settings_and_width_stand_where_they_belong() -> None:
    body = index_body(IDENTITY, IndexSettings(engine="faiss", m=8, ef_construction=32, shards=3, replicas=2, refresh_s=5))
    assert body["settings"]["index"] == {"knn": True, "number_of_shards": 3, "number_of_replicas": 2, "refresh_interval": "5s"}
    vector = body["mappings"]["properties"]["vector"]
    assert (vector["dimension"], vector["space_type"]) == (384, "cosinesimil")
    assert vector["method"] == {"name": "hnsw", "engine": "faiss", "parameters": {"m": 8, "ef_construction": 32}}


def test_the_mapping_is_strict_and_maps_every_field_that_documents_have() -> None:
    product = Product(
        id="a",
        title="鞋",
        description="鞋",
        brand="b",
        category=("c",),
        price=Money(1, "EUR"),
        stock=1,
        attributes={"a": "x", "n": 1.0, "t": True, "l": ("y",)},
        group="g",
        gtin="4006381333931",
        language="en",
        popularity=1.0,
        since=1,
    )
    written = {*to_source(Document(id="a", version=1, product=product)), "vector"}
    assert BODY["mappings"]["dynamic"] == "strict"
    assert written == BODY["mappings"]["properties"].keys()


def test_every_analyser_and_normaliser_that_a_field_names_is_defined() -> None:
    analysis = BODY["settings"]["analysis"]
    text = json.dumps(BODY["mappings"])
    named = set(analysis["analyzer"]) | set(analysis["normalizer"])
    assert all(f'"{name}"' in text for name in named)
    assert set(re.findall(r'"(?:search_)?analyzer": "(\w+)"', text)) <= {*analysis["analyzer"], "whitespace"}
    defined = {*analysis["filter"], "lowercase", "asciifolding", "cjk_width"}
    for part in [*analysis["analyzer"].values(), *analysis["normalizer"].values()]:
        assert set(part["filter"]) <= defined


def test_the_identity_comes_back_from_the_mapping() -> None:
    assert identity_of("products-000001", BODY["mappings"]) == IDENTITY


@pytest.mark.parametrize("mapping", [{}, {"_meta": {}}, {"_meta": {"fusedex": "x"}}, {"_meta": {"fusedex": {"ledger": "l"}}}])
def test_a_mapping_without_our_identity_is_drift(mapping: dict[str, Any]) -> None:
    with pytest.raises(SchemaDrift, match="products-000001"):
        identity_of("products-000001", mapping)


def test_an_unknown_schema_is_drift() -> None:
    with pytest.raises(SchemaDrift, match=r"products\.v0"):
        template("products.v0")


SPOILT: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda properties: properties.pop("brand"), "brand"),
    (lambda properties: properties["title"]["fields"].pop("cjk"), r"title\.cjk"),
    (lambda properties: properties.update(more={"type": "text"}), "more"),
    (lambda properties: properties["price"].update(scaling_factor=100.0), "price"),
    (lambda properties: properties["vector"].update(dimension=3), "vector"),
    (lambda properties: properties["title"].update(analyzer="standard"), "title"),
]


def test_graph_settings_may_differ_and_everything_else_may_not() -> None:
    check_mapping("i", BODY["mappings"], IDENTITY)
    check_mapping("i", index_body(IDENTITY, IndexSettings(engine="faiss", m=99, ef_construction=2))["mappings"], IDENTITY)
    for spoil, told in SPOILT:
        mapping = deepcopy(BODY["mappings"])
        spoil(mapping["properties"])
        with pytest.raises(SchemaDrift, match=told):
            check_mapping("i", mapping, IDENTITY)
    with pytest.raises(SchemaDrift, match="strict"):
        check_mapping("i", BODY["mappings"] | {"dynamic": "true"}, IDENTITY)


DEADLY = {
    "engine faiss": with_vector(method=method(engine="faiss")),
    "engine nmslib": with_vector(method=method(engine="nmslib")),
    "no engine": with_vector(method=method(engine=None)),
    "no method at all": with_vector(method=None),
    "no space type": with_vector(space_type=None),
    "method flat": with_vector(method=method(name="flat")),
    "method ivf": with_vector(method=method(name="ivf")),
    "compression 32x": with_vector(compression_level="32x"),
    "one bit": with_vector(method=method(parameters={"encoder": {"name": "sq", "parameters": {"bits": 1}}})),
    "bare on_disk": with_vector(mode="on_disk"),
}
HARMLESS = {
    "ours": BODY,
    "space type in the method": with_vector(space_type=None, method=method(space_type="l2")),
    "on_disk with 4x": with_vector(mode="on_disk", compression_level="4x"),
    "seven bits": with_vector(method=method(parameters={"encoder": {"name": "sq", "parameters": {"bits": 7}}})),
    "no vector": {"mappings": {"properties": {"a": {"type": "text"}}}},
    "nothing": {},
}


@pytest.mark.parametrize("name", DEADLY)
def test_what_kills_an_embedded_server_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(UnsafeMapping, match=r"'vector'.*native"):
        refuse_unsafe(DEADLY[name], embedded=True)
    refuse_unsafe(DEADLY[name], embedded=False)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_passes(name: str) -> None:
    refuse_unsafe(HARMLESS[name], embedded=True)


def test_a_vector_hidden_in_an_object_or_a_sub_field_is_found_too() -> None:
    bad = {"type": "knn_vector", "dimension": 3}
    for properties in (
        {"outer": {"properties": {"inner": bad}}},
        {"outer": {"type": "text", "fields": {"inner": bad}}},
    ):
        with pytest.raises(UnsafeMapping, match=r"outer\.inner"):
            refuse_unsafe({"mappings": {"properties": properties}}, embedded=True)
