"""Which encoders, and which version of the index, a pass of work is for: those in force, or those of an upgrade's next index.

A process may meet documents to be made by a recipe that is not its settings': an upgrade came, or went. What the ledger has noted of
that recipe is then built here, beside its own.
"""

import threading
from dataclasses import dataclass

from indexer.encode.profile import of_profile
from indexer.errors import EncoderMismatch
from indexer.ledger.base import Ledger
from indexer.observe import RunObserver, log
from indexer.records import Lane
from indexer.settings import Settings
from indexer.work.workshop import Workshop
from indexer.work.writing import Place, Writer

NEXT: Lane = "upgrade"
"""The lane of what is dirty towards the next index."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Encoders with their settings, and who writes what they make."""

    workshop: Workshop
    settings: Settings
    writer: Writer


class Benches:
    """The benches of one process, each made when first needed. Safe across threads."""

    def __init__(self, ledger: Ledger, workshop: Workshop, settings: Settings, *, observer: RunObserver | None = None) -> None:
        """`workshop` is what the settings say; where it has no way to make others, no other recipe can be followed."""
        self._ledger = ledger
        self._home = workshop
        self._settings = settings
        self._observer = observer or RunObserver()
        self._lock = threading.Lock()
        self._workshops: dict[str, tuple[Workshop, Settings]] = {}
        self._made: dict[tuple[str, str], Bench] = {}

    def of(self, lane: Lane) -> Bench | None:
        """The bench for a claim of the lane; None where there is no next index to work for.

        Raises EncoderMismatch where the recipe is neither the settings' nor one that the ledger has a profile of, and what
        building the profile's encoders raises.
        """
        upgrade = self._ledger.next.upgrade()
        keeping = upgrade if upgrade is not None and upgrade.keeping else None
        if lane != NEXT:
            return self._bench(self._ledger.recipe(), keeping.old_index if keeping else "")
        if keeping is None or not keeping.new_index:
            return None
        return self._bench(keeping.new_recipe, keeping.new_index, to_next=True)

    def _bench(self, recipe: str, index: str, *, to_next: bool = False) -> Bench:
        key = (recipe, index)
        with self._lock:
            if key not in self._made:
                workshop, settings = self._workshop(recipe)
                writer = Writer(self._ledger, workshop, Place(index, to_next), most=settings.work.threads, observer=self._observer)
                self._made[key] = Bench(workshop, settings, writer)
            return self._made[key]

    def _workshop(self, recipe: str) -> tuple[Workshop, Settings]:
        if not recipe:
            return self._home, self._settings
        ours = self._home.encoders.recipe
        if recipe == ours:
            return self._home, self._settings
        if recipe in self._workshops:
            return self._workshops[recipe]
        profile = self._ledger.next.profile(recipe)
        others = self._home.others
        if others is None or not profile:
            raise _mismatch(recipe, ours)
        encode = of_profile(profile, self._settings.encode)
        encoders = others.encoders(encode)
        if encoders.recipe != recipe:
            raise _mismatch(recipe, encoders.recipe)
        log.info("recipe_followed", recipe=recipe, own=ours)
        workshop = self._home.with_others(lambda: encoders, lambda made: others.engine(made, encode))
        self._workshops[recipe] = workshop, self._settings.model_copy(update={"encode": encode})
        return self._workshops[recipe]


def _mismatch(wanted: str, ours: str) -> EncoderMismatch:
    return EncoderMismatch(
        f"The ledger wants documents made by the recipe {wanted}, this process makes them by {ours}.",
        cure="Start it again with the settings of the others (FUSEDEX_ENCODE__*); or run `fusedex refuse-all` with these.",
    )
