from dataclasses import replace

from indexer.ledger.base import Claimed, Finished, Ledger, Letter
from indexer.records import Event, Product
from tests.contract.ledger.conftest import START, Clock

SHOE = Product(id="p", title="shoe", version=1)


def send(ledger: Ledger, *events: Event, job: str = "j") -> None:
    ledger.begin_job(job, "test")
    ledger.accept(job, events)


def claim(ledger: Ledger, *, alone: bool = False, owner: str = "w") -> list[Claimed]:
    return ledger.claim("encode_new", owner=owner, limit=9, lease_s=60, alone=alone)


def letter(row: Claimed, *, seen: int = START) -> Letter:
    error, reason = "NotFinite", "Row 0 holds NaN\x00."
    return Letter(
        id=row.id, row_version=row.row_version, error=error, reason=reason, attempts=row.attempts, first_seen=seen, last_seen=seen
    )


def test_a_buried_row_is_out_of_the_way_with_its_reason(ledger: Ledger) -> None:
    send(ledger, SHOE)
    (row,) = claim(ledger)
    ledger.bury("w", [letter(row)])
    assert ledger.letters() == [replace(letter(row), reason="Row 0 holds NaN\ufffd.")]
    counts = ledger.counts()
    assert (counts.letters, counts.dirty["encode_new"], counts.products) == (1, 0, 1)
    job = ledger.job("j")
    assert job is not None
    assert (ledger.pending(job), ledger.buried(job)) == (0, 1)
    assert claim(ledger, alone=True) == []


def test_a_newer_event_revives_it(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    ledger.bury("w", [letter(*claim(ledger))])
    send(ledger, SHOE)
    assert ledger.counts().letters == 1
    clock.pass_s(1)
    send(ledger, replace(SHOE, title="boot", version=2), job="second")
    assert ledger.letters() == []
    (row,) = claim(ledger)
    assert (row.attempts, row.row_version) == (1, START + 1_000_000)
    job = ledger.job("second")
    assert job is not None
    assert ledger.pending(job) == 1


def test_a_newer_event_that_says_the_same_revives_it_too(ledger: Ledger) -> None:
    send(ledger, SHOE)
    ledger.bury("w", [letter(*claim(ledger))])
    ledger.begin_job("second", "test")
    assert ledger.accept("second", [replace(SHOE, version=2)]) == ["encoded"]
    assert len(claim(ledger)) == 1


def test_a_row_that_changed_meanwhile_is_not_buried(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    (row,) = claim(ledger)
    clock.pass_s(1)
    send(ledger, replace(SHOE, title="boot", version=2))
    ledger.bury("w", [letter(row)])
    assert ledger.letters() == []
    assert claim(ledger)[0].attempts == 1


def test_nobody_buries_what_another_holds_or_what_is_clean(ledger: Ledger) -> None:
    send(ledger, SHOE)
    (row,) = claim(ledger)
    ledger.bury("other", [letter(row)])
    assert ledger.letters() == []
    ledger.finish("w", [Finished(id=row.id, row_version=row.row_version)])
    ledger.bury("w", [letter(row)])
    assert ledger.letters() == []


def test_the_sweep_buries_after_three_deaths(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    claim(ledger)
    for attempts in (2, 3):
        clock.pass_s(61)
        assert ledger.sweep(attempts=3)["encode_new"] == 1
        assert [row.attempts for row in claim(ledger, alone=True)] == [attempts]
    clock.pass_s(59)
    ledger.sweep(attempts=3)
    assert ledger.letters() == []
    clock.pass_s(1)
    assert ledger.sweep(attempts=3)["encode_new"] == 0
    (buried,) = ledger.letters()
    assert (buried.id, buried.error, buried.attempts, buried.last_seen) == ("p", "WorkerDied", 3, clock.now)


def test_the_sweep_tells_what_the_last_worker_said(ledger: Ledger) -> None:
    send(ledger, SHOE)
    claim(ledger)
    ledger.release("w", ["p"], delay_s=100, give_back=False, reason="KeyError: 'x'")
    assert ledger.sweep(attempts=1)["encode_new"] == 0
    (buried,) = ledger.letters()
    assert (buried.error, buried.reason) == ("Unexplained", "KeyError: 'x'")


def test_attempts_given_back_never_bury(ledger: Ledger) -> None:
    send(ledger, SHOE)
    for _ in range(9):
        assert len(claim(ledger)) == 1
        ledger.release("w", ["p"], delay_s=0, give_back=True, reason="StoreUnavailable")
        ledger.sweep(attempts=3)
    assert ledger.letters() == []


def test_a_buried_row_that_was_written_after_all_is_clean(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    (row,) = claim(ledger)
    clock.pass_s(61)
    ledger.sweep(attempts=1)
    assert ledger.counts().letters == 1
    assert ledger.finish("w", [Finished(id=row.id, row_version=row.row_version)]) == 1
    assert ledger.letters() == []
    send(ledger, replace(SHOE, version=2))
    assert set(ledger.counts().dirty.values()) == {0}


def test_letters_latest_first_and_no_more_than_asked_for(ledger: Ledger) -> None:
    send(ledger, *(replace(SHOE, id=f"p{n}") for n in range(5)))
    rows = sorted(claim(ledger), key=lambda row: row.id)
    ledger.bury("w", [letter(row, seen=START + n) for n, row in enumerate(rows)])
    assert [one.id for one in ledger.letters(limit=3)] == ["p4", "p3", "p2"]


def test_burying_again_after_a_revival_replaces_the_letter(ledger: Ledger) -> None:
    send(ledger, SHOE)
    ledger.bury("w", [letter(*claim(ledger))])
    send(ledger, replace(SHOE, version=2))
    ledger.bury("w", [letter(*claim(ledger), seen=START + 9)])
    assert [one.first_seen for one in ledger.letters()] == [START + 9]
