"""Suggestions while a shopper types, read from the products that the typed words find: only what there is can be suggested."""

from collections import Counter
from collections.abc import Iterable, Iterator

from indexer.rank.facets import PATH
from indexer.records import Answer, Product, Suggestion
from indexer.text.cleaning import Cleaning

FEW = 2
"""Brands and categories at most, each: a product's title says more."""


def suggested(answer: Answer, text: str, *, size: int, cleaning: Cleaning) -> tuple[Suggestion, ...]:
    """At most `size` suggestions: brands and categories, the most frequent first, then titles in the answer's order.

    A brand or category must have what was typed at the beginning of a word. Each text comes once, however it is spelt.
    """
    typed = _plain(text, cleaning)
    if not typed:
        return ()
    products = [hit.product for hit in answer.hits]
    told: dict[str, Suggestion] = {}
    for one in (*_brands(products, typed, cleaning), *_categories(products, typed, cleaning), *_titles(products)):
        told.setdefault(_plain(one.text, cleaning), one)
    return tuple(told.values())[:size]


def _brands(products: Iterable[Product], typed: str, cleaning: Cleaning) -> Iterator[Suggestion]:
    for brand in _frequent((product.brand for product in products), typed, cleaning):
        yield Suggestion("brand", brand, filter=f"brand={_quoted(brand)}")


def _categories(products: Iterable[Product], typed: str, cleaning: Cleaning) -> Iterator[Suggestion]:
    paths = (PATH.join(product.category[: depth + 1]) for product in products for depth in range(len(product.category)))
    for path in _frequent(paths, typed, cleaning):
        yield Suggestion("category", path, filter=f"category={_quoted(path)}")


def _titles(products: Iterable[Product]) -> Iterator[Suggestion]:
    return (Suggestion("product", product.title, id=product.id) for product in products)


def _frequent(texts: Iterable[str], typed: str, cleaning: Cleaning) -> list[str]:
    """The most frequent of those whose last level has a word that begins with what was typed."""
    counts = Counter(text for text in texts if text and _begins(_plain(text.rpartition(PATH)[2], cleaning), typed))
    return sorted(counts, key=lambda text: (-counts[text], text))[:FEW]


def _begins(text: str, typed: str) -> bool:
    return text.startswith(typed) or f" {typed}" in text or (not typed.isascii() and typed in text)


def _plain(text: str, cleaning: Cleaning) -> str:
    return " ".join(cleaning.indexed(text).casefold().split())


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
