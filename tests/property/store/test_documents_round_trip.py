"""A document survives the index; its lines are JSON whatever it holds; bulk splitting keeps order and bounds."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.records import Product
from indexer.store.base import Document
from indexer.store.bulk import Line, chunks, document_line
from indexer.store.documents import READ_BACK, from_source, row_json, to_source
from indexer.text import DEFAULT
from tests.property.store.strategies import documents, products, versions


def through_the_wire(document: Document) -> dict[str, object]:
    action, source = document_line(document, 0, width=8).data.decode().removesuffix("\n").split("\n")
    assert json.loads(action) == {"index": {"_id": document.id, "version": document.version, "version_type": "external"}}
    loaded: dict[str, object] = json.loads(source)
    return loaded


@given(documents())
def test_a_document_survives_the_index(document: Document) -> None:
    back = from_source(through_the_wire(document))
    assert (back.id, back.version, back.product, back.photo_status, back.price_now) == (
        document.id,
        document.version,
        document.product,
        document.photo_status,
        document.price_now,
    )
    assert (back.row is None) == (document.row is None)
    if back.row is not None and document.row is not None:
        assert np.abs(back.row - document.row).max() <= 1e-6


@given(documents())
def test_what_a_search_asks_for_is_enough_to_read_a_product_back(document: Document) -> None:
    source = {name: value for name, value in through_the_wire(document).items() if name in READ_BACK}
    assert from_source(source).product == document.product


@given(products(), versions)
def test_only_a_tombstone_says_deleted(product: Product, version: int) -> None:
    assert to_source(Document(id=product.id, version=version, product=product))["deleted"] is False
    assert to_source(Document(id=product.id, version=version, product=None)) == {"id": product.id, "version": version, "deleted": True}


@given(documents())
def test_no_token_is_too_long_for_the_index(document: Document) -> None:
    long = (
        document
        if document.product is None
        else replace(document, product=replace(document.product, brand="b" * 99_999, category=("c" * 99_999,)))
    )
    for name, value in to_source(long).items():
        if name in ("brand", "category", "currency", "language", "group", "attributes", "attribute_names", "attribute_numbers"):
            assert all(len(one) <= 1024 for one in (value if isinstance(value, list) else [value]))


@given(st.integers(0, 2**32), st.integers(1, 600), st.floats(1e-6, 1e6))
def test_a_row_loses_nothing(seed: int, width: int, scale: float) -> None:
    row = (scale * np.random.default_rng(seed).standard_normal(width)).astype(np.float32)
    assert np.array_equal(np.array(json.loads(row_json(row)), dtype=np.float32), row)


@given(documents())
def test_what_is_indexed_is_clean(document: Document) -> None:
    source = to_source(document)
    if document.product is None:
        return
    texts = [source["title"], source.get("description", ""), *source.get("category_text", ()), *source.get("attribute_text", ())]
    assert [DEFAULT.indexed(text) for text in texts] == texts
    for name in ("zh_title", "zh_words"):
        assert " ".join(source.get(name, "").split()) == source.get(name, "")


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 120))
def test_chunks_keep_order_and_stay_below_the_limit(sizes: list[int], limit: int) -> None:
    lines = [Line(place, str(place), 1, b"x" * size) for place, size in enumerate(sizes)]
    made = list(chunks(lines, bulk_bytes=limit))
    assert [line for chunk in made for line in chunk] == lines
    assert all(chunk for chunk in made)
    assert all(sum(len(line.data) for line in chunk) <= limit or len(chunk) == 1 for chunk in made)
    for first, second in pairwise(made):
        assert sum(len(line.data) for line in first) + len(second[0].data) > limit
