"""The whole flow over real parts: feed, ledger, cache, encoders, store."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.errors import BrokerUnavailable, UnreadableFeed
from indexer.ledger.base import Job, Outcome
from indexer.observe import RunObserver
from indexer.records import LANES, Lane, Money, Rejected
from indexer.store.base import VectorLeg
from tests.unit.write_path.shop import Recorder, Shop

Rows = list[dict[str, object]]


def rows(number: int, **more: object) -> Rows:
    return [{"id": f"p{n}", "title": f"chair number {n}", "description": f"made of oak, batch {n % 7}", **more} for n in range(number)]


def photo(path: Path, colour: tuple[int, int, int] = (200, 30, 30)) -> str:
    Image.new("RGB", (40, 30), colour).save(path)
    return str(path)


def test_every_row_of_a_feed_becomes_a_document_once(shop: Shop) -> None:
    job = shop.feed(rows(55))
    assert job.committed
    assert job.counts["encoded"] == 55
    assert shop.models_made == 0  # feeding needs no model
    assert shop.drain() == 55
    assert shop.products().keys() == {f"p{n}" for n in range(55)}
    assert sorted(shop.store.applied) == sorted(shop.ledger.known(list(shop.products())).items())
    assert shop.models_made == 1


def test_counts_name_every_outcome_and_the_rejected(shop: Shop) -> None:
    job = shop.feed([*rows(3), {"id": "", "title": "nameless"}])
    assert job.counts.keys() >= {outcome.value for outcome in Outcome} | {"rejected"}
    assert job.counts["rejected"] == 1
    assert job.rejected[0].line == 4


def test_feeding_the_same_again_encodes_and_writes_nothing(shop: Shop) -> None:
    shop.feed(rows(20))
    shop.drain()
    written = len(shop.store.applied)
    counters = shop.ledger.counts().counters
    job = shop.feed(rows(20))
    assert job.counts["unchanged"] == 20
    assert shop.drain() == 0
    assert len(shop.store.applied) == written
    assert shop.ledger.counts().counters == counters


def test_equal_texts_run_the_model_once(shop: Shop) -> None:
    shop.feed([{"id": f"p{n}", "title": "one and the same", "description": "one and the same"} for n in range(12)])
    shop.drain()
    assert shop.ledger.counts().counters["texts"] == 1


def test_a_changed_price_runs_no_model_and_is_in_the_document(shop: Shop, tmp_path: Path) -> None:
    row = {"id": "p", "title": "sofa", "photos": [photo(tmp_path / "sofa.png")], "price": "10.00 EUR"}
    shop.feed([row])
    shop.drain()
    before = shop.ledger.counts().counters
    (tmp_path / "sofa.png").unlink()  # an offer needs neither photo nor model
    job = shop.feed([row | {"price": "12.50 EUR"}])
    assert job.counts["offer_only"] == 1
    assert shop.drain() == 1
    after = shop.ledger.counts().counters
    assert (after["texts"], after["photos"]) == (before["texts"], before["photos"])
    assert shop.products()["p"].price == Money(1250, "EUR")
    assert _status(shop, "p") == "used"


def test_a_changed_date_runs_no_model_and_is_in_the_document(shop: Shop, tmp_path: Path) -> None:
    row = {"id": "p", "title": "sofa", "description": "of linen", "photos": [photo(tmp_path / "sofa.png")], "published_at": "2025-01-31"}
    shop.feed([row])
    shop.drain()
    before = shop.ledger.counts().counters
    job = shop.feed([row | {"published_at": "2025-02-28T12:00:00+01:00"}])
    assert job.counts["encoded"] == 1
    assert shop.drain() == 1
    after = shop.ledger.counts().counters
    assert (after["texts"], after["photos"]) == (before["texts"], before["photos"])
    assert shop.products()["p"].since == 1_740_740_400_000_000
    shop.feed([row | {"published_at": ""}])
    assert shop.drain() == 1
    assert shop.products()["p"].since is None
    assert shop.ledger.counts().counters["texts"] == before["texts"]


def test_an_offer_leaves_the_date_alone(shop: Shop) -> None:
    shop.feed([{"id": "p", "title": "sofa", "price": "10.00 EUR", "available_since": "2025-01-31"}])
    shop.drain()
    shop.feed([{"id": "p", "price": "9.00 EUR"}])
    shop.drain()
    product = shop.products()["p"]
    assert (product.price, product.since) == (Money(900, "EUR"), 1_738_281_600_000_000)


def test_a_deleted_row_leaves_a_tombstone_that_only_a_newer_full_row_lifts(shop: Shop) -> None:
    shop.feed([{"id": "p", "title": "sofa", "version": 10}, {"id": "q", "title": "chair", "version": 10}])
    shop.drain()
    shop.feed([{"id": "p", "deleted": True, "version": 20}])
    shop.drain()
    assert shop.products().keys() == {"q"}
    assert shop.feed([{"id": "p", "title": "old sofa", "version": 15}]).counts["stale"] == 1
    shop.drain()
    assert shop.products().keys() == {"q"}
    shop.feed([{"id": "p", "title": "new sofa", "version": 30}])
    shop.drain()
    assert shop.products()["p"].title == "new sofa"


def test_stale_and_conflicting_versions_change_nothing(shop: Shop) -> None:
    shop.feed([{"id": "p", "title": "second", "version": 2}])
    shop.drain()
    job = shop.feed([{"id": "p", "title": "first", "version": 1}, {"id": "p", "title": "another second", "version": 2}])
    assert (job.counts["stale"], job.counts["conflict"]) == (1, 1)
    assert shop.drain() == 0
    assert shop.products()["p"].title == "second"


def test_the_photo_states(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no photo at all")
    used, missing = photo(tmp_path / "used.png"), str(tmp_path / "missing.png")
    photos = {
        "none": [],
        "used": [missing, used],
        "missing": [missing],
        "unusable": [str(tmp_path / "broken.png"), missing],
        "remote": ["https://example.com/a.jpg"],
    }
    shop.feed([{"id": name, "title": f"thing {name}", "photos": value} for name, value in photos.items()])
    shop.drain()
    assert {name: _status(shop, name) for name in photos} == {name: name for name in photos}


def test_a_photo_that_comes_late_is_used_with_the_next_write(shop: Shop, tmp_path: Path) -> None:
    row = {"id": "p", "title": "sofa", "photos": [str(tmp_path / "late.png")], "stock": 1}
    shop.feed([row])
    shop.drain()
    assert _status(shop, "p") == "missing"
    photo(tmp_path / "late.png")
    shop.feed([row | {"stock": 2}])
    shop.drain()
    assert _status(shop, "p") == "used"


def test_equal_photos_run_the_model_once_and_are_one_part(shop: Shop, tmp_path: Path) -> None:
    one, two = photo(tmp_path / "one.png"), photo(tmp_path / "two.png")
    shop.feed([{"id": f"p{n}", "title": f"sofa {n}", "photos": [one, two]} for n in range(9)])
    shop.drain()
    assert shop.ledger.counts().counters["photos"] == 1


def test_without_a_photo_encoder_a_product_has_its_words(shop: Shop, tmp_path: Path) -> None:
    shop.photo = None
    shop.feed([{"id": "p", "title": "sofa", "photos": [photo(tmp_path / "sofa.png")]}])
    shop.drain()
    assert _status(shop, "p") == "none"
    assert shop.ledger.counts().counters["photos"] == 0


def test_a_title_that_is_empty_once_cleaned_still_makes_a_document(shop: Shop) -> None:
    job = shop.feed([{"id": "p", "title": "🛋️🛋️", "brand": "Acme"}])
    assert job.counts["encoded"] == 1
    assert shop.drain() == 1
    assert shop.products()["p"].brand == "Acme"
    leg = VectorLeg(row=np.eye(1, 64, dtype=np.float32)[0])
    assert shop.store.ask([leg])[0].found == ()


def test_a_committed_job_is_not_done_again(shop: Shop) -> None:
    first = shop.feed(rows(5), job_id="monday")
    again = shop.feed([{"id": "other", "title": "not looked at"}], job_id="monday")
    assert again == first
    assert shop.ledger.known(["other"]) == {}


def test_a_job_sent_again_after_a_crash_between_batches_ends_as_if_nothing_had_happened(shop: Shop) -> None:
    class Crash(RunObserver):
        def rows_accepted(self, outcomes: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.indexer.accept(rows(35), job_id="j", observer=Crash())
    half = shop.indexer.job("j")
    assert half is not None
    assert not half.committed
    job = shop.feed(rows(35), job_id="j")
    assert job.committed
    assert job.counts["encoded"] + job.counts["unchanged"] == 35
    assert shop.ledger.pending(job) == 35
    shop.drain()
    assert sorted(shop.store.applied) == sorted(shop.ledger.known([f"p{n}" for n in range(35)]).items())


def test_an_update_in_between_is_not_outrun_by_a_job_that_is_sent_again(shop: Shop) -> None:
    class Crash(RunObserver):
        def rows_accepted(self, outcomes: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.indexer.accept([{"id": "p", "title": "from the first job"}], job_id="first", observer=Crash())
    shop.feed([{"id": "p", "title": "from the second job"}])
    assert shop.feed([{"id": "p", "title": "from the first job"}], job_id="first").counts["stale"] == 1
    shop.drain()
    assert shop.products()["p"].title == "from the second job"


def test_a_feed_that_can_not_be_read_is_noted_in_its_job(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFeed):
        shop.indexer.accept(tmp_path / "nothing.jsonl", job_id="j")
    job = shop.indexer.job("j")
    assert job is not None
    assert not job.committed
    assert "nothing.jsonl" in job.failed
    (tmp_path / "nothing.jsonl").write_text('{"id": "p", "title": "there now"}\n')
    assert shop.indexer.accept(tmp_path / "nothing.jsonl", job_id="j").committed


def test_a_file_is_read_lazily_batch_by_batch(shop: Shop, tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_text("\n".join(json.dumps(row) for row in rows(25)) + "\nnot json\n")
    seen: list[Rejected] = []

    class Watcher(Recorder):
        def row_rejected(self, rejected: Rejected) -> None:
            seen.append(rejected)

    watcher = Watcher()
    job = shop.indexer.accept(feed, observer=watcher)
    assert [sum(batch.values()) for batch in watcher.batches] == [10, 10, 6]
    assert job.counts["rejected"] == 1
    assert [one.line for one in seen] == [26]


def test_hints_go_to_the_lanes_that_have_work_and_are_bounded(shop: Shop) -> None:
    shop.feed(rows(400))
    assert 1 <= shop.publisher.waiting("encode_new") <= 40 + 16
    assert shop.publisher.waiting("offers") == 0
    for _ in range(50):
        shop.feed(rows(10, brand=str(_)))
    assert all(shop.publisher.waiting(lane) <= 256 for lane in LANES)


def test_a_broker_that_is_away_costs_one_try_a_feed_and_no_product(shop: Shop) -> None:
    class Away:
        tried = 0

        def work(self, lane: Lane, *, hints: int = 1) -> None:
            self.tried += 1
            raise BrokerUnavailable("The broker does not answer.")

        def close(self) -> None: ...

    shop.indexer.publisher = away = Away()
    assert shop.feed(rows(60)).committed
    assert away.tried == 2  # once in the middle, once at the end
    assert shop.drain() == 60


def test_wait_ends_when_all_is_searchable_and_tells_its_progress(shop: Shop) -> None:
    job = shop.feed(rows(30))
    seen: list[int] = []

    def progress(pending: int) -> None:
        seen.append(pending)
        shop.indexer.work("encode_new")

    waited = shop.indexer.wait(job, timeout_s=30, on_progress=progress)
    assert (waited.pending, waited.dead) == (0, 0)
    assert seen[0] == 30
    assert seen == sorted(seen, reverse=True)
    assert shop.store.refreshed == 1


def test_wait_gives_up_in_time_and_says_what_is_left(shop: Shop) -> None:
    job = shop.feed(rows(3))
    assert shop.indexer.wait(job, timeout_s=0.01).pending == 3
    assert shop.models_made == 0


def test_wait_looks_the_less_often_the_longer_a_look_takes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = shop.feed(rows(3))
    look, looks = shop.ledger.pending, []

    def slow(one: Job) -> int:
        time.sleep(0.02)
        looks.append(look(one))
        return looks[-1]

    monkeypatch.setattr(shop.ledger, "pending", slow)
    shop.indexer.wait(job, timeout_s=1)
    assert len(looks) <= 4  # at 0, 0.4, 0.8 and 1.0 s; without the rule at 0.05, 0.13, 0.24 ... too


def _status(shop: Shop, id_: str) -> str:
    from indexer.store.base import LexicalLeg

    return next(one.photo_status for one in shop.store.ask([LexicalLeg(text="", size=1000)])[0].found if one.id == id_)
