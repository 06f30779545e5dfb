"""Newness in answers, over every store: bounded, explained, and standing still under a cursor."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from indexer.dates import DAY, microseconds
from indexer.errors import CursorGone
from indexer.fuse.base import PartRow
from indexer.query.cursor import read, written
from indexer.rank.rules import RECENCY
from indexer.read_path import Searcher
from indexer.records import Answer, Filter, Product, Query, Sort, Strategy
from indexer.settings import SearchSettings
from indexer.store.base import Document
from tests.contract.read_path.generated import STORES, Wing, ids, opened
from tests.contract.read_path.shop import PIXELS, ending

TODAY = microseconds("2026-01-15T10:00:00Z")
AGES = {"new": 0, "month": 30, "year": 365, "coming": -10, "unknown": None}
PLAIN = SearchSettings(bound="all", enough=0)
NEWER = PLAIN.model_copy(update={"recency": 0.2, "recency_days": 30.0})
STRATEGIES: tuple[Strategy, ...] = ("msearch", "rescore", "exact", "lexical", "vector")


def products() -> list[Product]:
    """Equal words, so that only newness says who is first; and one that fits better."""
    dated = [Product(id=f"lamp-{name}", title="brass lamp", since=None if age is None else TODAY - age * DAY) for name, age in AGES.items()]
    return [*dated, Product(id="best", title="brass lamp brass lamp shade", description="brass lamp", since=TODAY - 4000 * DAY)]


@pytest.fixture(scope="module", params=STORES)
def wing(request: pytest.FixtureRequest) -> Iterator[Wing]:
    for made in opened(request):
        text = made.encoders.text
        documents = [
            Document(
                id=one.id, version=1, product=one, row=made.encoders.fuse([PartRow("title", text.encode([one.title], side="product")[0])])
            )
            for one in products()
        ]
        made.shop.write(documents)
        made.shop.refresh()
        yield made


def lamps(**more: object) -> Query:
    return Query(text="brass lamp", filters=(Filter("id", "ne", ("other",)),), **more)  # type: ignore[arg-type]


def asked(wing: Wing, settings: SearchSettings, query: Query, filters: Sequence[str] = ()) -> Answer:
    with ending(Searcher(wing.shop, wing.encoders, settings=settings, photo_pixels=PIXELS)) as searcher:
        return searcher.search(query, filters=filters)


def at(wing: Wing, query: Query, moment: int, settings: SearchSettings = NEWER) -> Query:
    """The query as a further page of an answer that was begun at that moment."""
    first = asked(wing, settings, replace(query, freeze=True))
    point, _ = read(first.cursor, query)
    return replace(query, cursor=written(point, query, moment=moment))


def ages(wing: Wing, query: Query, moment: int) -> dict[str, float]:
    hits = asked(wing, NEWER, at(wing, query, moment)).hits
    return {hit.id: term.raw for hit in hits for term in hit.terms if term.name == RECENCY}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_newer_of_equals_stands_before_the_older(wing: Wing, strategy: Strategy) -> None:
    answer = asked(wing, NEWER, at(wing, lamps(strategy=strategy), TODAY))
    order = [id_.removeprefix("lamp-") for id_ in ids(answer) if id_.startswith("lamp-")]
    assert order[:3] == ["new", "month", "year"]
    assert set(order[3:]) == {"coming", "unknown"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_changes_order_and_scores_within_its_bound_and_nothing_else(wing: Wing, strategy: Strategy) -> None:
    query = lamps(strategy=strategy, facets=("brand",), explain=True)
    plain = asked(wing, PLAIN, query)
    newer = asked(wing, NEWER, query)
    before = {hit.id: hit.score for hit in plain.hits}
    assert sorted(ids(newer)) == sorted(before)
    assert (newer.total, newer.facets, newer.boundary) == (plain.total, plain.facets, plain.boundary)
    for hit in newer.hits:
        assert hit.score == sum(term.value for term in hit.terms)
        assert hit.score == pytest.approx(0.8 * before[hit.id], abs=0.2 * max(before.values()) + 1e-6)
        first, *others = hit.explanation
        assert sum(line.figure for line in others if line.depth == 1) == pytest.approx(first.figure)


def test_without_the_setting_no_score_knows_of_it(wing: Wing) -> None:
    answer = asked(wing, PLAIN, lamps())
    assert not [term for hit in answer.hits for term in hit.terms if term.name == RECENCY]


def test_the_moment_is_the_cursors(wing: Wing) -> None:
    query = lamps()
    assert ages(wing, query, TODAY) == {"lamp-new": 0, "lamp-month": 30, "lamp-year": 365, "best": 4000}
    later = ages(wing, query, TODAY + 30 * DAY)
    assert later == {"lamp-new": 30, "lamp-month": 60, "lamp-year": 395, "lamp-coming": 20, "best": 4030}


def test_pages_of_a_frozen_answer_fit_together_whatever_the_clock_says(wing: Wing) -> None:
    query = at(wing, lamps(per_page=2), TODAY - 3 * DAY)
    whole = asked(wing, NEWER, replace(query, per_page=10))
    pages = [asked(wing, NEWER, replace(query, page=page)) for page in (1, 2, 3)]
    assert [hit.id for page in pages for hit in page.hits] == ids(whole)
    assert [hit.score for page in pages for hit in page.hits] == pytest.approx([hit.score for hit in whole.hits], abs=1e-6)
    assert {page.cursor for page in pages} == {query.cursor}


@pytest.mark.parametrize("moment", ["soon", 1.5, None, True])
def test_a_cursor_with_another_thing_for_a_moment_is_refused(wing: Wing, moment: object) -> None:
    query = lamps()
    point, _ = read(at(wing, query, TODAY).cursor, query)
    forged = written(point, query, moment=moment)  # type: ignore[arg-type]
    with pytest.raises(CursorGone, match="no cursor"):
        asked(wing, NEWER, replace(query, cursor=forged))


@pytest.mark.parametrize("descending", [True, False])
def test_sorted_by_date_those_without_one_come_last(wing: Wing, descending: bool) -> None:
    answer = asked(wing, PLAIN, lamps(sort=(Sort("since", descending),)))
    dated = ["lamp-coming", "lamp-new", "lamp-month", "lamp-year", "best"]
    assert ids(answer) == [*(dated if descending else dated[::-1]), "lamp-unknown"]


def test_filtered_by_days(wing: Wing) -> None:
    answer = asked(wing, PLAIN, lamps(), filters=["since=2025-12-01..2026-01-15"])
    assert set(ids(answer)) == {"lamp-new", "lamp-month"}


def test_browsing_keeps_its_order(wing: Wing) -> None:
    assert ids(asked(wing, NEWER, Query())) == ids(asked(wing, PLAIN, Query()))
