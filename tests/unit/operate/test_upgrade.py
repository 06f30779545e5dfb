"""An upgrade's course over a real ledger and the twin in memory: built beside, proved, switched, switched back, cleaned."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.build.upgrading import index_settings
from indexer.encode.profile import of_profile, profile_of
from indexer.errors import EncoderMismatch, IndexMissing, LedgerError, SettingsError
from indexer.ledger.base import Step, Upgrade
from indexer.operate.evidence import Evidence, read_evidence
from indexer.operate.fuse_again import begin
from indexer.operate.gate import Limits, by_overlap, complete, sample_titles
from indexer.operate.upgrade import Built
from indexer.read.known import Known
from indexer.read_path import AsyncSearcher
from indexer.records import Degraded, Hit
from indexer.settings import IndexSettings, SearchSettings, Settings
from tests.contract.read_path.shop import AsyncTwin
from tests.unit.operate.renewed import Renewed, encoders_of

ROWS: list[dict[str, object]] = [{"id": f"p{n:02}", "title": f"chair {n} of oak", "stock": n} for n in range(40)]
PASSED = Evidence(passed=True, by="overlap", figures={"overlap": 0.9})
FAILED = Evidence(passed=False, by="overlap", figures={"overlap": 0.1}, against=("too little",))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Renewed]:
    shop = Renewed(tmp_path)
    shop.feed(ROWS)
    shop.drain()
    yield shop
    shop.close()


def test_the_new_index_gets_what_is_there_and_what_changes_meanwhile(shop: Renewed) -> None:
    upgrade = shop.begin()
    assert (upgrade.step, upgrade.old_index, upgrade.new_index) == (Step.BUILDING, "products-000001", "products-000002")
    assert shop.dirty() == {"upgrade": 40}
    shop.feed([{"id": "p01", "title": "a stool"}, {"id": "new", "title": "a table"}])
    shop.feed([{"id": "p02", "deleted": True}])
    shop.drain()
    assert shop.versions("products-000002") == shop.versions("products-000001") == shop.fold()
    assert "new" in shop.fold()
    assert shop.store.describe().index == "products-000001"
    assert shop.upgrades.built()


def test_hints_speak_of_the_next_index_while_there_is_one(shop: Renewed) -> None:
    shop.begin()
    while shop.publisher.take():
        pass
    shop.feed([{"id": "p01", "title": "a stool"}])
    taken = set(iter(shop.publisher.take, None))
    assert taken == {"encode_new", "encode", "upgrade"}


def test_the_alias_goes_there_and_back_and_both_are_kept_up(shop: Renewed) -> None:
    upgrade = shop.begin()
    shop.drain()
    upgrade = shop.upgrades.switch(shop.upgrades.judge(upgrade, PASSED))
    assert (upgrade.step, shop.store.describe().index) == (Step.LIVE, upgrade.new_index)
    shop.feed([{"id": "p01", "title": "a stool"}])
    shop.drain()
    assert shop.versions(upgrade.old_index) == shop.versions(upgrade.new_index) == shop.fold()
    upgrade = shop.upgrades.roll_back(upgrade)
    assert (upgrade.step, shop.store.describe().index) == (Step.ROLLED_BACK, upgrade.old_index)
    assert shop.products()["p01"].title == "a stool"
    shop.feed([{"id": "p02", "title": "a bench"}])
    shop.drain()
    upgrade = shop.upgrades.switch(upgrade)
    assert shop.products()["p02"].title == "a bench"
    assert upgrade.step is Step.LIVE


def test_a_failing_gate_keeps_the_old_index(shop: Renewed) -> None:
    upgrade = shop.begin()
    shop.drain()
    upgrade = shop.upgrades.judge(upgrade, FAILED)
    assert read_evidence(upgrade.evidence) == FAILED
    with pytest.raises(LedgerError, match="refused"):
        shop.upgrades.switch(upgrade)
    assert shop.store.describe().index == upgrade.old_index
    upgrade = shop.upgrades.clean(upgrade)
    assert (upgrade.step, shop.store.describe().index) == (Step.DROPPED, "products-000001")
    with pytest.raises(IndexMissing):
        shop.versions("products-000002")
    shop.feed([{"id": "p02", "title": "a bench"}])
    shop.drain()
    assert shop.versions("products-000001") == shop.fold()


def test_clean_leaves_the_new_index_alone_and_old_workers_follow(shop: Renewed) -> None:
    upgrade = shop.begin()
    shop.drain()
    shop.feed([{"id": "p03", "title": "a sofa"}])  # dirty towards both while all is cleaned
    upgrade = shop.upgrades.clean(shop.upgrades.switch(shop.upgrades.judge(upgrade, PASSED)))
    assert upgrade.step is Step.DONE
    assert shop.ledger.recipe() == upgrade.new_recipe
    shop.drain()  # by the worker of before, whose settings are the old ones
    assert shop.dirty() == {}
    with pytest.raises(IndexMissing):
        shop.versions("products-000001")
    assert shop.versions("products-000002") == shop.fold()
    assert shop.products()["p03"].title == "a sofa"
    assert {one.indexed_version - one.row_version for one in shop.ledger.walk()} == {0}
    with shop.searcher() as searcher:
        assert searcher.search("sofa").hits[0].id == "p03"
    # and the next one goes the same way, back to what was before
    shop.new = shop.own
    second = shop.upgrades.start(shop.built(shop.new), shop.built(shop.new))
    assert (second.number, second.old_recipe) == (2, upgrade.new_recipe)


@pytest.mark.parametrize("encode", ["own", "new"])
def test_a_searcher_follows_the_alias_whatever_its_settings(shop: Renewed, encode: str) -> None:
    with shop.searcher(encode=shop.own if encode == "own" else shop.new) as searcher:
        upgrade = shop.begin()
        shop.drain()
        assert searcher.search("chair 7 of oak").hits[0].id == "p07"
        upgrade = shop.upgrades.switch(shop.upgrades.judge(upgrade, PASSED))
        answer = searcher.search("chair 7 of oak")
        assert (answer.hits[0].id, answer.degraded) == ("p07", ())
        shop.upgrades.roll_back(upgrade)
        answer = searcher.search("chair 7 of oak")
        assert (answer.hits[0].id, answer.degraded) == ("p07", ())


def test_searches_of_an_event_loop_go_on_over_a_switch_and_back(shop: Renewed) -> None:
    upgrade = shop.begin()
    shop.drain()
    upgrade = shop.upgrades.judge(upgrade, PASSED)
    known = Known(encoders_of(shop.own), lambda profile: encoders_of(of_profile(profile, shop.own)))
    seen: list[tuple[str, tuple[Degraded, ...]]] = []

    async def asking(searcher: AsyncSearcher, over: asyncio.Event) -> None:
        while not over.is_set():
            answer = await searcher.search("chair 7 of oak")
            seen.append((answer.hits[0].id, answer.degraded))
            await asyncio.sleep(0)

    async def going(upgrade: Upgrade) -> set[str]:
        indices = set()
        async with AsyncSearcher(AsyncTwin(shop.store), known, settings=SearchSettings(), photo_pixels=1_000_000) as searcher:
            over = asyncio.Event()
            tasks = [asyncio.create_task(asking(searcher, over)) for _ in range(4)]
            for move in (None, shop.upgrades.switch, shop.upgrades.roll_back, shop.upgrades.switch):
                upgrade = await asyncio.to_thread(move, upgrade) if move else upgrade
                before = len(seen)
                while len(seen) < before + 12 and not any(task.done() for task in tasks):  # noqa: ASYNC110 - many tasks tell nobody
                    await asyncio.sleep(0.01)
                indices.add((await searcher.describe(fresh=True)).index)
            over.set()
            await asyncio.gather(*tasks)
        return indices

    assert asyncio.run(going(upgrade)) == {upgrade.old_index, upgrade.new_index}
    assert set(seen) == {("p07", ())}
    assert len(seen) >= 48


def test_an_index_that_was_planned_is_made_as_it_was_planned(shop: Renewed) -> None:
    own = Settings(index=IndexSettings(alias="mine", m=16))
    wanted = IndexSettings(m=24, shards=3).model_dump_json(exclude={"alias"})
    plan = shop.upgrades.start(Built(encoders_of(shop.new), profile_of(shop.new), wanted), shop.built(shop.own))
    assert plan.step is Step.PLANNED
    assert index_settings(plan, own) == IndexSettings(alias="mine", m=24, shards=3)
    assert index_settings(replace(plan, new_settings=""), own) == own.index  # of a release that did not note it
    assert index_settings(replace(plan, step=Step.LIVE), own) == own.index  # it is made: what counts is the alias
    with pytest.raises(SettingsError, match="upgrade 1"):
        index_settings(replace(plan, new_settings='{"m": "many"}'), own)


def test_what_an_index_tells_of_the_hub_is_not_noted_in_the_ledger(shop: Renewed) -> None:
    shop.store.note(shop.store.describe().index, profile='{"text": "transformer", "text_model": "bad/one"}')
    stranger = Built(encoders_of(shop.new), profile_of(shop.new))
    assert shop.upgrades.start(stranger, stranger).old_profile == ""


def test_a_searcher_that_can_not_make_the_encoders_refuses(shop: Renewed) -> None:
    upgrade = shop.begin()
    shop.drain()
    shop.upgrades.switch(shop.upgrades.judge(upgrade, PASSED))
    shop.store.note(upgrade.new_index, profile='{"text": "hashed", "photo": "none"}')
    with shop.searcher() as searcher, pytest.raises(EncoderMismatch, match="text"):
        searcher.search("chair")
    shop.store.note(upgrade.new_index, profile='{"text": "hashed", "run": "this"}')
    with shop.searcher() as searcher, pytest.raises(EncoderMismatch, match="text"):
        searcher.search("chair")


def test_every_step_can_be_taken_again_after_a_death(shop: Renewed) -> None:
    """Each record is made before its deed: the deed is done anew, and nothing twice."""
    upgrade = shop.upgrades.start(shop.built(shop.new), shop.built(shop.own))
    made_for = f"{shop.ledger.id}:{upgrade.number}"
    identity = encoders_of(shop.new).identity(shop.ledger.id)
    shop.store.make_next(identity, profile=upgrade.new_profile, made_for=made_for)  # died before it was noted
    shop.ledger.next.move(upgrade, Step.LISTING, new_index="products-000002")
    shop.ledger.next.list_some(limit=7)  # died in the middle of the walk
    assert shop.dirty() == {"upgrade": 7}
    upgrade = shop.upgrades.prepare(shop.upgrade(), encoders_of(shop.new))
    assert shop.dirty() == {"upgrade": 40}
    shop.drain()
    upgrade = shop.ledger.next.move(shop.upgrades.judge(upgrade, PASSED), Step.SWITCHING)  # died before the alias moved
    upgrade = shop.upgrades.resume(upgrade)
    assert (upgrade.step, shop.store.describe().index) == (Step.LIVE, "products-000002")
    upgrade = shop.ledger.next.move(upgrade, Step.ROLLING_BACK)
    shop.store.switch("products-000001")  # died after it
    assert shop.upgrades.resume(upgrade).step is Step.ROLLED_BACK
    shop.upgrades.switch(shop.upgrade())
    upgrade = shop.ledger.next.move(shop.upgrade(), Step.CLEANING)
    shop.ledger.next.put_in_force(upgrade)
    shop.store.drop("products-000001")
    shop.ledger.next.promote_some(limit=11)
    assert shop.upgrades.resume(shop.upgrade()).step is Step.DONE
    shop.drain()
    assert shop.versions("products-000002") == shop.fold()


def test_a_row_made_behind_the_walk_is_not_forgotten(shop: Renewed) -> None:
    shop.begin()
    shop.ledger.next._database.write(
        lambda connection: connection.exec_driver_sql("UPDATE fusedex_rows SET next_version = NULL WHERE id = 'p05'")
    )
    shop.drain()
    assert "p05" not in shop.versions("products-000002")
    assert not shop.upgrades.built(patience_s=0)  # found, and due
    shop.drain()
    assert shop.upgrades.built(patience_s=0)
    assert "p05" in shop.versions("products-000002")


def test_only_one_is_under_way_and_nothing_else_changes_the_recipe_meanwhile(shop: Renewed) -> None:
    with pytest.raises(LedgerError, match="--rebuild"):
        shop.upgrades.start(shop.built(shop.own), shop.built(shop.own))
    upgrade = shop.begin()
    with pytest.raises(LedgerError, match="under way"):
        shop.upgrades.start(shop.built(shop.new), shop.built(shop.own))
    with pytest.raises(LedgerError, match="under way"):
        begin(shop.ledger, shop.store, encoders_of(shop.own))
    with pytest.raises(LedgerError, match="nothing to roll back"):
        shop.upgrades.roll_back(upgrade)
    with pytest.raises(LedgerError, match="can't be switched to"):
        shop.upgrades.switch(upgrade)
    stale = upgrade
    shop.upgrades.judge(upgrade, PASSED)
    with pytest.raises(LedgerError, match="no longer at the step"):
        shop.upgrades.judge(stale, PASSED)


def test_the_same_model_can_be_built_anew_for_another_mapping(shop: Renewed) -> None:
    upgrade = shop.upgrades.start(shop.built(shop.own), shop.built(shop.own), rebuild=True)
    upgrade = shop.upgrades.prepare(upgrade, encoders_of(shop.own))
    shop.drain()
    runs = shop.ledger.counts().counters["texts"]
    upgrade = shop.upgrades.switch(shop.upgrades.judge(upgrade, PASSED))
    shop.feed([{"id": "p01", "title": "chair 1 of oak", "stock": 77}])
    upgrade = shop.upgrades.clean(upgrade)
    shop.drain()
    assert shop.ledger.counts().counters["texts"] == runs == 40
    assert shop.versions("products-000002") == shop.fold()


def test_photos_are_read_where_the_old_index_had_none(tmp_path: Path) -> None:
    shop = Renewed(tmp_path, new={"photo": "hashed"})
    shop.own = shop.own.model_copy(update={"photo": "none"})
    shop.indexer = shop.another_indexer()
    shop.feed(ROWS[:3])
    shop.drain()
    assert shop.begin().fresh_parts
    (claimed, *_) = shop.ledger.next.claim("upgrade", owner="w", limit=9, lease_s=9)
    assert claimed.parts is None
    shop.close()


def test_the_gate_compares_first_hits_and_lost_titles(shop: Renewed) -> None:
    upgrade = shop.begin()
    shop.drain()
    titles = sample_titles(shop.ledger, size=20)
    assert len({title.id for title in titles}) == 20
    old, new = shop.search(upgrade.old_index), shop.search(upgrade.new_index)
    same = by_overlap(old, old, titles, [], limits=Limits())
    assert (same.passed, same.figures["overlap"], same.figures["found_again_new"]) == (True, 1.0, 1.0)
    other = by_overlap(old, new, titles, ["chair", "oak"], limits=Limits(min_overlap=0.0, settle_s=0))
    assert other.figures["queries"] == 2.0
    assert {"old_ms_p50", "new_ms_p95"} <= other.figures.keys()
    strict = by_overlap(old, lambda _, depth: [], titles, [], limits=Limits(settle_s=0))
    assert not strict.passed
    assert [reason.split()[0] for reason in strict.against] == ["the", "0.0%", "20"]


def test_the_gate_waits_for_what_a_running_feed_has_brought_to_one_side_only(shop: Renewed) -> None:
    upgrade = shop.begin()
    shop.drain()
    titles = sample_titles(shop.ledger, size=6)
    old = shop.search(upgrade.old_index)
    asked: Counter[str] = Counter()

    def late(text: str, depth: int) -> Sequence[Hit]:
        asked[text] += 1
        return old(text, depth) if text != titles[0].text or asked[text] > 2 else []

    evidence = by_overlap(old, late, titles, [], limits=Limits(settle_s=60))
    assert evidence.passed
    assert evidence.figures["found_again_new"] == 1.0
    assert asked[titles[0].text] == 3
    assert {asked[title.text] for title in titles[1:]} == {1}


@pytest.mark.parametrize(("lost", "passes"), [(1, True), (2, False)])
def test_one_product_in_a_small_shop_may_be_lost_to_ties_and_two_may_not(shop: Renewed, lost: int, passes: bool) -> None:
    upgrade = shop.begin()
    shop.drain()
    titles = sample_titles(shop.ledger, size=20)
    old = shop.search(upgrade.old_index)
    gone = {title.id for title in titles[:lost]}
    evidence = by_overlap(
        old, lambda text, depth: [hit for hit in old(text, depth) if hit.id not in gone], titles, [], limits=Limits(settle_s=0)
    )
    assert evidence.figures["found_again_new"] == 1.0 - lost / 20
    assert any("own title" in reason for reason in evidence.against) is not passes


def test_what_the_new_index_can_not_have_is_told(shop: Renewed) -> None:
    upgrade = shop.begin()
    (row,) = shop.ledger.next.claim("upgrade", owner="w", limit=1, lease_s=60)
    shop.ledger.next.release("w", [row.id], delay_s=0, give_back=False, reason="it broke")
    for _ in range(2):
        shop.ledger.next.claim("upgrade", owner="w", limit=1, lease_s=60, alone=True)
        shop.ledger.next.release("w", [row.id], delay_s=0, give_back=False, reason="it broke")
    shop.ledger.sweep(attempts=3)
    shop.drain()
    assert shop.ledger.next.given_up() == (1, [(row.id, "it broke")])
    judged = complete(PASSED, shop.ledger)
    assert not judged.passed
    assert row.id in judged.against[0]
    shop.feed([{"id": row.id, "title": "mended"}])
    shop.drain()
    assert complete(PASSED, shop.ledger).passed
    assert shop.versions(upgrade.new_index) == shop.fold()
