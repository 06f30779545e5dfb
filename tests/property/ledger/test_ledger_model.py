"""The ledger against a model that a page holds: whatever happens in whatever order, in the end the index shows the newest of everything."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from indexer.ledger.base import Claimed, Finished, Letter
from indexer.ledger.open import SqlLedger, open_ledger
from indexer.records import LANES, Delete, Event, Lane, Money, Offer, Product

IDS = ("a", "b", "c")
LEASE_S = 60
START = 1_700_000_000_000_000


@dataclass
class Newest:
    """What the source said last, by version; the model's whole memory of a product."""

    content: int = -1
    offer: int = -1
    deleted: int = -1

    @property
    def lives(self) -> bool:
        return self.content > self.deleted


class LedgerMachine(RuleBasedStateMachine):
    folder: Path
    ledger: SqlLedger

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.newest = {key: Newest() for key in IDS}
        self.index: dict[str, tuple[int, Product | None]] = {}
        self.held: dict[str, list[Claimed]] = {}
        self.lease_ends: dict[tuple[str, int], int] = {}
        self.owners = 0

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fusedex-model-"))
        shutil.copy(_template(), self.folder / "ledger.db")
        self.ledger = open_ledger(f"sqlite:///{self.folder}/ledger.db", future_s=300, clock=lambda: self.now)
        self.ledger.begin_job("j", "model")

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            try:
                self.drain()
            finally:
                self.ledger.close()
                shutil.rmtree(self.folder)

    @rule(events=st.lists(st.tuples(st.sampled_from(["full", "offer", "gone"]), st.sampled_from(IDS), st.integers(0, 20)), max_size=5))
    def accept(self, events: list[tuple[str, str, int]]) -> None:
        """A version always says the same: the price is the version, the title every other version."""
        said: list[Event] = []
        for kind, key, version in events:
            newest = self.newest[key]
            if kind == "full":
                said.append(Product(id=key, title=f"title {version // 2}", price=Money(version, "EUR"), version=version))
                newest.content = max(newest.content, version)
                newest.offer = max(newest.offer, version)
            elif kind == "offer":
                said.append(Offer(id=key, price=Money(version, "EUR"), version=version))
                newest.offer = max(newest.offer, version)
            else:
                said.append(Delete(id=key, version=version))
                newest.deleted = max(newest.deleted, version)
        assert len(self.ledger.accept("j", said)) == len(said)

    @rule(lane=st.sampled_from(LANES), limit=st.integers(1, 3), alone=st.booleans())
    def claim(self, lane: Lane, limit: int, alone: bool) -> None:
        self.owners += 1
        rows = self.ledger.claim(lane, owner=f"w{self.owners}", limit=limit, lease_s=LEASE_S, alone=alone)
        for row in rows:
            assert self.lease_ends.get((row.id, 0), 0) <= self.now, "given out twice"
            assert (row.attempts > 1) == alone
            assert (row.product is not None) == self.newest[row.id].lives
            self.lease_ends[row.id, 0] = self.now + LEASE_S * 1_000_000
        self.held[f"w{self.owners}"] = rows

    @precondition(lambda self: self.held)
    @rule(data=st.data(), finishes=st.booleans())
    def work(self, data: st.DataObject, finishes: bool) -> None:
        """A worker writes what it holds; then it finishes, or dies without a word (its lease stays)."""
        owner = data.draw(st.sampled_from(sorted(self.held)))
        rows = self.held.pop(owner)
        for row in rows:
            self.write(row)
        if finishes:
            self.ledger.finish(owner, [Finished(id=row.id, row_version=row.row_version) for row in rows])
            self.forget_leases(rows)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), give_back=st.booleans())
    def release(self, data: st.DataObject, give_back: bool) -> None:
        owner = data.draw(st.sampled_from(sorted(self.held)))
        rows = self.held.pop(owner)
        self.ledger.release(owner, [row.id for row in rows], delay_s=5, give_back=give_back)
        self.forget_leases(rows)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def bury(self, data: st.DataObject) -> None:
        owner = data.draw(st.sampled_from(sorted(self.held)))
        rows = self.held.pop(owner)
        letters = [
            Letter(id=row.id, row_version=row.row_version, error="E", reason="r", attempts=1, first_seen=self.now, last_seen=self.now)
            for row in rows
        ]
        self.ledger.bury(owner, letters)
        self.forget_leases(rows)

    @rule(seconds=st.sampled_from([1, 30, 61]))
    def wait(self, seconds: int) -> None:
        self.now += seconds * 1_000_000

    @rule()
    def sweep(self) -> None:
        self.ledger.sweep(attempts=3)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """Every product that the index does not show as it is, is dirty, or has a letter that says why not."""
        if not hasattr(self, "ledger"):
            return
        counts = self.ledger.counts()
        open_ends = sum(not self.shown(key) for key in IDS)
        assert open_ends <= sum(counts.dirty.values()) + counts.letters
        assert counts.products == sum(newest.lives for newest in self.newest.values())

    def write(self, row: Claimed) -> None:
        """The index takes only what is newer: external versions."""
        if row.row_version > self.index.get(row.id, (0, None))[0]:
            self.index[row.id] = (row.row_version, row.product)

    def forget_leases(self, rows: list[Claimed]) -> None:
        for row in rows:
            self.lease_ends.pop((row.id, 0), None)

    def shown(self, key: str) -> bool:
        product, newest = self.index.get(key, (0, None))[1], self.newest[key]
        if product is None or not newest.lives:
            return (product is None) == (not newest.lives)
        return (product.title, product.price) == (f"title {newest.content // 2}", Money(newest.offer, "EUR"))

    def drain(self) -> None:
        """Let every lease end, revive what is buried by sending it again under new versions, and work all of it."""
        self.now += 1_000 * 1_000_000
        for letter in self.ledger.letters():
            kind = "full" if self.newest[letter.id].lives else "gone"
            self.accept([(kind, letter.id, 21 + self.owners)])
        for _ in range(20):
            for lane in LANES:
                for alone in (False, True):
                    rows = self.ledger.claim(lane, owner="last", limit=9, lease_s=LEASE_S, alone=alone)
                    for row in rows:
                        self.write(row)
                    self.ledger.finish("last", [Finished(id=row.id, row_version=row.row_version) for row in rows])
        assert set(self.ledger.counts().dirty.values()) == {0}
        assert self.ledger.letters() == []
        assert all(self.shown(key) for key in IDS)


_templates: list[Path] = []


def _template() -> Path:
    return _templates[0]


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("model") / "ledger.db"
    open_ledger(f"sqlite:///{file}", future_s=300).close()
    _templates[:] = [file]


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
