"""The one JSON shape of an answer."""

import json

from indexer.rank.as_json import answer_json
from indexer.records import Addend, Answer, Boundary, Degraded, FacetValue, Hit, Marked, Money, Photo, Product, Sale, Term

NOW = 1_767_312_000_000_000

FULL = Product(
    id="1",
    title="沙发 Sofa",
    description="soft",
    brand="Acme",
    category=("Home", "Sofas"),
    price=Money(1299, "EUR"),
    sale=Sale(Money(999, "EUR"), begins=NOW - 1, ends=None),
    gtin="4006381333931",
    stock=3,
    attributes={"colour": ("red", "blue"), "seats": 3.0, "new": True},
    photos=(Photo("http://shop.test/1.jpg"),),
    group="g",
    language="en",
    since=NOW,
)


def answer(*hits: Hit) -> Answer:
    return Answer(
        hits=hits,
        total=7,
        facets={"brand": (FacetValue("Acme", 7),)},
        page=2,
        per_page=1,
        strategy="msearch",
        blend="rrf",
        boundary=Boundary(kind="score", limit=0.42, candidates=9, relevant=7, capped=False),
        took_ms=1.23456,
        degraded=(Degraded("vector", "late"),),
        cursor="c",
    )


def test_an_answer_in_full() -> None:
    hit = Hit(
        id="1",
        score=0.75,
        terms=(Term("lexical", 0.75, 8.5, 1.0),),
        product=FULL,
        photo_status="used",
        variants=("2",),
        highlights={"title": (Marked("沙发 ", hit=False), Marked("Sofa", hit=True))},
        explanation=(Addend(0, "score", 0.75),),
        partly=True,
    )
    assert answer_json(answer(hit), moment=NOW) == {
        "hits": [
            {
                "id": "1",
                "score": 0.75,
                "terms": [{"name": "lexical", "value": 0.75, "raw": 8.5, "weight": 1.0}],
                "product": {
                    "title": "沙发 Sofa",
                    "description": "soft",
                    "brand": "Acme",
                    "gtin": "4006381333931",
                    "category": ["Home", "Sofas"],
                    "price": {"minor": 1299, "currency": "EUR", "amount": "12.99"},
                    "price_now": {"minor": 999, "currency": "EUR", "amount": "9.99"},
                    "sale": {
                        "price": {"minor": 999, "currency": "EUR", "amount": "9.99"},
                        "begins": "2026-01-01T23:59:59.999999+00:00",
                        "ends": None,
                    },
                    "stock": 3,
                    "attributes": {"colour": ["red", "blue"], "seats": 3.0, "new": True},
                    "photos": ["http://shop.test/1.jpg"],
                    "group": "g",
                    "language": "en",
                    "since": "2026-01-02T00:00:00.000Z",
                },
                "photo_status": "used",
                "variants": ["2"],
                "highlights": {"title": [{"text": "沙发 ", "hit": False}, {"text": "Sofa", "hit": True}]},
                "explanation": [{"depth": 0, "what": "score", "figure": 0.75}],
                "partly": True,
            }
        ],
        "total": 7,
        "boundary": {"kind": "score", "limit": 0.42, "candidates": 9, "relevant": 7, "capped": False},
        "degraded": [{"part": "vector", "reason": "late"}],
        "cursor": "c",
        "facets": {"brand": [{"value": "Acme", "count": 7}]},
        "page": 2,
        "per_page": 1,
        "strategy": "msearch",
        "blend": "rrf",
        "took_ms": 1.235,
    }


def test_json_takes_it_and_gives_it_back() -> None:
    hit = Hit(id="1", score=1 / 3, terms=(), product=FULL)
    told = answer_json(answer(hit), moment=NOW)
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_a_price_has_its_currencys_digits_and_none_is_null() -> None:
    prices = [Money(1500, "JPY"), Money(1500, "KWD"), Money(100, "EUR"), None]
    hits = [Hit(id=str(n), score=0, terms=(), product=Product(id=str(n), title="x", price=price)) for n, price in enumerate(prices)]
    told = [hit["product"]["price"] for hit in answer_json(answer(*hits), moment=NOW)["hits"]]
    assert [price and price["amount"] for price in told] == ["1500", "1.500", "1.00", None]
