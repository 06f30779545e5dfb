"""The whole way, from events to the index, against a fold that a child could do. Whatever is said in whatever order, doubled,
taken back by snapshots and cut by crashes at any step: in the end the index shows the newest of everything, and no event is
unaccounted for.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from indexer.errors import InvalidField
from indexer.ledger.base import Absent, Claimed, Finished, Letter, Outcome
from indexer.ledger.open import SqlLedger, open_ledger
from indexer.records import LANES, Delete, Event, Lane, Money, Offer, Product, Rejected
from indexer.store.base import Document, LexicalLeg
from indexer.store.identity import Identity
from indexer.store.memory import MemoryStore

IDS = ("a", "b", "c")
LEASE_S = 60
EXAMPLES = 60
START = 1_700_000_000_000_000
CHANGES = (Outcome.ENCODED, Outcome.OFFER_ONLY, Outcome.DELETED)
REFUSED = (Outcome.CONFLICT, Outcome.FUTURE)

Said = tuple[str, str, int]
"""Kind, product, version. A version always says the same."""

said = st.tuples(st.sampled_from(["full", "full", "offer", "gone"]), st.sampled_from(IDS), st.integers(0, 7))


def event_of(one: Said) -> Event:
    kind, key, version = one
    if kind == "full":
        return Product(id=key, title=f"title {version // 2}", price=Money(version, "EUR"), version=version)
    return Offer(id=key, price=Money(version, "EUR"), version=version) if kind == "offer" else Delete(id=key, version=version)


@dataclass
class Memory:
    """All that was said of a product, and what it comes to, in versions; -1: none."""

    fulls: list[int] = field(default_factory=list)
    offers: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    was_dropped: bool = False
    content: int = -1
    offer: int = -1
    barrier: int = -1
    hidden: int = -1
    since: int = -1

    def hear(self, kind: str, version: int, arrival: int) -> None:
        """One event of a job that arrived then."""
        {"full": self.fulls, "offer": self.offers, "gone": self.gone}[kind].append(version)
        if kind == "gone":
            if version >= max(self.content, self.hidden, self.barrier):
                self.content, self.hidden, self.barrier = -1, -1, version
                self.offer = self.offer if self.offer > version else -1
            return
        if version > self.barrier:
            self.offer = max(self.offer, version)
        if kind == "full" and (self.content >= 0 or (version > self.barrier and version >= self.hidden and arrival > self.since)):
            self.content = max(self.content, version)
            self.hidden = self.since = -1

    def drop(self, arrival: int) -> None:
        """A snapshot of that arrival did not hold it."""
        self.was_dropped, self.hidden, self.content, self.since = True, self.content, -1, arrival

    @property
    def shown(self) -> tuple[str, Money | None] | None:
        """Title and price that the index must show, or None for a product that does not live."""
        return (f"title {self.content // 2}", Money(self.offer, "EUR")) if self.content >= 0 else None

    @property
    def folded(self) -> tuple[str, Money | None] | None:
        """The same by the highest version an aspect, from the heap of all that was said: no order, no memory."""
        barrier, content = max(self.gone, default=-1), max(self.fulls, default=-1)
        return (f"title {content // 2}", Money(max(self.offers + self.fulls), "EUR")) if content > barrier else None


@dataclass
class Snapshot:
    job: str
    arrival: int
    named: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Hand:
    """What a worker took, and by which recipe it will make it."""

    rows: list[Claimed]
    recipe: str


class WritePath(RuleBasedStateMachine):
    folder: Path
    ledger: SqlLedger

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.memory = {key: Memory() for key in IDS}
        self.heard: list[Said] = []
        self.jobs: dict[str, int] = {}
        self.snapshots: list[Snapshot] = []
        self.hands: dict[str, Hand] = {}
        self.outcomes: Counter[str] = Counter()
        self.given: Counter[tuple[str, int]] = Counter()
        self.written: set[tuple[str, int]] = set()
        self.store = MemoryStore()
        self.store.ensure(Identity(ledger="l", text="t", photo="p", fusion="f", width=2))
        self.recipes = 0

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fusedex-machine-"))
        shutil.copy(_template(), self.folder / "ledger.db")
        self.ledger = open_ledger(f"sqlite:///{self.folder}/ledger.db", future_s=300, clock=lambda: self.now)
        self.change_recipe()

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            try:
                self.settle()
            finally:
                self.ledger.close()
                shutil.rmtree(self.folder)

    # what sources say

    @rule(events=st.lists(said, min_size=1, max_size=6), data=st.data())
    def feed(self, events: list[Said], data: st.DataObject) -> None:
        """New events, and some that were heard before, shuffled; in a new job, one that is under way, or an old one sent again."""
        again = data.draw(st.lists(st.sampled_from(self.heard), max_size=3)) if self.heard else []
        self.accept(data.draw(st.permutations(events + again)), self.some_job(data))
        if data.draw(st.booleans()):
            self.take(data)

    @rule(key=st.sampled_from(IDS), versions=st.lists(st.integers(0, 7), min_size=1, max_size=3), data=st.data())
    def gossip(self, key: str, versions: list[int], data: st.DataObject) -> None:
        """Several events about one product, batch by batch."""
        for version in versions:
            self.accept([(data.draw(st.sampled_from(["full", "offer", "gone"])), key, version)], self.some_job(data))

    @rule(data=st.data())
    def snapshot(self, data: st.DataObject) -> None:
        """A full feed that holds some products, as they were said last; another one may go on meanwhile."""
        if len(self.snapshots) > 1:
            self.drop(data.draw(st.sampled_from(self.snapshots)), data)
            return
        self.now += 1
        job = f"s{len(self.jobs)}"
        self.jobs[job] = self.ledger.begin_job(job, "machine", snapshot=True).arrival
        self.snapshots.append(Snapshot(job, self.jobs[job]))
        held = data.draw(st.lists(st.sampled_from(IDS), unique=True))
        self.accept([("full", key, max(self.memory[key].fulls, default=1)) for key in held], job)

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def end_snapshot(self, data: st.DataObject) -> None:
        self.drop(data.draw(st.sampled_from(self.snapshots)), data)

    @rule(what=st.sampled_from(["crash", "reject", "redo", "recipe", "replay"]), data=st.data())
    def now_and_then(self, what: str, data: st.DataObject) -> None:
        keys = data.draw(st.lists(st.sampled_from(IDS), min_size=1, unique=True))
        if what == "crash":
            self.crash_in_accept(data)
        elif what == "reject":
            self.ledger.reject(self.some_job(data), [Rejected(file="f", line=1, field="title", reason="none", id=key) for key in keys])
            self.touch(*keys)
        elif what == "redo":
            self.redo(keys, forget=data.draw(st.booleans()), above=data.draw(st.booleans()))
        elif what == "recipe":
            self.change_recipe()
        else:
            buried = {letter.id for letter in self.ledger.letters()}
            assert self.ledger.replay(keys) == len(buried & set(keys))

    def crash_in_accept(self, data: st.DataObject) -> None:
        """A batch that breaks off leaves nothing behind: no row, no touch, no version."""
        job, events = self.some_job(data), data.draw(st.lists(said, min_size=1, max_size=4))
        before = [self.ledger.standing(key) for key in IDS]
        poison = Product(id="c", title="x", popularity=float("nan"), version=30)
        with pytest.raises(InvalidField):
            self.ledger.accept(job, [*map(event_of, events), poison])
        assert [self.ledger.standing(key) for key in IDS] == before

    def change_recipe(self) -> None:
        self.recipes += 1
        self.ledger.set_recipe(f"recipe {self.recipes}")

    def redo(self, keys: list[str], *, forget: bool, above: bool) -> None:
        """As after a comparison with the index, or for another fusion."""
        known = self.ledger.known(keys)
        floors = {key: known[key] + 3 if above else 0 for key in keys if known.get(key)}
        self.ledger.redo(floors, forget_parts=forget)
        after = self.ledger.known(keys)
        assert all(after[key] > max(floor, known[key]) for key, floor in floors.items() if not self.buried(key))

    def drop(self, snapshot: Snapshot, data: st.DataObject) -> None:
        """What the snapshot lacks goes; or some of it, before its process dies."""
        limit, closes = data.draw(st.integers(1, 3)), data.draw(st.booleans())
        self.now += 1
        while True:
            living = {key for key in IDS if self.memory[key].content >= 0}
            absent = living - snapshot.named
            assert self.ledger.absent(snapshot.job) == Absent(gone=len(absent), live=len(living))
            before = self.ledger.known(IDS)
            dropped = self.ledger.drop_absent(snapshot.job, limit=limit)
            after = self.ledger.known(IDS)
            gone = {key for key in IDS if before.get(key) != after.get(key)}
            assert gone <= absent
            assert len(gone) == dropped == min(limit, len(absent))
            for key in gone:
                self.memory[key].drop(snapshot.arrival)
            if not closes:
                return
            if not dropped:
                break
        self.ledger.commit_job(snapshot.job, {})
        self.snapshots.remove(snapshot)

    def accept(self, events: list[Said], job: str) -> None:
        self.now += 1
        before = self.ledger.known(IDS)
        outcomes = self.ledger.accept(job, [event_of(one) for one in events])
        after = self.ledger.known(IDS)
        assert len(outcomes) == len(events)
        for (kind, key, version), outcome in zip(events, outcomes, strict=True):
            self.heard.append((kind, key, version))
            self.memory[key].hear(kind, version, self.jobs[job])
            self.touch(key)
            if outcome in CHANGES and after[key] != before.get(key, 0):
                self.given[key, after[key]] += 1
            else:  # or nothing to write of it: an offer that waits, the delete of a product that no index has
                self.outcomes[Outcome.UNCHANGED if outcome in CHANGES else outcome] += 1

    def touch(self, *keys: str) -> None:
        for snapshot in self.snapshots:
            snapshot.named.update(keys)

    def some_job(self, data: st.DataObject) -> str:
        open_ = [snapshot.job for snapshot in self.snapshots]
        old = [job for job in self.jobs if not job.startswith("s")]
        job = data.draw(st.sampled_from([*old[:2], *old[-1:], *open_, None]))
        if job is None:
            self.now += 1
            job = f"j{len(self.jobs)}"
            self.jobs[job] = self.ledger.begin_job(job, "machine").arrival
        return job

    # what workers do, and where they die

    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        self.take(data)

    def take(self, data: st.DataObject) -> None:
        """A worker takes rows, and goes on with them now or later, or never."""
        dirty: list[Lane] = [lane for lane, rows in self.ledger.counts().dirty.items() if rows]
        owner = f"w{self.now}"
        self.now += 1
        rows = self.ledger.claim(
            data.draw(st.sampled_from(dirty or LANES)),
            owner=owner,
            limit=data.draw(st.integers(1, 4)),
            lease_s=LEASE_S,
            alone=data.draw(st.booleans()),
        )
        for row in rows:
            assert (row.product is not None) == (self.memory[row.id].content >= 0)
        if rows:
            self.hands[owner] = Hand(rows, self.ledger.recipe())
            if data.draw(st.booleans()):
                self.go_on(owner, data)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def work_on(self, data: st.DataObject) -> None:
        self.go_on(data.draw(st.sampled_from(sorted(self.hands))), data)

    def go_on(self, owner: str, data: st.DataObject) -> None:
        hand = self.hands.pop(owner)
        ends = ["finish", "finish", "finish", "finish too late", "die before the write", "die after the write", "release", "bury"]
        end = data.draw(st.sampled_from(ends))
        if end in ("finish", "finish too late", "die after the write"):
            self.write(hand.rows)
        if end == "finish too late":
            self.change_recipe()
        if end.startswith("finish"):
            self.finish(owner, hand, wake=data.draw(st.none() | st.integers(-5, 90)))
        elif end == "release":
            self.ledger.release(owner, [row.id for row in hand.rows], delay_s=5, give_back=data.draw(st.booleans()))
        elif end == "bury":
            self.ledger.bury(owner, [self.letter(row) for row in hand.rows])

    @rule(seconds=st.sampled_from([1, 30, 61]))
    def wait(self, seconds: int) -> None:
        self.now += seconds * 1_000_000
        self.ledger.sweep(attempts=3)

    def write(self, rows: list[Claimed]) -> None:
        """The index takes what is newer than what it has."""
        documents = [
            Document(id=row.id, version=row.row_version, product=row.product, row=np.ones(2, dtype=np.float32) if row.product else None)
            for row in rows
        ]
        for result in self.store.write(documents):
            assert result.outcome in ("written", "newer")
            if result.outcome == "written":
                assert (result.id, result.version) not in self.written, "applied twice"
                self.written.add((result.id, result.version))

    def finish(self, owner: str, hand: Hand, *, wake: int | None = None) -> int:
        at = None if wake is None else self.now + wake * 1_000_000
        done = [Finished(id=row.id, row_version=row.row_version, wake=at) for row in hand.rows]
        clean = self.ledger.finish(owner, done, recipe=hand.recipe)
        assert clean == 0 or hand.recipe in ("", self.ledger.recipe())
        return clean

    def letter(self, row: Claimed) -> Letter:
        return Letter(id=row.id, row_version=row.row_version, error="E", reason="r", attempts=1, first_seen=self.now, last_seen=self.now)

    def buried(self, key: str) -> bool:
        known = self.ledger.standing(key)
        return known is not None and known.buried

    # what it all comes to

    def settle(self) -> None:
        """Let all leases end and all times come; work what is due; then set what was buried to work too, and compare."""
        self.now += 1_000 * 1_000_000
        self.drain()
        letters = {letter.id: letter.row_version for letter in self.ledger.letters()}
        self.compare(set(IDS) - letters.keys())
        self.account(letters)
        assert self.ledger.replay(list(letters)) == len(letters)
        self.drain()
        assert self.ledger.counts().letters == 0
        self.compare(set(IDS))

    def drain(self) -> None:
        for _ in range(30):
            lanes = [lane for lane, due in self.ledger.sweep(attempts=99).items() if due]
            for lane in lanes:
                for alone in (False, True):
                    rows = self.ledger.claim(lane, owner="last", limit=9, lease_s=LEASE_S, alone=alone)
                    self.write(rows)
                    self.finish("last", Hand(rows, self.ledger.recipe()))
            if not lanes:
                break
        assert set(self.ledger.counts().dirty.values()) == {0}

    def compare(self, keys: set[str]) -> None:
        (answer,) = self.store.ask([LexicalLeg(text="", filters=(), size=99)])
        found = [one.read() for one in answer.found]
        index = {product.id: (product.title, product.price) for product in found}
        for key in keys:
            assert index.get(key) == self.memory[key].shown
            if not self.memory[key].was_dropped:
                assert index.get(key) == self.memory[key].folded
            assert self.ledger.known([key]).get(key, 0) == max((version for id_, version in self.written if id_ == key), default=0)

    def account(self, letters: dict[str, int]) -> None:
        """accepted = indexed + unchanged + superseded + stale + refused + dead"""
        known = self.ledger.known(IDS)
        came_to: Counter[str] = Counter()
        for (key, version), events in self.given.items():
            if (key, version) in self.written:
                came_to["indexed"] += 1
            elif letters.get(key) == version:
                came_to["dead"] += 1
            else:
                assert known[key] > version, "an event is lost"
                came_to["superseded"] += 1
            came_to["superseded"] += events - 1  # of one batch, the last one counts
        came_to["unchanged"] = self.outcomes[Outcome.UNCHANGED]
        came_to["stale"] = self.outcomes[Outcome.STALE]
        came_to["refused"] = sum(self.outcomes[outcome] for outcome in REFUSED)
        assert came_to.total() == len(self.heard)


_templates: list[Path] = []


def _template() -> Path:
    return _templates[0]


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("machine") / "ledger.db"
    open_ledger(f"sqlite:///{file}", future_s=300).close()
    _templates[:] = [file]


TestWritePath = WritePath.TestCase
TestWritePath.settings = settings(max_examples=EXAMPLES, stateful_step_count=50, deadline=None)
