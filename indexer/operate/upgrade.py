"""A new model, fusion or mapping goes live: its index is built beside the one in use, proved, switched to, and can be switched back.

    planned ─► listing ─► building ─► ready ──► live ─► done            (the old index is deleted)
                              └─────► refused   │ ▲
                                                ▼ │
                                           rolled back ─► dropped       (the new index is deleted)

Each step is recorded in the ledger before it is taken and can be taken twice, so whoever is killed anywhere goes on with `resume`. What
fills the new index are the workers: its rows are dirty towards it (ledger/next_rows.py), and stay so at every live change.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from indexer.encode.profile import local_only
from indexer.encoders import Encoders, recipe_of
from indexer.errors import EncoderMismatch, LedgerError
from indexer.ledger.base import Ledger, Plan, Step, Upgrade
from indexer.operate.cures import OVER, RESUME, WHY
from indexer.operate.evidence import Evidence
from indexer.store.identity import Coming, Description
from indexer.store.moves import IndexVersions

AT_ONCE = 1000
LOOK_S = 0.5
PATIENCE_S = 600.0
"""How long a building may make no progress before waiting for it is given up; the upgrade stays where it is."""

Told = Callable[[str, int, int], None]
"""Hears how far a phase is: its name, what is done, and of how many."""


def silent(phase: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Built:
    """Encoders, the profile that makes them, and the settings that an index for them is made by, as JSON."""

    encoders: Encoders
    profile: str
    settings: str = ""


class Upgrades:
    """The course of upgrades over one ledger and one index. Any process may take the next step, one at a time."""

    def __init__(self, ledger: Ledger, store: IndexVersions) -> None:
        """Look at nothing yet."""
        self._ledger = ledger
        self._next = ledger.next
        self._store = store

    def current(self) -> Upgrade:
        """The last upgrade. Raises LedgerError where there never was one."""
        upgrade = self._next.upgrade()
        if upgrade is None:
            raise LedgerError("There is no upgrade.", cure="Begin one: fusedex upgrade start --config FILE")
        return upgrade

    def start(self, new: Built, own: Built, *, rebuild: bool = False) -> Upgrade:
        """Record an upgrade to what `new` makes; `own` is what this process is set to, and perhaps what made the index.

        `rebuild`: also where both make the same, as for another mapping. Raises LedgerError where another is under way, where
        all is made so already, or where the ledger and the index do not agree on what is in force; IndexMissing, ForeignLedger.
        """
        described = self._store.describe(fresh=True)
        found, recipe = described.identity, self._ledger.recipe() or recipe_of(described.identity)
        if found.ledger != self._ledger.id or recipe_of(found) != recipe:
            raise EncoderMismatch(
                f"The index {described.index} was not made by the recipe that the ledger has in force ({recipe}).",
                cure="Let `fusedex refuse-all` end, or name the right ledger and alias.",
            )
        if new.encoders.recipe == recipe and not rebuild:
            raise LedgerError("The index is made by these settings already.", cure="To build it anew all the same, add --rebuild.")
        return self._next.begin(
            Plan(
                old_index=described.index,
                old_recipe=recipe,
                old_profile=self._old_profile(described, own, recipe),
                new_recipe=new.encoders.recipe,
                new_profile=new.profile,
                new_settings=new.settings,
                fresh_parts=found.photo == "none" and new.encoders.photo is not None,
            )
        )

    def prepare(self, upgrade: Upgrade, new: Encoders, *, told: Told = silent) -> Upgrade:
        """Make the index and let every row take part, up to the step BUILDING; nothing where that is done. Raises StoreError classes."""
        if upgrade.step is Step.PLANNED:
            identity = new.identity(self._ledger.id)
            if new.recipe != upgrade.new_recipe:
                raise EncoderMismatch(f"These settings make the recipe {new.recipe}, the upgrade is to {upgrade.new_recipe}.")
            made_for, taken = self._made_for(upgrade), self._next.indices()
            index = self._store.make_next(identity, profile=upgrade.new_profile, made_for=made_for, taken=taken)
            self._tell_each_other(upgrade, index)
            upgrade = self._next.move(upgrade, Step.LISTING, new_index=index)
        if upgrade.step is Step.LISTING:
            counts = self._ledger.counts()
            done, total = 0, counts.products + counts.deleted + counts.waiting
            while some := self._next.list_some(limit=AT_ONCE):
                done += some
                told("listing", done, total)
            upgrade = self._next.move(upgrade, Step.BUILDING)
        return upgrade

    def built(self, *, told: Told = silent, patience_s: float = PATIENCE_S) -> bool:
        """Wait until the new index has all that there was when the waiting began; False where nothing moved for `patience_s` seconds.

        Needs workers. What changes meanwhile is not waited for: under a feed that never stops there is always something on its way.
        """
        until = self._next.moment()
        first = least = left = self._left(until)
        moved = time.monotonic()
        while left:
            if time.monotonic() - moved > patience_s:
                return False
            told("building", max(0, first - left), first)
            time.sleep(LOOK_S)
            left = self._left(until)
            if left < least:
                least, moved = left, time.monotonic()
        return True

    def _left(self, until: int) -> int:
        return self._next.dirty(until=until) or self._next.missed(limit=AT_ONCE)

    def judge(self, upgrade: Upgrade, evidence: Evidence) -> Upgrade:
        """Record what the gate found: READY where it let the new index pass, REFUSED where not."""
        if upgrade.step not in (Step.BUILDING, Step.READY, Step.REFUSED, Step.ROLLED_BACK):
            raise LedgerError(f"Upgrade {upgrade.number} can't be judged at the step {str(upgrade.step)!r}.", cure=RESUME)
        if not evidence.passed:
            self._note_trial(upgrade, share=0.0)
        return self._next.move(upgrade, Step.READY if evidence.passed else Step.REFUSED, evidence=evidence.text())

    def trial(self, upgrade: Upgrade) -> Coming | None:
        """What the old index says of the new one while a share of the queries tries it; None where none does."""
        described = self._store.at(upgrade.old_index).describe(fresh=True) if upgrade.step in _TRIABLE else None
        coming = described.coming if described is not None else None
        return coming if coming is not None and coming.share else None

    def try_out(self, upgrade: Upgrade, *, share: float, shadow: bool = False, whatever: bool = False) -> Upgrade:
        """Let a share of the queries (0 to 1; 0 ends it) ask the new index, or both (`shadow`), wherever a searcher is ready for it.

        It ends with the switch too, and where the gate refuses. Raises LedgerError where the gate has not let it pass.
        """
        if upgrade.step not in _TRIABLE or (upgrade.step is Step.REFUSED and share and not whatever):
            raise LedgerError(f"Upgrade {upgrade.number} can't be tried at the step {str(upgrade.step)!r}.", cure=WHY[upgrade.step])
        self._note_trial(upgrade, share=share, shadow=shadow)
        return upgrade

    def _note_trial(self, upgrade: Upgrade, *, share: float, shadow: bool = False) -> None:
        coming = Coming(upgrade.new_index, upgrade.new_profile, share, shadow)
        self._store.note(upgrade.old_index, profile=upgrade.old_profile or None, coming=coming)

    def switch(self, upgrade: Upgrade, *, whatever: bool = False) -> Upgrade:
        """The alias to the new index, in one request; `whatever` the gate said. Raises LedgerError where the gate has not let it pass."""
        allowed = (Step.READY, Step.ROLLED_BACK, *((Step.REFUSED,) if whatever else ()))
        if upgrade.step in allowed:
            upgrade = self._next.move(upgrade, Step.SWITCHING)
        if upgrade.step is not Step.SWITCHING:
            raise LedgerError(f"Upgrade {upgrade.number} can't be switched to at the step {str(upgrade.step)!r}.", cure=WHY[upgrade.step])
        self._note_trial(upgrade, share=0.0)  # or a rollback would begin it anew
        self._store.switch(upgrade.new_index)
        return self._next.move(upgrade, Step.LIVE)

    def roll_back(self, upgrade: Upgrade) -> Upgrade:
        """The alias back to the old index, in one request: it was kept up all the time; before a switch it ends a trial.

        Raises LedgerError where it never left, and nothing is tried.
        """
        if self.trial(upgrade) is not None:
            return self.try_out(upgrade, share=0.0)
        if upgrade.step in (Step.LIVE, Step.SWITCHING):
            upgrade = self._next.move(upgrade, Step.ROLLING_BACK)
        if upgrade.step is not Step.ROLLING_BACK:
            raise LedgerError(
                f"Upgrade {upgrade.number} is at the step {str(upgrade.step)!r}: there is nothing to roll back.",
                cure="The old index is in use; `fusedex upgrade clean` deletes the new one." if upgrade.keeping else OVER,
            )
        self._store.switch(upgrade.old_index)
        return self._next.move(upgrade, Step.ROLLED_BACK)

    def clean(self, upgrade: Upgrade, *, told: Told = silent) -> Upgrade:
        """Delete the index that is not in use, and end the upgrade: no rollback after that."""
        if upgrade.step in (Step.SWITCHING, Step.ROLLING_BACK):
            raise LedgerError(f"Upgrade {upgrade.number} is in the middle of a switch.", cure=RESUME)
        if upgrade.keeping:
            upgrade = self._next.move(upgrade, Step.CLEANING if upgrade.step is Step.LIVE else Step.DROPPING)
        if upgrade.step is Step.CLEANING:
            return self._cleaned(upgrade, told)
        if upgrade.step is Step.DROPPING:
            return self._dropped(upgrade, told)
        return upgrade

    def resume(self, upgrade: Upgrade, *, told: Told = silent) -> Upgrade:
        """Take a step that was begun to its end; what waits for a decision, or for workers, is left as it is."""
        if upgrade.step is Step.SWITCHING:
            return self.switch(upgrade)
        if upgrade.step is Step.ROLLING_BACK:
            return self.roll_back(upgrade)
        if upgrade.step in (Step.CLEANING, Step.DROPPING):
            return self.clean(upgrade, told=told)
        return upgrade

    def _cleaned(self, upgrade: Upgrade, told: Told) -> Upgrade:
        # The order is for workers that still write for the old index: from the first line on they claim nothing more, after the second
        # what they have in hand can't be written, and by fresh versions the walk overtakes what they still finish.
        self._next.put_in_force(upgrade)
        self._store.drop(upgrade.old_index)
        self._store.note(upgrade.new_index)
        done, total = 0, self._ledger.counts().products
        while some := self._next.promote_some(limit=AT_ONCE):
            done += some
            told("cleaning", done, total)
        return self._next.move(upgrade, Step.DONE)

    def _dropped(self, upgrade: Upgrade, told: Told) -> Upgrade:
        self._store.note(upgrade.old_index)
        # who died between making the index and noting it left one that no record names
        if index := upgrade.new_index or self._store.made_for(self._made_for(upgrade)):
            self._store.drop(index)
        done, total = 0, self._ledger.counts().products
        while some := self._next.leave_some(limit=AT_ONCE):
            done += some
            told("dropping", done, total)
        return self._next.move(upgrade, Step.DROPPED)

    def _made_for(self, upgrade: Upgrade) -> str:
        return f"{self._ledger.id}:{upgrade.number}"

    def _tell_each_other(self, upgrade: Upgrade, index: str) -> None:
        """Whoever searches one of the two gets the encoders of the other ready, so that neither switch nor rollback makes a query wait."""
        old_profile = upgrade.old_profile or None
        self._store.note(upgrade.old_index, profile=old_profile, coming=Coming(index, upgrade.new_profile))
        self._store.note(index, profile=upgrade.new_profile, coming=Coming(upgrade.old_index, old_profile) if old_profile else None)

    def _old_profile(self, described: Description, own: Built, recipe: str) -> str:
        """What makes the old index: our settings, what upgrades know, or what the index says, which its identity has to prove later."""
        return own.profile if own.encoders.recipe == recipe else self._next.profile(recipe) or local_only(described.profile)


_TRIABLE = (Step.READY, Step.REFUSED, Step.ROLLED_BACK)
