"""Products, documents and filters of every odd kind."""

import numpy as np
from hypothesis import strategies as st

from indexer.records import Filter, Money, Photo, Product, Sale
from indexer.store.base import Document

# no lone surrogates: those are replaced on purpose, and have a test of their own
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
texts |= st.text('滑鼠連衣裙黑色T恤のソ <b>&amp;0.5l10"XL ', max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
figures = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**40), 2**40).map(float)
values = texts | figures | st.booleans() | st.lists(texts, max_size=3).map(tuple)
prices = st.builds(Money, st.integers(-(10**14), 10**14), st.sampled_from(["EUR", "JPY", "KWD", "CNY", "ZZZ"]))
moments = st.none() | st.integers(0, 2**60)
sales = st.builds(Sale, prices, moments, moments)
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
versions = st.integers(0, 2**63 - 1)


@st.composite
def products(draw: st.DrawFn) -> Product:
    return Product(
        id=draw(ids),
        title=draw(texts),
        description=draw(texts),
        brand=draw(texts),
        category=tuple(draw(st.lists(texts, max_size=3))),
        price=draw(st.none() | prices),
        sale=draw(st.none() | sales),
        stock=draw(st.none() | st.integers(-(2**62), 2**62)),
        gtin=draw(st.sampled_from(["", "4006381333931", "96385074", "no number"])),
        attributes=draw(st.dictionaries(names, values, max_size=4)),
        photos=tuple(map(Photo, draw(st.lists(texts, max_size=2)))),
        group=draw(texts),
        language=draw(st.sampled_from(["", "en", "zh-Hans"])),
        popularity=draw(st.none() | figures),
        version=draw(st.none() | versions),
        since=draw(st.none() | st.integers(-(2**62), 2**62)),
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    product = draw(st.none() | products())
    seed = draw(st.none() | st.integers(0, 2**32))
    row = None if seed is None or product is None else np.random.default_rng(seed).standard_normal(8).astype(np.float32)
    return Document(
        id=product.id if product else draw(ids),
        version=draw(versions),
        product=product,
        row=None if row is None else row / np.float32(np.linalg.norm(row)),
        photo_status=draw(st.sampled_from(["none", "used", "missing", "unusable", "remote"])) if product else "none",
        price_now=draw(st.none() | prices) if product else None,
    )


FIELDS = ("id", "gtin", "brand", "category", "currency", "language", "group", "in_stock", "price", "stock", "Colour", "weight")
filters = st.builds(
    Filter,
    st.sampled_from(FIELDS) | names,
    st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte"]),
    st.lists(texts | figures | st.booleans(), max_size=3).map(tuple),
)
