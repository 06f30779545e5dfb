"""Newness in a score: by hand, and what it may never do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.dates import DAY
from indexer.rank.blend import Ranked, Ranking, blended
from indexer.rank.explain import explained
from indexer.rank.recency import newer_up
from indexer.rank.rules import RECENCY
from indexer.records import Term

NOW = 20_000 * DAY + 12_345


def ranked(**scores: float) -> list[Ranked]:
    return [Ranked(id_, score, (Term("lexical", score, 3.0, 1.0),)) for id_, score in sorted(scores.items(), key=lambda pair: -pair[1])]


def put(order: list[Ranked], ages: dict[str, int | None], *, most: float = 0.1, half_life: float = 90) -> list[Ranked]:
    since = {id_: None if age is None else NOW - age * DAY for id_, age in ages.items()}
    return newer_up(order, since.get, moment=NOW, most=most, half_life=half_life)


def test_by_hand() -> None:
    first, second, third = put(ranked(old=0.80, new=0.78, unknown=0.5), {"old": 180, "new": 0, "unknown": None})
    assert (first.id, second.id, third.id) == ("new", "old", "unknown")
    assert first.score == pytest.approx(0.9 * 0.78 + 0.1 * 0.8)
    assert second.score == pytest.approx(0.9 * 0.8 + 0.1 * 0.8 / 4)
    assert third.score == pytest.approx(0.45)
    assert first.terms[1] == Term(RECENCY, 0.1 * 0.8, 0.0, 0.1 * 0.8)
    assert second.terms[1].raw == 180
    assert [term.name for term in third.terms] == ["lexical"]


def test_what_leads_by_more_stays_ahead_however_old() -> None:
    assert [one.id for one in put(ranked(old=0.80, new=0.70), {"old": None, "new": 0})] == ["old", "new"]


@pytest.mark.parametrize("age", [-1, -4000])
def test_what_is_still_to_come_is_not_new(age: int) -> None:
    (one,) = put(ranked(a=0.5), {"a": age})
    assert [term.name for term in one.terms] == ["lexical"]


def test_the_order_holds_all_day_long() -> None:
    order = ranked(a=0.8, b=0.8)
    since = {"a": NOW - 3 * DAY, "b": NOW - 3 * DAY + 5}.get
    told = [newer_up(order, since, moment=NOW - 12_345 + more, most=0.2, half_life=30) for more in (0, DAY // 2, DAY - 1)]
    assert told[0] == told[1] == told[2]
    assert newer_up(order, since, moment=NOW + DAY, most=0.2, half_life=30) != told[0]


def test_nothing_to_give_changes_nothing() -> None:
    order = ranked(a=0.5, b=0.4)
    assert put(order, {"a": 3, "b": 1}, most=0.0) == order
    assert put([], {}) == []
    browsed = [Ranked("a", 0.0, ()), Ranked("b", 0.0, ())]
    assert put(browsed, {"a": 9, "b": 0}) == browsed


@pytest.mark.parametrize("age", [0, 45, 90, 365])
def test_explained_in_words_that_add_up(age: int) -> None:
    (one,) = put(ranked(a=0.6), {"a": age})
    lines = explained(one, blend="min_max", fields={}, parts={})
    assert sum(line.figure for line in lines if line.depth == 1) == pytest.approx(lines[0].figure)
    assert lines[2].what == f"newness: {age} days give a share of {0.5 ** (age / 90):.2f} by their half-life, times weight 0.06"


def test_newness_does_not_count_as_a_leg() -> None:
    near = blended([Ranking("vector", 1.0, {"a": 0.9, "b": 0.2})], blend="min_max")
    told = put(near, {"a": 0, "b": 0})
    assert [one.nearness for one in told] == [0.9, 0.2]


scores = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1), min_size=1)
ages = st.fixed_dictionaries({id_: st.none() | st.integers(-5, 3000) for id_ in "abcdefgh"})


@given(scores, ages, st.floats(0, 0.5), st.floats(0.1, 1000))
def test_bounded_whatever_the_dates(given_scores: dict[str, float], dates: dict[str, int | None], most: float, half_life: float) -> None:
    before = ranked(**given_scores)
    after = put(before, dates, most=most, half_life=half_life)
    best = before[0].score
    assert sorted(one.id for one in after) == sorted(given_scores)
    for one in after:
        assert 0 <= one.score <= best * (1 + 1e-12)
        assert one.score == sum(term.value for term in one.terms)
        assert one.score == pytest.approx((1 - most) * given_scores[one.id], abs=most * best + 1e-12)
    assert [one.score for one in after] == sorted((one.score for one in after), reverse=True)
    reach = most / (1 - most) * best
    for place, ahead in enumerate(after):
        for behind in after[place + 1 :]:
            assert given_scores[ahead.id] >= given_scores[behind.id] - reach - 1e-9


@given(scores, ages)
def test_the_younger_of_two_equals_never_stands_behind(given_scores: dict[str, float], dates: dict[str, int | None]) -> None:
    equal = dict.fromkeys(given_scores, 0.7)
    after = put(ranked(**equal), dates)
    known = [age for one in after if (age := dates[one.id]) is not None and age >= 0]
    assert known == sorted(known)
