"""Wrong kinds, prices and photos that were put in on purpose are found, and sound listings are left alone."""

import numpy as np
import pytest

from indexer.learn.listings import Listing
from indexer.learn.mislabelled import mislabelled
from indexer.learn.neighbours import Near, nearest
from indexer.learn.outliers import FACTOR, odd_photos, odd_prices
from indexer.vectors import Rows
from tests.unit.learn.listed import clouds, listing


def test_flipped_labels_are_found_first() -> None:
    kinds, rows = clouds({"shoes": 60, "hats": 60, "shirts": 60})
    ids = list(map(str, range(len(kinds))))
    near = nearest(rows, k=10)
    assert not list(mislabelled(ids, kinds, near))
    flipped = {3: "hats", 70: "shirts", 150: "shoes"}
    spoilt = [flipped.get(place, kind) for place, kind in enumerate(kinds)]
    found = list(mislabelled(ids, spoilt, near))
    assert {int(one.id) for one in found} == set(flipped)
    assert {one.evidence["likelier"] for one in found} == {"shoes", "hats", "shirts"}
    assert all(0 < one.score <= 1 and one.evidence["neighbours"] for one in found)


def test_a_muddled_kind_accuses_fewer() -> None:
    """Two kinds over one cloud: no neighbour speaks clearly, so hardly anything is found."""
    kinds, rows = clouds({"a": 80, "b": 80})
    mixed = [("x", "y")[place % 2] if kind == "a" else "b" for place, kind in enumerate(kinds)]
    found = list(mislabelled(list(map(str, range(160))), mixed, nearest(rows, k=10)))
    assert all(one.evidence["likelier"] != "b" for one in found)
    assert all(one.score < 0.9 for one in found)


def test_a_small_kind_can_hold_its_own_beside_a_large_one() -> None:
    kinds, rows = clouds({"rare": 4, "common": 200})
    assert not list(mislabelled(list(map(str, range(204))), kinds, nearest(rows, k=20)))


@pytest.mark.parametrize("kinds", [["a"] * 6, [""] * 6, ["a", "a", "a", "a", "b", "b"]])
def test_without_two_kinds_nothing_is_said(kinds: list[str]) -> None:
    _, rows = clouds({"a": 6})
    assert not list(mislabelled(list("123456"), kinds, nearest(rows, k=3)))


def test_listings_without_a_kind_have_no_voice() -> None:
    kinds, rows = clouds({"a": 20, "": 20, "b": 20})
    assert not list(mislabelled(list(map(str, range(60))), kinds, nearest(rows, k=10)))


def priced(sizes: dict[str, int], middles: dict[str, int], seed: int = 1) -> tuple[list[Listing], Rows]:
    kinds, rows = clouds(sizes)
    random = np.random.default_rng(seed)
    cents = [round(middles[kind] * float(np.exp(random.normal(scale=0.25)))) for kind in kinds]
    return [listing(str(place), kind=kind, cents=one) for place, (kind, one) in enumerate(zip(kinds, cents, strict=True))], rows


def test_slipped_decimals_are_found_and_dear_kinds_are_not() -> None:
    listings, rows = priced({"phones": 60, "cables": 60}, {"phones": 50_000, "cables": 900})
    near = nearest(rows, k=10)
    assert not list(odd_prices(listings, near))
    assert listings[5].price
    assert listings[80].price
    listings[5] = listing("5", kind="phones", cents=listings[5].price.minor // 100)
    listings[80] = listing("80", kind="cables", cents=listings[80].price.minor * 100)
    found = {one.id: one for one in odd_prices(listings, near)}
    assert set(found) == {"5", "80"}
    assert "below" in found["5"].reason
    assert found["80"].evidence["factor"] == pytest.approx(100, rel=1)


def test_equal_prices_all_round_accuse_nobody_of_a_few_per_cent() -> None:
    _, rows = clouds({"a": 30})
    listings = [listing(str(place), cents=1000 if place else 1400) for place in range(30)]
    assert not list(odd_prices(listings, nearest(rows, k=10)))
    dear = [listing(str(place), cents=1000 if place else int(1000 * FACTOR * 1.1)) for place in range(30)]
    assert [one.id for one in odd_prices(dear, nearest(rows, k=10))] == ["0"]


def test_where_neighbours_are_too_few_the_kind_judges() -> None:
    far = Near(np.zeros((9, 1), dtype=np.intp), np.zeros((9, 1), dtype=np.float32))
    listings = [listing(str(place), kind="cup", cents=500 + 20 * place) for place in range(8)] + [listing("8", kind="cup", cents=90_000)]
    (one,) = odd_prices(listings, far)
    assert (one.id, "others of kind cup" in one.reason) == ("8", True)


def test_other_currencies_and_free_things_are_not_compared() -> None:
    _, rows = clouds({"a": 12})
    near = nearest(rows, k=10)
    assert not list(odd_prices([listing(str(place), cents=0 if place % 2 else 1000) for place in range(12)], near))
    assert not list(odd_prices([listing(str(place)) for place in range(12)], near))


def test_a_photo_of_something_else_is_found() -> None:
    kinds, rows = clouds({"shoes": 40, "hats": 40})
    listings = [listing(str(place), kind=kind) for place, kind in enumerate(kinds)]
    rows[7] = rows[60]
    found = list(odd_photos(listings, rows, range(80)))
    assert [one.id for one in found] == ["7"]
    assert found[0].evidence["kind"] == "shoes"


def test_small_kinds_have_no_odd_photo() -> None:
    kinds, rows = clouds({"a": 5})
    assert not list(odd_photos([listing(str(place), kind=kind) for place, kind in enumerate(kinds)], rows, range(5)))
