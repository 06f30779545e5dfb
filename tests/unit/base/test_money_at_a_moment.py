"""What a product costs at a moment, and when that changes next."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.money import next_change, price_at
from indexer.records import Money, Sale

REGULAR, REDUCED = Money(2000, "EUR"), Money(1500, "EUR")
moments = st.integers(0, 10)
bounds = st.none() | moments


@given(bounds, bounds, moments)
def test_a_sale_holds_from_its_begin_until_before_its_end(begins: int | None, ends: int | None, moment: int) -> None:
    inside = (begins is None or begins <= moment) and (ends is None or moment < ends)
    assert price_at(REGULAR, Sale(REDUCED, begins, ends), moment=moment) == (REDUCED if inside else REGULAR)


@given(bounds, bounds, moments)
def test_between_now_and_the_next_change_the_price_stays(begins: int | None, ends: int | None, moment: int) -> None:
    sale = Sale(REDUCED, begins, ends)
    change = next_change(sale, moment=moment)
    end = 12 if change is None else change
    assert end > moment
    assert len({price_at(REGULAR, sale, moment=between) for between in range(moment, end)}) == 1


def test_without_a_sale_nothing_changes() -> None:
    assert price_at(REGULAR, None, moment=0) == REGULAR
    assert price_at(None, None, moment=0) is None
    assert next_change(None, moment=0) is None
