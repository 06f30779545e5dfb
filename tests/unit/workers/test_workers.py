"""The tasks, the runtime and the two watches, over a real write path in one process."""

import gc
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from indexer.errors import BrokerUnavailable, IndexerError, LedgerUnavailable
from indexer.observe import RunObserver
from indexer.publish.messages import ACCEPT_TASK, WORK_TASK
from indexer.records import LANES, Lane, Rejected
from indexer.settings import FeedSettings, Settings, WorkSettings
from indexer.work.claims import Stopping
from indexer.work.pace import Turns
from indexer.write_path import Indexer
from tests.unit.write_path.shop import Recorder, Shop
from workers.app import QUEUES, make_app
from workers.runtime import YOUNG, Observers, Runtime, settle_memory
from workers.tasks import accept, register, work
from workers.watch import Sweeper, Watchdog


class Site:
    """A shop with a runtime on it."""

    def __init__(self, folder: Path) -> None:
        (folder / "feeds").mkdir()
        feed = FeedSettings(batch=10, roots=(folder / "feeds",), message_bytes=5000)
        self.shop = Shop(folder, feed=feed, work=WorkSettings(claim=16, retry_s=0.001, retry_cap_s=0.002, sweep_s=0.02))
        self.built = 0
        self.runtime = Runtime(self.shop.settings, self._build)

    def _build(self, settings: Settings, observer: RunObserver) -> Indexer:
        self.built += 1
        return self.shop.indexer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.runtime.comeback.close()
    site.shop.close()


def rows(number: int) -> list[dict[str, object]]:
    return [{"id": f"p{n}", "title": f"chair {n}"} for n in range(number)]


def sent(number: int) -> list[JsonValue]:
    return [{"id": f"p{n}", "title": f"chair {n}"} for n in range(number)]


def run_hints(site: Site) -> int:
    """Do what a worker does with every hint until none is left; how many tasks ran."""
    ran = 0
    while (lane := site.shop.publisher.take()) is not None:
        work(site.runtime, {"lane": lane})
        ran += 1
    return ran


def test_hints_carry_a_feed_to_its_end_and_then_die_out(site: Site) -> None:
    site.shop.feed(rows(300))
    ran = run_hints(site)
    assert site.shop.dirty() == {}
    assert len(site.shop.products()) == 300
    assert ran < 3 * (300 // 16 + 1) + 80  # each hint ends in one task that finds nothing


def test_one_hint_is_enough_for_a_whole_lane(site: Site) -> None:
    site.shop.feed(rows(100))
    while site.shop.publisher.take() is not None:
        pass
    site.shop.publisher.work("encode_new")
    run_hints(site)
    assert site.shop.dirty() == {}


def test_a_hint_that_is_none_does_nothing(site: Site) -> None:
    site.shop.feed(rows(3))
    assert work(site.runtime, {"lane": "fast"}) == 0
    assert work(site.runtime, {}) == 0
    assert site.built == 0


def test_a_hint_of_a_lower_lane_works_new_products_first_and_goes_on_as_what_it_is(site: Site) -> None:
    site.shop.feed(rows(32))
    run_hints(site)
    site.shop.feed([row | {"title": f"changed {row['id']}"} for row in rows(32)])
    site.shop.feed([{"id": f"new{n}", "title": f"lamp {n}"} for n in range(16)])
    while site.shop.publisher.take() is not None:
        pass
    assert site.shop.dirty() == {"encode_new": 16, "encode": 32}
    site.runtime.turns = Turns(LANES)
    assert work(site.runtime, {"lane": "encode"}) == 16
    assert site.shop.dirty() == {"encode": 32}
    assert site.shop.publisher.take() == "encode"
    assert site.shop.publisher.take() is None


def test_a_process_works_no_lane_that_is_not_its_own(site: Site) -> None:
    site.shop.feed(rows(16))
    heavy = Runtime(site.shop.settings, lambda *_: site.shop.indexer, lanes=["backfill"])
    assert work(heavy, {"lane": "backfill"}) == 0
    assert site.shop.dirty() == {"encode_new": 16}


def test_values_without_names_are_no_message_of_ours(site: Site) -> None:
    app = make_app("memory://", site.shop.settings)
    register(app, site.runtime)
    site.shop.feed(rows(3))
    app.tasks[WORK_TASK].run("encode_new")
    app.tasks[ACCEPT_TASK].run("j", [])
    assert site.shop.dirty() == {"encode_new": 3}
    assert site.shop.indexer.job("j") is None


def test_a_broker_that_is_away_does_not_undo_the_work(site: Site) -> None:
    class Away:
        def work(self, lane: Lane, *, hints: int = 1) -> None:
            raise BrokerUnavailable("away")

        def close(self) -> None: ...

    site.shop.feed(rows(3))
    site.shop.indexer.publisher = Away()
    assert work(site.runtime, {"lane": "encode_new"}) == 3


def test_rows_of_a_message_are_accepted_under_its_job(site: Site) -> None:
    accept(site.runtime, {"job_id": "j", "rows": [*rows(3), {"id": "q", "title": "chair", "photos": ["/etc/passwd"]}]})  # type: ignore[list-item]
    job = site.shop.indexer.job("j")
    assert job is not None
    assert job.committed
    assert (job.counts["encoded"], job.counts["rejected"]) == (3, 1)
    assert "outside" in job.rejected[0].reason


def test_a_message_may_hold_a_snapshot_and_its_limits_hold(site: Site) -> None:
    accept(site.runtime, {"job_id": "all", "rows": sent(20), "terms": {"snapshot": True}})
    run_hints(site)
    accept(site.runtime, {"job_id": "most", "rows": sent(17), "terms": {"snapshot": True}})
    refused = site.shop.indexer.job("most")
    assert refused is not None
    assert "lacks 3 of 20 products (15.0%)" in refused.failed
    accept(site.runtime, {"job_id": "more", "rows": sent(17), "terms": {"snapshot": True, "drop_limit": 0.2}})
    taken = site.shop.indexer.job("more")
    assert taken is not None
    assert (taken.committed, taken.counts["dropped"], taken.counts["unchanged"]) == (True, 3, 17)
    run_hints(site)
    assert site.shop.products().keys() == {f"p{n}" for n in range(17)}


def test_a_message_may_say_how_many_rejects_are_too_many(site: Site) -> None:
    bad: list[JsonValue] = [{"title": "no id"}] * 3
    accept(site.runtime, {"job_id": "bad", "rows": [*bad, *sent(5)], "terms": {"max_rejects": 2}})
    job = site.shop.indexer.job("bad")
    assert job is not None
    assert not job.committed
    assert "more than the 2 allowed" in job.failed


def test_a_feed_of_a_message_must_lie_under_the_roots(site: Site, tmp_path: Path) -> None:
    for place in ("feeds", "."):
        (tmp_path / place / "feed.jsonl").write_text('{"id": "p", "title": "chair"}\n')
    (tmp_path / "feeds" / "link.jsonl").symlink_to(tmp_path / "feed.jsonl")
    for name, path in {"in": "feeds/feed.jsonl", "out": "feed.jsonl", "up": "feeds/../feed.jsonl", "link": "feeds/link.jsonl"}.items():
        accept(site.runtime, {"job_id": name, "feed": str(tmp_path / path)})
    jobs = {name: site.shop.indexer.job(name) for name in ("in", "out", "up", "link")}
    assert {name for name, job in jobs.items() if job and job.committed} == {"in"}
    assert all(job and "outside" in job.failed for name, job in jobs.items() if name != "in")


def test_a_message_that_is_wrong_is_noted_in_its_job_and_a_better_one_is_taken(site: Site) -> None:
    accept(site.runtime, {"job_id": "j", "rows": [{"id": "p", "title": "x" * 6000}]})
    job = site.shop.indexer.job("j")
    assert job is not None
    assert "bytes" in job.failed
    accept(site.runtime, {"job_id": "j", "rows": [{"id": "p", "title": "chair"}]})
    job = site.shop.indexer.job("j")
    assert job is not None
    assert job.committed
    accept(site.runtime, {"job_id": "j", "rows": None, "feed": None})  # too late to fail it
    assert site.shop.indexer.job("j") == job
    accept(site.runtime, {"rows": []})
    accept(site.runtime, {"job_id": 7, "rows": []})


def test_a_message_that_shows_up_twice_is_worked_once_at_a_time(site: Site) -> None:
    with site.runtime.only_one("accept j") as first:
        assert first
        accept(site.runtime, {"job_id": "j", "rows": []})
        assert site.shop.indexer.job("j") is None
    accept(site.runtime, {"job_id": "j", "rows": []})
    assert site.shop.indexer.job("j") is not None


def test_a_worker_that_stops_in_mid_feed_lets_another_take_the_job(site: Site) -> None:
    site.shop.indexer.stop()
    with pytest.raises(Stopping):
        accept(site.runtime, {"job_id": "j", "rows": [{"id": "p", "title": "chair"}]})
    job = site.shop.indexer.job("j")
    assert job is None or not job.committed


def test_tasks_never_raise_and_take_any_payload(site: Site) -> None:
    app = make_app("memory://", site.shop.settings)
    register(app, site.runtime)
    site.shop.store.before = lambda _: 1 / 0  # type: ignore[assignment]
    site.shop.feed(rows(2))
    assert app.tasks[WORK_TASK].run(lane="encode_new") is None
    assert app.tasks[WORK_TASK].run(lane=5, more=[]) is None
    assert app.tasks[ACCEPT_TASK].run() is None
    assert site.shop.ledger.letters() == []


def test_the_application_reads_json_only_and_keeps_no_results() -> None:
    app = make_app("memory://", Settings(work=WorkSettings(threads=3)))
    assert app.conf.accept_content == ["json"]
    assert {app.conf.task_serializer, app.conf.result_serializer} == {"json"}
    assert app.conf.task_ignore_result
    assert app.conf.task_acks_late
    assert app.conf.worker_concurrency == 3
    assert app.conf.broker_transport_options["visibility_timeout"] == 600
    assert {queue.name for queue in app.conf.task_queues} == set(QUEUES) == {*LANES, "accept"}


def test_the_indexer_is_built_once_whoever_asks_first(site: Site) -> None:
    threads = [threading.Thread(target=lambda: site.runtime.indexer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.built == 1


def test_a_runtime_told_to_stop_before_it_is_built_builds_a_stopped_one(site: Site) -> None:
    site.shop.feed(rows(2))
    site.runtime.stop()
    assert work(site.runtime, {"lane": "encode_new"}) == 0
    assert site.shop.dirty() == {"encode_new": 2}


def test_all_observers_hear_everything() -> None:
    heard = [Recorder(), Recorder()]
    told = Observers(heard)
    told.stage_moved("claimed")
    told.parts_encoded(texts=1, photos=2, cached=3)
    told.documents_written(written=1, newer=2, failed=3)
    told.rows_accepted({"encoded": 1})
    told.row_rejected(Rejected(file="f", line=1, field="id", reason="is missing"))
    for one in heard:
        assert (one.stages, one.encoded, one.written, one.batches) == (["claimed"], [(1, 2, 3)], [(1, 2, 3)], [{"encoded": 1}])


def test_a_sweep_finds_work_without_a_hint_and_sends_no_flood(site: Site) -> None:
    site.shop.feed(rows(40))
    while site.shop.publisher.take() is not None:
        pass
    sweeper = Sweeper(site.runtime)
    for _ in range(500):
        assert sweeper.sweep()
    assert 1 <= site.shop.publisher.waiting("encode_new") <= 256
    run_hints(site)
    assert site.shop.dirty() == {}
    assert sweeper.sweep()
    assert site.shop.publisher.take() is None


def test_only_one_process_sweeps(site: Site) -> None:
    other = Runtime(site.shop.settings, lambda *_: site.shop.indexer)
    site.shop.clock.hold()  # the lead lasts 60 ms here
    assert Sweeper(site.runtime).sweep()
    assert not Sweeper(other).sweep()
    site.shop.clock.ahead_s += 1
    assert Sweeper(other).sweep()


def test_the_sweeper_goes_on_after_errors_until_it_is_closed(site: Site) -> None:
    errors: list[Exception] = [LedgerUnavailable("locked"), RuntimeError("odd")]
    swept = threading.Event()

    class Flaky(Sweeper):
        def sweep(self) -> bool:
            if errors:
                raise errors.pop()
            swept.set()
            return super().sweep()

    sweeper = Flaky(site.runtime)
    sweeper.start()
    assert swept.wait(20)
    sweeper.close()
    sweeper._thread.join(20)
    assert not sweeper._thread.is_alive()


def test_the_watchdog_ends_a_process_whose_stage_stands_still(capfd: pytest.CaptureFixture[str]) -> None:
    ended = threading.Event()

    def stands_still() -> None:
        ended.wait(20)

    # A thread of its own, the newest: a dump names a hundred threads, and this process may hold more than a worker ever has.
    stuck = threading.Thread(target=stands_still)
    stuck.start()
    dog = Watchdog(0.05, end=ended.set)
    dog.start()
    dog.observer.stage_moved("encoded")
    stuck.join(20)
    assert ended.is_set()
    dog.close()
    assert "in stands_still" in capfd.readouterr().err  # the stacks, so that somebody can find out why


def test_the_watchdog_leaves_moving_and_idle_threads_alone() -> None:
    ended = threading.Event()
    dog = Watchdog(0.5, end=ended.set)
    dog.start()
    dog.observer.stage_moved("claiming")
    dog.observer.stage_moved("idle")

    def move() -> None:
        for _ in range(20):
            dog.observer.stage_moved("encode")
            time.sleep(0.05)

    mover = threading.Thread(target=move)
    mover.start()
    mover.join()
    dog.close()
    assert not ended.is_set()


def test_warming_loads_the_models_and_its_failure_only_shows_in_the_log(site: Site) -> None:
    site.runtime.indexer.warm()
    assert site.shop.models_made == 1

    def broken(*_: object) -> Indexer:
        raise IndexerError("no ledger")

    Runtime(site.shop.settings, broken)._warm()


@pytest.fixture
def collector() -> Iterator[None]:
    """The garbage collector as it was, afterwards."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("collector")
def test_a_warm_worker_lets_the_collector_pass_over_what_stays(site: Site) -> None:
    before = gc.get_freeze_count()
    site.runtime._warm()
    assert gc.get_freeze_count() > before
    assert gc.get_threshold()[0] == YOUNG


@pytest.mark.usefixtures("collector")
def test_circles_made_after_settling_are_still_collected() -> None:
    settle_memory()
    for _ in range(3 * YOUNG):
        circle: list[object] = []
        circle.append(circle)
    # not YOUNG itself: what other threads let go of meanwhile puts the next look off
    assert len(gc.get_objects()) < 2 * YOUNG
