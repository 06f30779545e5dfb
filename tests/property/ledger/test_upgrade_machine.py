"""Whatever happens to an upgrade in whatever order, the index in use ends equal to the ledger, and so does every index that is kept up.

Events, work towards either index, workers that die with rows in hand, late finishes, switches, rollbacks, commands that die between
a record and its deed: all of them interleaved as hypothesis likes.
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from indexer.encode.profile import profile_of
from indexer.errors import IndexMissing
from indexer.ledger.base import Claimed, Finished, Step, Target, Upgrade
from indexer.ledger.open import SqlLedger, open_ledger
from indexer.operate.evidence import Evidence
from indexer.operate.upgrade import Built, Upgrades
from indexer.records import Delete, Lane, Product
from indexer.settings import EncodeSettings
from indexer.store.base import Document
from indexer.store.memory import MemoryStore
from tests.unit.operate.renewed import encoders_of

IDS = [f"p{n}" for n in range(6)]
PASSED = Evidence(passed=True, by="overlap", figures={})
OLD = EncodeSettings(text="hashed", photo="hashed", title_weight=0.4)
NEW = OLD.model_copy(update={"title_weight": 0.9})
LANES_OF_OLD: tuple[Lane, ...] = ("offers", "encode_new", "encode", "backfill")


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000_000

    def __call__(self) -> int:
        self.now += 1
        return self.now


class Hands:
    """A worker's rows: for which index they were claimed, and by which recipe they are being made."""

    def __init__(self, owner: str, target: Target, index: str, recipe: str, rows: list[Claimed]) -> None:
        self.owner, self.target, self.index, self.recipe, self.rows = owner, target, index, recipe, rows
        self.written = False


class UpgradeMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.ledger: SqlLedger = open_ledger(f"sqlite:///{self.folder / 'ledger.sqlite'}", future_s=300, clock=self.clock)
        self.store = MemoryStore()
        self.upgrades = Upgrades(self.ledger, self.store)
        self.hands: list[Hands] = []
        self.jobs = 0
        self.used = OLD

    @initialize()
    def first_index(self) -> None:
        encoders = encoders_of(OLD)
        self.store.ensure(encoders.identity(self.ledger.id))
        self.ledger.set_recipe(encoders.recipe)
        self.event(["p0", "p1", "p2"], delete=False)

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.ledger.close()
            shutil.rmtree(self.folder)

    @property
    def upgrade(self) -> Upgrade | None:
        upgrade = self.ledger.next.upgrade()
        return None if upgrade is None or upgrade.ended else upgrade

    @rule(ids=st.lists(st.sampled_from(IDS), min_size=1, max_size=3, unique=True), delete=st.booleans())
    def event(self, ids: list[str], delete: bool) -> None:
        self.jobs += 1
        job = self.ledger.begin_job(f"j{self.jobs}", "f")
        events: list[Product | Delete] = [Delete(id=id_) if delete else Product(id=id_, title=f"chair {self.jobs}") for id_ in ids]
        self.ledger.accept(job.id, events)

    @rule(to_next=st.booleans(), limit=st.integers(1, 4), alone=st.booleans())
    def claim(self, to_next: bool, limit: int, alone: bool) -> None:
        """As Benches and Claims do: which index first, then the rows."""
        upgrade = self.upgrade if self.upgrade and self.upgrade.keeping else None
        if to_next and (upgrade is None or not upgrade.new_index):
            return
        owner = f"w{self.clock()}"
        recipe = self.ledger.recipe()
        if to_next and upgrade is not None:
            rows = self.ledger.next.claim("upgrade", owner=owner, limit=limit, lease_s=60, alone=alone)
            self.hands.append(Hands(owner, self.ledger.next, upgrade.new_index, upgrade.new_index, rows))
            return
        index = upgrade.old_index if upgrade else self.store.describe().index
        rows = [row for lane in LANES_OF_OLD for row in self.ledger.claim(lane, owner=owner, limit=limit, lease_s=60, alone=alone)]
        self.hands.append(Hands(owner, self.ledger, index, recipe, rows))

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        """The index may be gone: then the rows go back."""
        hands = data.draw(st.sampled_from(self.hands))
        documents = [Document(id=row.id, version=row.row_version, product=row.product) for row in hands.rows]
        try:
            self.store.write(documents, index=hands.index)
        except IndexMissing:
            self.hands.remove(hands)
            hands.target.release(hands.owner, [row.id for row in hands.rows], delay_s=0, give_back=True)
        else:
            hands.written = True

    @precondition(lambda self: any(one.written for one in self.hands))
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        hands = data.draw(st.sampled_from([one for one in self.hands if one.written]))
        self.hands.remove(hands)
        done = [Finished(id=row.id, row_version=row.row_version) for row in hands.rows]
        hands.target.finish(hands.owner, done, recipe=hands.recipe)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """A worker ends without a word; its leases run out, and what is left of it may still finish later (it stays in `hands`)."""
        hands = data.draw(st.sampled_from(self.hands))
        if data.draw(st.booleans()):
            self.hands.remove(hands)
        self.clock.now += 61_000_000

    @precondition(lambda self: self.upgrade is None)
    @rule()
    def begin(self) -> None:
        new = NEW if self.used is OLD else OLD
        self.upgrades.start(Built(encoders_of(new), profile_of(new)), Built(encoders_of(self.used), profile_of(self.used)))

    @precondition(lambda self: self.upgrade is not None and self.upgrade.step in (Step.PLANNED, Step.LISTING))
    @rule(dies=st.booleans())
    def prepare(self, dies: bool) -> None:
        upgrade = self.upgrade
        new = encoders_of(NEW if self.used is OLD else OLD)
        if dies and upgrade is not None and upgrade.step is Step.PLANNED:
            made_for = f"{self.ledger.id}:{upgrade.number}"
            taken = self.ledger.next.indices()
            self.store.make_next(new.identity(self.ledger.id), profile=upgrade.new_profile, made_for=made_for, taken=taken)
        elif dies:
            self.ledger.next.list_some(limit=2)
        elif upgrade is not None:
            self.upgrades.prepare(upgrade, new)

    @precondition(lambda self: self.upgrade is not None and self.upgrade.step is Step.BUILDING and not self.ledger.next.dirty())
    @rule()
    def judge(self) -> None:
        if self.upgrade is not None and not self.ledger.next.missed():
            self.upgrades.judge(self.upgrade, PASSED)

    @precondition(lambda self: self.upgrade is not None and self.upgrade.step in (Step.READY, Step.ROLLED_BACK, Step.SWITCHING))
    @rule(dies=st.booleans())
    def switch(self, dies: bool) -> None:
        upgrade = self.upgrade
        if upgrade is not None and dies and upgrade.step is not Step.SWITCHING:
            self.ledger.next.move(upgrade, Step.SWITCHING)
        elif upgrade is not None:
            self.upgrades.switch(upgrade)

    @precondition(lambda self: self.upgrade is not None and self.upgrade.step in (Step.LIVE, Step.SWITCHING, Step.ROLLING_BACK))
    @rule(dies=st.booleans())
    def roll_back(self, dies: bool) -> None:
        upgrade = self.upgrade
        if upgrade is not None and dies and upgrade.step is not Step.ROLLING_BACK:
            self.ledger.next.move(upgrade, Step.ROLLING_BACK)
        elif upgrade is not None:
            self.upgrades.roll_back(upgrade)

    @precondition(lambda self: self.upgrade is not None and self.upgrade.step not in (Step.SWITCHING, Step.ROLLING_BACK))
    @rule(dies=st.booleans())
    def clean(self, dies: bool) -> None:
        upgrade = self.upgrade
        if upgrade is None:
            return
        if upgrade.step in (Step.LIVE, Step.CLEANING):
            self.used = encoders_settings(upgrade)
        if dies and upgrade.step is Step.LIVE:
            upgrade = self.ledger.next.move(upgrade, Step.CLEANING)
            self.ledger.next.put_in_force(upgrade)
            self.store.drop(upgrade.old_index)
            self.ledger.next.promote_some(limit=2)
        elif dies and upgrade.keeping and upgrade.step is not Step.LIVE:
            self.ledger.next.move(upgrade, Step.DROPPING)
            self.ledger.next.leave_some(limit=2)
        else:
            self.upgrades.clean(upgrade)

    @invariant()
    def the_alias_stands_for_an_index_with_its_own_identity(self) -> None:
        if self.store._shared.versions:
            described = self.store.describe()
            assert described.identity.width in (64, 128)

    def settle(self) -> None:
        """Commands and workers run again until nothing is due; then every index that is kept up equals the ledger."""
        self.clock.now += 61_000_000
        if self.upgrade is not None:
            self.upgrades.resume(self.upgrade)
        if self.upgrade is not None and self.upgrade.step in (Step.PLANNED, Step.LISTING):
            self.upgrades.prepare(self.upgrade, encoders_of(NEW if self.used is OLD else OLD))
        for alone in (False, True) * 30:
            for to_next in (False, True):
                self.claim(to_next=to_next, limit=9, alone=alone)
            for hands in [*self.hands]:
                documents = [Document(id=row.id, version=row.row_version, product=row.product) for row in hands.rows]
                self.hands.remove(hands)
                try:
                    self.store.write(documents, index=hands.index)
                except IndexMissing:
                    hands.target.release(hands.owner, [row.id for row in hands.rows], delay_s=0, give_back=True)
                    continue
                done = [Finished(id=row.id, row_version=row.row_version) for row in hands.rows]
                hands.target.finish(hands.owner, done, recipe=hands.recipe)
        fold = {one.id: (one.row_version, not one.live) for one in self.ledger.walk() if one.row_version}
        assert not any(self.ledger.counts().dirty.values())
        for index in self.store._shared.versions:
            found = {one.id: (one.version, one.deleted) for one in self.store.at(index).walk()}
            assert found == fold, index


def encoders_settings(upgrade: Upgrade) -> EncodeSettings:
    return NEW if upgrade.new_profile == profile_of(NEW) else OLD


TestUpgrades = UpgradeMachine.TestCase
TestUpgrades.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, phases=[Phase.generate])
