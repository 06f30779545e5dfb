"""A trial between gate and switch: who asks the new index, what is shown, what is counted, and how it ends."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.encode.profile import of_profile
from indexer.errors import CursorGone, LedgerError, StoreUnavailable
from indexer.ledger.base import Step, Upgrade
from indexer.observe import RunObserver
from indexer.operate.evidence import Evidence
from indexer.operate.following import AsyncFollowingSearcher, FollowingSearcher
from indexer.operate.part import WAITING
from indexer.operate.trial import Arm, Tally, drawn, forget_tallies, overlap, read_tallies
from indexer.query.cursor import point_of
from indexer.read.known import Known
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Answer, Query
from indexer.settings import SearchSettings
from indexer.store.base import Leg, LegAnswer, ProductReader
from indexer.store.identity import Coming
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import AsyncTwin
from tests.unit.operate.renewed import Renewed, encoders_of

ROWS: list[dict[str, object]] = [{"id": f"p{n:02}", "title": f"chair {n} of oak", "stock": n} for n in range(40)]
PASSED = Evidence(passed=True, by="overlap", figures={})
FAILED = Evidence(passed=False, by="overlap", figures={}, against=("too little",))
COMING = Coming("products-000002", "{}", 0.3)
SETTINGS = SearchSettings()
PIXELS = 1_000_000


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Renewed]:
    shop = Renewed(tmp_path)
    shop.feed(ROWS)
    shop.drain()
    yield shop
    shop.close()


def ready(shop: Renewed) -> Upgrade:
    """An upgrade that the gate let pass."""
    upgrade = shop.begin()
    shop.drain()
    return shop.upgrades.judge(upgrade, PASSED)


class Asked(MemoryStore):
    """A store over one index that notes what it is asked, and may fail."""

    def __init__(self, store: MemoryStore, *, error: Exception | None = None) -> None:
        super().__init__()
        self._of, self._error = store, error
        self.times = 0

    def describe(self, *, fresh: bool = False):  # type: ignore[no-untyped-def]  # noqa: ANN201 - as the twin's
        return self._of.describe(fresh=fresh)

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        self.times += 1
        if self._error is not None:
            raise self._error
        return self._of.ask(legs, point=point)

    def open_point(self, *, keep_s: float) -> str:
        return self._of.open_point(keep_s=keep_s)

    def close(self) -> None:
        self.times += 0


class Sides:
    """Searchers of one shop whose two indices note what they are asked."""

    def __init__(self, shop: Renewed, folder: Path, *, error: Exception | None = None) -> None:
        self.old, self.new = Asked(shop.store), Asked(shop.store.at("products-000002"), error=error)
        self.known = Known(encoders_of(shop.own), lambda profile: encoders_of(of_profile(profile, shop.own)))
        self.folder = folder

    def threads(self) -> FollowingSearcher:
        searcher = FollowingSearcher(self.old, self.known, settings=SETTINGS, photo_pixels=PIXELS)
        searcher.take_part(lambda _: Searcher(self.new, self.known, settings=SETTINGS, photo_pixels=PIXELS), self.folder)
        return searcher

    def loop(self) -> AsyncFollowingSearcher:
        searcher = AsyncFollowingSearcher(AsyncTwin(self.old), self.known, settings=SETTINGS, photo_pixels=PIXELS)
        searcher.take_part(lambda _: AsyncSearcher(AsyncTwin(self.new), self.known, settings=SETTINGS, photo_pixels=PIXELS), self.folder)
        return searcher

    def until_ready(self, profile: str) -> None:
        """Wait for the encoders that are made beside; no search is counted for it."""
        self.known.notice(self.old.describe())
        end = time.monotonic() + 20
        while not self.known.ready(profile):
            assert time.monotonic() < end
            time.sleep(0.01)

    async def both(self, queries: Sequence[Query], profile: str) -> tuple[list[Answer], list[Answer]]:
        """What the searcher for threads and the one for loops answer, each query by itself."""
        with self.threads() as searcher:
            self.until_ready(profile)
            first = [searcher.search(query) for query in queries]
        async with self.loop() as searching:
            second = [await searching.search(query) for query in queries]
        return first, second


def same(one: Answer, two: Answer) -> bool:
    return replace(one, took_ms=0) == replace(two, took_ms=0)


@given(st.text(min_size=1, max_size=20), st.floats(0, 1))
def test_a_session_is_drawn_alike_whatever_it_asks(session: str, share: float) -> None:
    coming = replace(COMING, share=share)
    one = drawn(Query(text="chair", session=session), coming)
    assert one == drawn(Query(text="a table", page=3, session=session), coming)
    assert not drawn(Query(text="chair", session=session), replace(coming, share=0))
    assert drawn(Query(text="chair", session=session), replace(coming, share=1.0))


def test_the_share_is_met_and_a_larger_one_keeps_those_of_a_smaller() -> None:
    queries = [Query(text="chair", session=f"shopper {n}") for n in range(4000)]
    few = {query.session for query in queries if drawn(query, COMING)}
    more = {query.session for query in queries if drawn(query, replace(COMING, share=0.6))}
    assert 0.27 < len(few) / 4000 < 0.33
    assert few < more
    other = {query.session for query in queries if drawn(query, replace(COMING, index="products-000009"))}
    assert 0.05 < len(few & other) / 4000 < 0.13  # another trial, other shoppers
    without = [drawn(Query(text="chair", page=page), COMING) for page in (1, 2, 3)]
    assert len(set(without)) == 1  # a query without a session keeps its side from page to page


def test_its_share_is_answered_wholly_by_the_new_index(shop: Renewed, tmp_path: Path) -> None:
    upgrade = shop.upgrades.try_out(ready(shop), share=0.5)
    queries = [Query(text=f"chair {n} of oak", session=f"s{n}") for n in range(20)]
    coming = shop.upgrades.trial(upgrade)
    assert coming == Coming(upgrade.new_index, upgrade.new_profile, 0.5)
    sides = Sides(shop, tmp_path / "trials")
    answers, again = asyncio.run(sides.both(queries, upgrade.new_profile))
    with shop.searcher(index=upgrade.old_index) as old, shop.searcher(index=upgrade.new_index) as new:
        for query, answer, other in zip(queries, answers, again, strict=True):
            mine = new if drawn(query, coming) else old
            assert same(answer, mine.search(query))
            assert same(other, answer)
            assert not answer.degraded
    arms = read_tallies(tmp_path / "trials", upgrade.new_index)
    theirs = sum(drawn(query, coming) for query in queries)
    assert 0 < theirs < 20
    assert (arms["new"].answers, arms["old"].answers) == (2 * theirs, 2 * (20 - theirs))
    assert arms["new"].failed == arms["new"].empty == 0
    forget_tallies(tmp_path / "trials")
    assert read_tallies(tmp_path / "trials", upgrade.new_index)["new"].answers == 0


def test_queries_asked_together_are_shared_out_and_come_back_in_order(shop: Renewed, tmp_path: Path) -> None:
    upgrade = shop.upgrades.try_out(ready(shop), share=0.5)
    queries = [Query(text=f"chair {n} of oak", session=f"s{n}") for n in range(12)]
    sides = Sides(shop, tmp_path)

    async def together() -> list[Answer]:
        async with sides.loop() as searching:
            return await searching.multi(queries)

    with sides.threads() as searcher:
        sides.until_ready(upgrade.new_profile)
        sides.old.times = sides.new.times = 0
        answers = searcher.multi(queries)
    assert [answer.hits[0].id for answer in answers] == [f"p{n:02}" for n in range(12)]
    assert sides.old.times
    assert sides.new.times
    assert all(same(one, two) for one, two in zip(answers, asyncio.run(together()), strict=True))


def test_nobody_is_sent_there_before_the_encoders_are_ready(shop: Renewed, tmp_path: Path) -> None:
    shop.upgrades.try_out(ready(shop), share=1.0)
    sides = Sides(shop, tmp_path)
    sides.known = Known(encoders_of(shop.own))  # it can make no others
    with sides.threads() as searcher:
        for _ in range(3):
            assert searcher.search("chair 7 of oak").hits[0].id == "p07"
    assert (sides.new.times, list(tmp_path.glob("products-000002.*"))) == (0, [])


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_shadow_shows_the_old_and_compares(shop: Renewed, tmp_path: Path, asynchronous: bool) -> None:
    upgrade = shop.upgrades.try_out(ready(shop), share=1.0, shadow=True)
    sides = Sides(shop, tmp_path)
    sides.until_ready(upgrade.new_profile)
    queries = [Query(text=f"chair {n} of oak") for n in range(WAITING)]
    with shop.searcher(index=upgrade.old_index) as old:
        wanted = [old.search(query) for query in queries]

    async def asked() -> list[Answer]:
        async with sides.loop() as searching:
            answers = [await searching.search(query) for query in queries]
            await asyncio.gather(*searching._waiting)
            return answers

    def asked_here() -> list[Answer]:
        with sides.threads() as searcher:
            answers = []
            for query in queries:
                answers.append(searcher.search(query))
                until(lambda: not searcher._waiting)
            return answers

    answers = asyncio.run(asked()) if asynchronous else asked_here()
    assert all(map(same, answers, wanted))
    arms = read_tallies(tmp_path, upgrade.new_index)
    assert (arms["old"].answers, arms["new"].answers, arms["new"].overlaps) == (WAITING, WAITING, WAITING)
    assert 0.1 < arms["new"].overlap_sum / WAITING <= 1.0
    assert arms["new"].figures()["compared"] == WAITING


def answer_of(*ids: str) -> Answer:
    """An answer with these hits, of which only the ids, and with one product in all."""
    hits = tuple(type("Hit", (), {"id": id_})() for id_ in ids)
    return Answer(**(dict.fromkeys(Answer.__dataclass_fields__, 0) | {"hits": hits, "total": 1}))  # type: ignore[arg-type]  # no more is read


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_where_the_new_one_fails_the_old_one_answers_and_says_so(shop: Renewed, tmp_path: Path, asynchronous: bool) -> None:
    upgrade = shop.upgrades.try_out(ready(shop), share=1.0)
    sides = Sides(shop, tmp_path, error=StoreUnavailable("no answer from there"))
    with sides.threads() as searcher:
        sides.until_ready(upgrade.new_profile)
        answer = searcher.search("chair 7 of oak")
    if asynchronous:

        async def asked() -> Answer:
            async with sides.loop() as searching:
                return await searching.search("chair 7 of oak")

        answer = asyncio.run(asked())
    assert answer.hits[0].id == "p07"
    assert [(lack.part, lack.reason) for lack in answer.degraded] == [("trial", "no answer from there")]
    assert read_tallies(tmp_path, upgrade.new_index)["new"].failed == 1 + asynchronous


class Hears(RunObserver):
    """Counts what it is told of searches and of trials."""

    def __init__(self) -> None:
        self.searches = 0
        self.told: list[tuple[str, int, int, int, int]] = []

    def searched(self, *, strategy: str, took_ms: float, degraded: Sequence[str]) -> None:
        self.searches += 1

    def tried(self, *, arm: str, answers: int, empty: int, failed: int, overlaps: Sequence[float]) -> None:
        self.told.append((arm, answers, empty, failed, len(overlaps)))


@pytest.mark.parametrize("shadow", [False, True])
def test_the_observer_hears_of_each_search_once_and_of_both_sides(shop: Renewed, tmp_path: Path, shadow: bool) -> None:
    upgrade = shop.upgrades.try_out(ready(shop), share=1.0, shadow=shadow)
    sides, hears = Sides(shop, tmp_path), Hears()
    with sides.threads() as searcher:
        sides.until_ready(upgrade.new_profile)
        searcher.listen(hears)
        searcher.search("chair 7 of oak")
        until(lambda: not searcher._waiting)
        searcher.search("", filters=["brand=none"])
        until(lambda: not searcher._waiting)
        if not shadow:
            sides.new._error = StoreUnavailable("away")
            searcher.search("chair 8 of oak")
    assert hears.searches == (2 if shadow else 3)
    both = [("old", 1, 0, 0, 0), ("new", 1, 0, 0, 1), ("old", 1, 1, 0, 0), ("new", 1, 1, 0, 1)]
    assert hears.told == (both if shadow else [("new", 1, 0, 0, 0), ("new", 1, 1, 0, 0), ("new", 0, 0, 1, 0)])


def test_a_failing_shadow_costs_nobody_anything(shop: Renewed, tmp_path: Path) -> None:
    upgrade = shop.upgrades.try_out(ready(shop), share=1.0, shadow=True)
    sides = Sides(shop, tmp_path, error=StoreUnavailable("no answer from there"))
    with sides.threads() as searcher:
        sides.until_ready(upgrade.new_profile)
        answer = searcher.search("chair 7 of oak")
        until(lambda: not searcher._waiting)
    assert (answer.hits[0].id, answer.degraded) == ("p07", ())
    assert read_tallies(tmp_path, upgrade.new_index)["new"].failed == 1


def test_a_cursor_stays_on_the_index_it_began_on(shop: Renewed, tmp_path: Path) -> None:
    upgrade = shop.upgrades.try_out(ready(shop), share=0.5)
    coming = shop.upgrades.trial(upgrade)
    assert coming is not None
    sides = Sides(shop, tmp_path)
    with sides.threads() as searcher:
        sides.until_ready(upgrade.new_profile)
        for n in range(12):
            query = Query(text="chair of oak", freeze=True, per_page=5, session=f"s{n}")
            first = searcher.search(query)
            index = upgrade.new_index if drawn(query, coming) else upgrade.old_index
            assert point_of(first.cursor).startswith(index + ":")
            # another session, or none: the cursor decides
            second = searcher.search(Query(text="chair of oak", per_page=5, page=2, cursor=first.cursor, session="other"))
            assert point_of(second.cursor) == point_of(first.cursor)
            assert not {hit.id for hit in first.hits} & {hit.id for hit in second.hits}
        sides.new._error = StoreUnavailable("away")
        theirs = next(n for n in range(99) if drawn(Query(text="chair of oak", session=f"s{n}"), coming))
        old = searcher.search(Query(text="chair of oak", freeze=True, per_page=5, session=f"s{theirs}"))
        assert point_of(old.cursor).startswith(upgrade.old_index)
        with pytest.raises(CursorGone):
            searcher.search(Query(text="chair of oak", cursor="no cursor", session=f"s{theirs}"))


def test_it_needs_a_gate_that_passed_and_ends_with_switch_rollback_and_refusal(shop: Renewed) -> None:
    upgrade = shop.begin()
    with pytest.raises(LedgerError, match="tried"):
        shop.upgrades.try_out(upgrade, share=0.5)
    shop.drain()
    upgrade = shop.upgrades.judge(upgrade, FAILED)
    with pytest.raises(LedgerError, match="refused"):
        shop.upgrades.try_out(upgrade, share=0.5)
    assert shop.upgrades.trial(shop.upgrades.try_out(upgrade, share=0.5, whatever=True)) is not None
    upgrade = shop.upgrades.judge(upgrade, PASSED)
    upgrade = shop.upgrades.try_out(upgrade, share=0.1, shadow=True)
    assert (upgrade.step, shop.store.describe().index) == (Step.READY, upgrade.old_index)
    assert shop.upgrades.roll_back(upgrade).step is Step.READY  # no switch yet: it only ends the trial
    assert shop.upgrades.trial(upgrade) is None
    upgrade = shop.upgrades.judge(shop.upgrades.try_out(upgrade, share=0.1), FAILED)
    assert shop.upgrades.trial(upgrade) is None
    upgrade = shop.upgrades.try_out(shop.upgrades.judge(upgrade, PASSED), share=0.2)
    upgrade = shop.upgrades.try_out(upgrade, share=0.4)  # again, with more
    assert (coming := shop.upgrades.trial(upgrade)) is not None
    assert coming.share == 0.4
    upgrade = shop.upgrades.roll_back(shop.upgrades.switch(upgrade))
    assert (upgrade.step, shop.upgrades.trial(upgrade)) == (Step.ROLLED_BACK, None)
    assert (coming := shop.store.describe().coming) is not None
    assert (coming.index, coming.share) == (upgrade.new_index, 0.0)  # still to be got ready, but not tried
    shop.upgrades.clean(shop.upgrades.try_out(upgrade, share=0.3))
    assert shop.store.describe().coming is None


@settings(max_examples=50)
@given(st.lists(st.floats(0.5, 20_000), min_size=1, max_size=60))
def test_latencies_of_many_processes_add_up_within_a_tenth(took: list[float]) -> None:
    one, all_of_it = Arm(), Arm()
    answer = answer_of()
    for ms in took:
        one.answered(replace(answer, took_ms=ms))
    for _ in range(3):
        all_of_it.add(json.loads(json.dumps(one.told())))
    assert all_of_it.answers == 3 * len(took)
    middle = sorted(took)[(len(took) + 1) // 2 - 1]
    assert max(1.0, middle) * 0.99 <= all_of_it.quantile_ms(0.5) <= max(1.0, middle) * 1.11
    assert all_of_it.quantile_ms(1.0) >= max(took) * 0.99 or max(took) < 1
    assert Arm().quantile_ms(0.5) == 0.0


def test_a_file_that_is_none_and_a_disk_that_refuses_cost_nothing(tmp_path: Path) -> None:
    (tmp_path / "i-2.host-1-a.json").write_text("{no json")
    (tmp_path / "i-2.host-2-a.json").write_text('{"old": {}}')
    (tmp_path / "i-2.host-3-a.json").write_text("[]")
    assert read_tallies(tmp_path, "i-2")["old"].answers == 0
    (tmp_path / "file").write_text("")
    tally = Tally(tmp_path / "file", "i-2")
    tally.note("new", failed=1)
    tally.write()
    assert tally.arm("new").failed == 1


def test_a_single_query_is_told_soon_though_no_other_follows(tmp_path: Path) -> None:
    tally = Tally(tmp_path, "i-2")
    tally.note("new", [answer_of("a")])
    until(lambda: read_tallies(tmp_path, "i-2")["new"].answers == 1)
    tally.note("new", failed=1)
    tally.write()  # at the end nothing is waited for, and nothing left to come
    assert read_tallies(tmp_path, "i-2")["new"].failed == 1
    assert len(list(tmp_path.glob("i-2.*.json"))) == 1


def test_overlap_is_the_share_of_the_first_ten() -> None:
    assert overlap(answer_of(), answer_of()) == 1.0
    assert overlap(answer_of("a", "b"), answer_of("b", "c")) == 0.5
    assert overlap(answer_of(*"abcdefghijk"), answer_of(*"abcdefghijz")) == 1.0
    assert overlap(answer_of("a"), answer_of()) == 0.0


def test_readers_are_readers(shop: Renewed) -> None:
    reader: ProductReader = Asked(shop.store)
    assert reader.describe().index == "products-000001"
