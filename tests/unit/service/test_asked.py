"""A page's address and its record say the same."""

import math
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import BadFilter, QueryError
from indexer.records import Answer, Boundary, FacetValue, Filter
from indexer.service.asked import Asked, asked, choice
from indexer.service.view import chips, facet_groups, steps

words = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)
numbers = st.integers(0, 10_000).map(str)
states = st.builds(
    Asked,
    text=st.lists(words, max_size=3).map(" ".join),
    chosen=st.dictionaries(words, st.lists(words, min_size=1, max_size=3, unique=True).map(tuple), max_size=3),
    written=st.lists(words, max_size=2).map(tuple),
    low=st.just("") | numbers,
    high=st.just("") | numbers,
    photo=st.just("") | words,
    lean=st.integers(0, 100),
    page=st.integers(1, 500),
)


def read(address: str) -> Asked:
    return asked(parse_qsl(urlsplit(address).query, keep_blank_values=True))


@given(states)
def test_an_address_reads_back_as_what_it_was_made_from(state: Asked) -> None:
    again = read(state.address())
    expected = state if state.photo else Asked(**{**{name: getattr(state, name) for name in Asked.__slots__}, "lean": 50})
    assert again == expected


@given(states, words, words)
def test_ticking_twice_is_ticking_never(state: Asked, field: str, value: str) -> None:
    if value not in state.chosen.get(field, ()):
        twice = state.toggled(field, value).toggled(field, value)
        assert {name: values for name, values in twice.chosen.items() if values} == dict(state.chosen)
        assert twice.page == 1


@given(states)
def test_every_chip_drops_exactly_one_filter(state: Asked) -> None:
    distinct = sum(map(len, state.chosen.values())) + len(set(state.written)) + bool(state.low or state.high)
    shown = chips(state)
    assert len({chip.address for chip in shown}) == distinct or len(state.written) != len(set(state.written))
    for chip in shown:
        assert len(chips(read(chip.address))) < len(shown)


@given(states)
def test_without_filters_nothing_is_narrowed(state: Asked) -> None:
    plain = state.without_filters()
    assert not plain.narrowed
    assert (plain.text, plain.photo, plain.page) == (state.text, state.photo, 1)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_in_a_facet_is_found_as_number_and_as_text(number: float) -> None:
    shown = str(number)
    assert choice("weight", [shown]).values == (shown, number)


def test_facet_values_mean_what_their_field_is() -> None:
    assert choice("in_stock", ["true"]) == Filter("in_stock", "eq", (True,))
    assert choice("brand", ["42"]) == Filter("brand", "eq", ("42",))
    assert choice("season", ["false"]) == Filter("season", "eq", ("false", False))
    assert all(math.isfinite(value) for value in choice("x", ["inf", "1e999"]).values if isinstance(value, float))


def test_the_slider_weighs_words_and_photo() -> None:
    state = Asked(text="red", chosen={}, lean=80)
    both = state.query(b"photo", ["brand"])
    assert [both.text_weight, both.photo_weight] == pytest.approx([0.4, 1.6])
    alone = state.query(None, [])
    assert (alone.text_weight, alone.photo_weight) == (1.0, 1.0)


@pytest.mark.parametrize("bad", ["cheap", "-1", "nan", "inf", "1e30"])
def test_prices_are_numbers(bad: str) -> None:
    with pytest.raises(BadFilter):
        Asked(chosen={}, low=bad).filters()


@pytest.mark.parametrize(
    ("name", "bad"), [("page", "0"), ("page", "x"), ("page", "-1"), ("page", "²"), ("lean", "101"), ("page", "9" * 50)]
)
def test_whole_numbers_have_bounds(name: str, bad: str) -> None:
    with pytest.raises(QueryError):
        asked([(name, bad)])


def answer(total: int, page: int, **facets: list[tuple[str, int]]) -> Answer:
    counted = {name: tuple(FacetValue(*value) for value in values) for name, values in facets.items()}
    return Answer(
        hits=(),
        total=total,
        facets=counted,
        page=page,
        per_page=24,
        strategy="msearch",
        blend="min_max",
        boundary=Boundary(kind="all", limit=None, candidates=total, relevant=total, capped=False),
        took_ms=1,
    )


@given(st.integers(0, 2000), st.integers(1, 100))
def test_the_pager_leads_to_existing_pages_only(total: int, page: int) -> None:
    last = max(1, -(-total // 24))
    shown = steps(answer(total, page), Asked(chosen={}, page=page))
    assert bool(shown) is (last > 1)
    pages = [read(step.address).page for step in shown if step.address]
    assert all(1 <= number <= last for number in pages)
    assert sum(step.current for step in shown) == (1 if last > 1 and page <= last else 0)


def test_facets_worth_showing() -> None:
    told = answer(
        9,
        1,
        sku=[("a", 1), ("b", 1), ("c", 1)],
        one=[("only", 9)],
        size=[("S", 3), ("M", 2)],
        colour=[("red", 5), ("blue", 4)],
        brand=[("Nike", 2), ("Asics", 1)],
        category=[("A", 5), ("B", 4), ("A > x", 3), ("B > y", 4)],
    )
    groups = facet_groups(told, Asked(chosen={"one": ("only",)}))
    assert [group.field for group in groups] == ["category", "brand", "one", "colour", "size"]
    assert [(choice.label, choice.depth) for choice in groups[0].first] == [("A", 0), ("x", 1), ("B", 0), ("y", 1)]


def test_a_ticked_value_is_never_behind_the_fold() -> None:
    many = [(f"v{n:02}", 40 - n) for n in range(30)]
    told = answer(30, 1, colour=many, category=[(f"c{n:02}", 40 - n) for n in range(30)])
    colour = facet_groups(told, Asked(chosen={"colour": ("v25", "gone")}))[1]
    assert [(choice.value, choice.count) for choice in colour.first[:2]] == [("v25", 15), ("gone", 0)]
    assert len(colour.first) == 8
    category = facet_groups(told, Asked(chosen={"category": ("c20",)}))[0]
    assert "c20" in [choice.value for choice in category.first]
