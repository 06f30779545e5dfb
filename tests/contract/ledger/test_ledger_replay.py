from dataclasses import replace

from indexer.ledger.base import Claimed, Finished, Ledger, Letter
from indexer.records import Event, Offer, Product
from tests.contract.ledger.conftest import START, Clock

SHOE = Product(id="p", title="shoe", version=1)


def send(ledger: Ledger, *events: Event, job: str = "j") -> None:
    ledger.begin_job(job, "test")
    ledger.accept(job, events)


def claim(ledger: Ledger, lane: str = "encode_new", *, alone: bool = False) -> list[Claimed]:
    return ledger.claim("offers" if lane == "offers" else "encode_new", owner="w", limit=5000, lease_s=60, alone=alone)


def bury(ledger: Ledger, clock: Clock, *, error: str = "NotFinite", attempts: int = 1) -> list[Claimed]:
    """Claim all that is due, and bury it."""
    rows = claim(ledger)
    told = [
        Letter(id=r.id, row_version=r.row_version, error=error, reason="x", attempts=attempts, first_seen=clock.now, last_seen=clock.now)
        for r in rows
    ]
    ledger.bury("w", told)
    return rows


def test_a_replayed_row_is_worked_again_as_if_for_the_first_time(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    (before,) = bury(ledger, clock, attempts=3)
    clock.pass_s(5)
    assert ledger.replay(["p", "nobody", "p", "half \ud83d"]) == 1
    job = ledger.commit_job("j", {})
    assert (ledger.pending(job), ledger.buried(job), ledger.counts().letters) == (1, 0, 0)
    assert (ledger.letters(), ledger.letter("p")) == ([], None)
    (row,) = claim(ledger)
    assert (row.row_version, row.attempts) == (before.row_version, 1)
    assert ledger.finish("w", [Finished(id="p", row_version=row.row_version)]) == 1
    assert set(ledger.counts().dirty.values()) == {0}


def test_buried_again_a_letter_goes_on(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    bury(ledger, clock, attempts=3)
    for _ in range(2):
        clock.pass_s(60)
        ledger.replay(["p"])
        bury(ledger, clock, error="ZeroRow", attempts=2)
    letter = ledger.letter("p")
    assert letter is not None
    assert (letter.first_seen, letter.last_seen, letter.attempts, letter.error) == (START, START + 120_000_000, 7, "ZeroRow")
    assert ledger.letters() == [letter]


def test_once_finished_a_letters_history_is_over(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    bury(ledger, clock, attempts=3)
    ledger.replay(["p"])
    (row,) = claim(ledger)
    ledger.finish("w", [Finished(id="p", row_version=row.row_version)])
    clock.pass_s(60)
    send(ledger, replace(SHOE, title="boot", version=2))
    (row,) = ledger.claim("encode", owner="w", limit=1, lease_s=60)
    seen = clock.now
    ledger.bury("w", [Letter(id="p", row_version=row.row_version, error="E", reason="", attempts=1, first_seen=seen, last_seen=seen)])
    letter = ledger.letter("p")
    assert letter is not None
    assert (letter.first_seen, letter.attempts) == (clock.now, 1)


def test_the_sweep_buries_a_replayed_row_with_all_its_attempts(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    claim(ledger)
    clock.pass_s(61)
    ledger.sweep(attempts=1)
    ledger.replay(["p"])
    claim(ledger)
    clock.pass_s(61)
    ledger.sweep(attempts=1)
    letter = ledger.letter("p")
    assert letter is not None
    assert (letter.attempts, letter.first_seen, letter.last_seen) == (2, START + 61_000_000, START + 122_000_000)


def test_only_letters_are_replayed(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE, replace(SHOE, id="q"))
    assert ledger.replay(["p", "q"]) == 0
    bury(ledger, clock)
    assert ledger.replay(["p"]) == 1
    assert ledger.replay(["p"]) == 0
    assert [letter.id for letter in ledger.letters()] == ["q"]
    assert ledger.replay([]) == 0


def test_a_replayed_row_comes_back_into_its_lane(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    (row,) = claim(ledger)
    ledger.finish("w", [Finished(id="p", row_version=row.row_version)])
    send(ledger, Offer(id="p", stock=1, version=2))
    (row,) = claim(ledger, "offers")
    ledger.bury("w", [Letter(id="p", row_version=row.row_version, error="E", reason="", attempts=1, first_seen=1, last_seen=1)])
    ledger.replay(["p"])
    assert len(claim(ledger, "offers")) == 1


def test_a_discarded_letter_is_gone_and_only_a_newer_event_brings_its_row_back(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    bury(ledger, clock)
    assert ledger.discard(["p", "nobody"]) == 1
    assert ledger.discard(["p"]) == 0
    assert (ledger.letters(), ledger.letter("p"), ledger.counts().letters, ledger.replay(["p"])) == ([], None, 0, 0)
    job = ledger.commit_job("j", {})
    assert (ledger.pending(job), ledger.buried(job)) == (0, 0)
    ledger.sweep(attempts=1)
    send(ledger, SHOE)
    assert claim(ledger) == []
    send(ledger, replace(SHOE, version=2), job="newer")
    assert len(claim(ledger)) == 1


def test_letters_of_one_error(ledger: Ledger, clock: Clock) -> None:
    for error in ("NotFinite", "ZeroRow", "NotFinite"):
        send(ledger, replace(SHOE, id=f"{error}{clock.now}"))
        bury(ledger, clock, error=error)
        clock.pass_s(1)
    assert [letter.id for letter in ledger.letters(error="NotFinite")] == [f"NotFinite{START + 2_000_000}", f"NotFinite{START}"]
    assert len(ledger.letters(error="NotFinite", limit=1)) == 1
    assert ledger.letters(error="nothing\x00") == []
    assert len(ledger.letters()) == 3


def test_thousands_are_replayed_at_once(ledger: Ledger, clock: Clock) -> None:
    ids = [f"p{n:04}" for n in range(2100)]
    send(ledger, *(replace(SHOE, id=id_) for id_ in ids))
    bury(ledger, clock)
    assert ledger.counts().letters == 2100
    assert ledger.replay(ids) == 2100
    assert len(claim(ledger)) == 2100
