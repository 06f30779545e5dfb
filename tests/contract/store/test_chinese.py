"""Chinese as shoppers write it, traditional or simplified: the same found by both stores, and little that was not meant."""

from collections.abc import Iterator

import pytest

from indexer.store.base import LexicalLeg, ProductStore
from indexer.store.memory import MemoryStore
from tests.contract.store.cases import document, identity, ids, words, write
from tests.contract.store.conftest import stores
from tests.contract.store.shelf import WANTED, shelf

UNMET = {"吹风机": {"hair"}}
"""电吹风 is the same thing by another name: that is for the vector, not for words."""


def filled(store: ProductStore) -> ProductStore:
    store.ensure(identity())
    assert set(write(store, [document(product) for product in shelf()])) == {"written"}
    return store


@pytest.fixture(scope="module", params=["memory", pytest.param("opensearch", marks=pytest.mark.live)])
def chinese(request: pytest.FixtureRequest) -> Iterator[ProductStore]:
    """A store that holds the shelf; its tests only read."""
    if request.param == "memory":
        yield filled(MemoryStore("t-shelf"))
        return
    with stores(request.getfixturevalue("opensearch_url")) as opener:
        yield filled(opener("t-shelf"))


@pytest.mark.parametrize("text", WANTED)
def test_what_is_meant_is_found(chinese: ProductStore, text: str) -> None:
    assert words(chinese, text) >= set(WANTED[text].split()) - UNMET.get(text, set())


def test_what_is_meant_comes_first(chinese: ProductStore) -> None:
    late = []
    for text, meant in WANTED.items():
        wanted = set(meant.split()) - UNMET.get(text, set())
        found = ids(chinese.ask([LexicalLeg(text=text)])[0].found)
        if set(found[: len(wanted)]) != wanted:
            late.append(text)
    assert late == []


def test_little_else_is_found(chinese: ProductStore) -> None:
    # Pairs of characters alone found 36 products here that nobody meant, and 50 of the 67 that were.
    noise = {text: words(chinese, text) - set(meant.split()) for text, meant in WANTED.items()}
    assert sum(map(len, noise.values())) <= 20
    single_words = ("连衣裙", "连衣裤", "运动鞋", "运动裤", "运动手环", "手机壳", "数据线", "鼠标垫", "T恤", "皮夹")
    assert {text: noise[text] for text in single_words} == {key: set() for key in single_words}


@pytest.mark.parametrize(
    ("one", "other"), [("滑鼠", "鼠标"), ("連衣裙", "连衣裙"), ("洋裝", "连衣裙"), ("隨身碟", "U盘"), ("泡麵", "方便面")]
)
def test_both_ways_of_writing_find_the_same(chinese: ProductStore, one: str, other: str) -> None:
    assert words(chinese, one) == words(chinese, other) != set()


@pytest.mark.live
def test_the_twin_finds_what_the_server_finds(opensearch_url: str) -> None:
    memory = filled(MemoryStore("t-shelf-twin"))
    with stores(opensearch_url) as opener:
        real = filled(opener("t-shelf-twin"))
        asked = [*WANTED, "nike 沙发 灰色 三人位", "T", "U盘 金属 便携 64GB", "沙发 no such thing at all", "鞋 男", "红色", "的", "1.5 米"]
        differing = {text: words(real, text) ^ words(memory, text) for text in asked if words(real, text) != words(memory, text)}
    assert differing == {}
