"""What the store's contract tests share: a small catalogue and short ways to write and ask."""

from collections.abc import Sequence

import numpy as np

from indexer.records import Filter, Money, Photo, Product
from indexer.store.base import Document, ExactLeg, Found, LexicalLeg, ProductStore, VectorLeg
from indexer.store.identity import Identity
from indexer.vectors import Row

WIDTH = 64


def identity(width: int = WIDTH, *, ledger: str = "ledger-1", text: str = "text-1", fusion: str = "fusion-1") -> Identity:
    return Identity(ledger=ledger, text=text, photo="photo-1", fusion=fusion, width=width)


def row(seed: int, width: int = WIDTH) -> Row:
    made = np.random.default_rng(seed).standard_normal(width)
    return np.asarray(made / np.linalg.norm(made), dtype=np.float32)


def document(product: Product, *, version: int = 1, vector: Row | None = None) -> Document:
    return Document(id=product.id, version=version, product=product, row=vector, photo_status="none")


def write(store: ProductStore, documents: Sequence[Document]) -> list[str]:
    """The outcomes, once all is searchable."""
    outcomes = [written.outcome for written in store.write(documents)]
    store.refresh()
    return outcomes


def ids(found: Sequence[Found]) -> list[str]:
    return [one.id for one in found]


def browse(store: ProductStore, *filters: Filter, size: int = 100) -> list[str]:
    return ids(store.ask([LexicalLeg(text="", filters=filters, size=size)])[0].found)


def words(store: ProductStore, text: str, *filters: Filter) -> set[str]:
    return set(ids(store.ask([LexicalLeg(text=text, filters=filters)])[0].found))


def nearest(store: ProductStore, vector: Row, *filters: Filter, size: int = 100) -> list[Found]:
    return list(store.ask([VectorLeg(row=vector, filters=filters, size=size)])[0].found)


def exact(store: ProductStore, vector: Row, *names: str) -> dict[str, float]:
    return {one.id: one.score for one in store.ask([ExactLeg(row=vector, ids=names)])[0].found}


CATALOGUE: tuple[Product, ...] = (
    Product(
        id="sofa-grey",
        title="Grey fabric sofa",
        description="A comfortable sofa for three people, with wooden legs.",
        brand="Müller",
        category=("Home", "Sofas"),
        price=Money(49_900, "EUR"),
        stock=3,
        attributes={"Colour": "Grey", "seats": 3.0, "washable": True, "materials": ("Wood", "Linen")},
        photos=(Photo("/photos/sofa.jpg"),),
        group="sofa",
        language="en",
        popularity=12.5,
        version=7,
    ),
    Product(
        id="sofa-zh",
        title="北欧布艺沙发 三人位",
        description="适合小户型客厅",
        brand="宜家",
        category=("家居", "沙发"),
        price=Money(299_900, "CNY"),
        stock=0,
        attributes={"颜色": "灰色", "seats": 3.0, "washable": False},
        group="sofa",
        language="zh",
    ),
    Product(
        id="shoes",
        title="Nike Pegasus running shoes",
        description="Light shoes for long runs <b>on the road</b>.",
        brand="Nike",
        category=("Sport", "Shoes"),
        price=Money(12_999, "USD"),
        stock=120,
        attributes={"Colour": ("Red", "Black"), "weight": 0.28, "size": "42"},
        language="en",
        popularity=80.0,
    ),
    Product(
        id="camera",
        title="Polaroid 数码相机 instant camera",
        description="即拍即得",
        brand="Polaroid",
        category=("Electronics", "Cameras"),
        price=Money(7, "EUR"),
        attributes={"weight": -1.5, "megapixels": 12.0},
        photos=(Photo("https://example.com/camera.jpg"),),
    ),
    Product(id="bare", title="Teapot"),
)
ROWS = {product.id: row(number) for number, product in enumerate(CATALOGUE) if product.id != "bare"}


def catalogue_documents() -> list[Document]:
    return [document(product, vector=ROWS.get(product.id)) for product in CATALOGUE]
