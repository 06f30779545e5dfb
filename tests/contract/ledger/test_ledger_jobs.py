from dataclasses import replace

import pytest

from indexer.errors import LedgerError
from indexer.ledger.base import Finished, Ledger, Outcome
from indexer.records import LANES, Product, Rejected
from tests.contract.ledger.conftest import START, Clock, Opener


def bad(line: int, value: str = "x") -> Rejected:
    return Rejected(file="feed.jsonl", line=line, field="price", reason="no price", value=value)


def test_a_job_is_made_once(ledger: Ledger, clock: Clock) -> None:
    assert ledger.job("j") is None
    job = ledger.begin_job("j", "feed.jsonl")
    assert (job.id, job.source, job.arrival, job.committed, job.failed) == ("j", "feed.jsonl", START, False, "")
    clock.pass_s(60)
    assert ledger.begin_job("j", "other") == job == ledger.job("j")


def test_a_committed_job_is_a_promise(ledger: Ledger) -> None:
    ledger.begin_job("j", "feed.jsonl")
    job = ledger.commit_job("j", {"encoded": 3, "rejected": 1})
    assert job.committed
    assert job.counts == {"encoded": 3, "rejected": 1}
    assert ledger.begin_job("j", "feed.jsonl") == job
    assert ledger.commit_job("j", {"unchanged": 3}) == job
    assert ledger.fail_job("j", "too late") == job


def test_a_failed_job_says_why_and_may_be_sent_again(ledger: Ledger) -> None:
    ledger.begin_job("j", "feed.jsonl")
    assert ledger.fail_job("j", "no such file\x00").failed == "no such file\ufffd"
    assert ledger.begin_job("j", "feed.jsonl").failed == ""
    ledger.fail_job("j", "once more")
    job = ledger.commit_job("j", {})
    assert (job.committed, job.failed) == (True, "")


def test_unknown_jobs_are_named(ledger: Ledger) -> None:
    for call in (lambda: ledger.commit_job("x9", {}), lambda: ledger.fail_job("x9", ""), lambda: ledger.reject("x9", [bad(1)])):
        with pytest.raises(LedgerError, match="'x9'"):
            call()


def test_rejected_rows_stand_with_their_job_in_order(ledger: Ledger) -> None:
    ledger.begin_job("j", "feed.jsonl")
    ledger.begin_job("other", "feed.jsonl")
    rows = [bad(3), bad(1, "NUL \x00 and half \ud83d"), bad(2, "鞋")]
    ledger.reject("j", rows[:2])
    ledger.reject("j", rows[2:])
    ledger.reject("j", rows)
    ledger.reject("j", [])
    job = ledger.job("j")
    assert job is not None
    assert job.rejected == tuple(rows)
    assert ledger.begin_job("other", "").rejected == ()


def test_only_the_first_thousand_rejected_rows_are_kept(ledger: Ledger) -> None:
    ledger.begin_job("j", "feed.jsonl")
    for start in range(0, 1400, 700):
        ledger.reject("j", [bad(start + n) for n in range(700)])
    job = ledger.job("j")
    assert job is not None
    assert [one.line for one in job.rejected] == list(range(1000))


def test_a_job_sees_its_own_work(ledger: Ledger, clock: Clock) -> None:
    for number in range(2):
        ledger.begin_job(f"j{number}", "feed")
        ledger.accept(f"j{number}", [Product(id=f"{number}-{n}", title="x") for n in range(number + 2)])
        clock.pass_s(1)
    first, second = ledger.begin_job("j0", ""), ledger.begin_job("j1", "")
    assert (ledger.pending(first), ledger.pending(second)) == (2, 3)
    assert ledger.pending(ledger.begin_job("idle", "")) == 0
    assert ledger.buried(ledger.begin_job("idle", "")) == 0


def test_a_role_has_one_leader_at_a_time(ledger: Ledger, clock: Clock) -> None:
    assert ledger.lead("sweeper", owner="a", ttl_s=10)
    assert not ledger.lead("sweeper", owner="b", ttl_s=10)
    assert ledger.lead("other", owner="b", ttl_s=10)
    clock.pass_s(9)
    assert ledger.lead("sweeper", owner="a", ttl_s=10)
    clock.pass_s(9)
    assert not ledger.lead("sweeper", owner="b", ttl_s=10)
    clock.pass_s(1)
    assert ledger.lead("sweeper", owner="b", ttl_s=10)
    assert not ledger.lead("sweeper", owner="a", ttl_s=10)


def test_counters_add_up(ledger: Ledger) -> None:
    ledger.count(texts=3, written=2)
    ledger.count(texts=4)
    ledger.count()
    assert ledger.counts().counters == {"texts": 7, "photos": 0, "cached": 0, "written": 2, "newer": 0}


def test_an_empty_ledger_counts_zero(ledger: Ledger) -> None:
    counts = ledger.counts()
    assert (counts.products, counts.deleted, counts.waiting, counts.letters) == (0, 0, 0, 0)
    assert counts.dirty == dict.fromkeys(LANES, 0)


def test_a_ledger_keeps_its_name_and_its_rows(ledger: Ledger, open_again: Opener) -> None:
    ledger.begin_job("j", "feed")
    ledger.accept("j", [Product(id="p", title="x")])
    other = open_again()
    assert other.id == ledger.id
    assert other.known(["p"]) == {"p": START}
    assert replace(other.begin_job("j", ""), rejected=()) == ledger.job("j")


def test_a_closed_ledger_opens_again_by_itself(ledger: Ledger) -> None:
    ledger.close()
    assert ledger.counts().products == 0


def test_who_waits_for_unchanged_rows_waits_until_they_are_indexed(ledger: Ledger, clock: Clock) -> None:
    mug = Product(id="waits", title="Mug")
    ledger.begin_job("first", "test")
    ledger.accept("first", [mug])
    clock.pass_s(5)
    ledger.begin_job("second", "test")
    assert ledger.accept("second", [mug]) == [Outcome.UNCHANGED]
    second = ledger.commit_job("second", {"unchanged": 1})
    assert ledger.pending(second) == 1
    (row,) = ledger.claim("encode_new", owner="w", limit=10, lease_s=60)
    ledger.finish("w", [Finished(id=row.id, row_version=row.row_version)])
    assert ledger.pending(second) == 0


def test_trouble_names_why_rows_were_put_back_until_they_are_done(ledger: Ledger, clock: Clock) -> None:
    job = ledger.begin_job("slow", "test")
    assert ledger.trouble(job) == ""
    ledger.accept("slow", [Product(id="slow", title="Mug")])
    job = ledger.commit_job("slow", {"encoded": 1})
    assert ledger.trouble(job) == ""
    (row,) = ledger.claim("encode_new", owner="w", limit=10, lease_s=60)
    ledger.release("w", [row.id], delay_s=1, give_back=True, reason="the index was built with other parts")
    assert ledger.trouble(job) == "the index was built with other parts"
    clock.pass_s(2)
    (row,) = ledger.claim("encode_new", owner="w", limit=10, lease_s=60)
    ledger.finish("w", [Finished(id=row.id, row_version=row.row_version)])
    assert ledger.trouble(job) == ""
