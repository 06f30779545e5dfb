"""Ledger and index compared by id and version, and set right: the ledger is the truth.

Work goes on meanwhile: what looks wrong is read again, after a refresh, and counts only if it still is.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from indexer.ledger.base import Ledger, Standing
from indexer.operate.windows import Pair, Sides, Window
from indexer.store.base import ProductStore, Stored

GHOST_LIMIT = 0.1
"""The share of an index's documents that a repair may delete without being told twice."""
SAMPLES = 10


class Kind(StrEnum):
    """How one id stands in ledger and index."""

    EQUAL = "equal"
    BEHIND = "behind"
    """The index has an older version than the ledger believes."""
    MISSING = "missing"
    """A live product without a document."""
    AHEAD = "ahead"
    """The index has a later version than the ledger ever gave out, as after the ledger came back from a backup."""
    GHOST = "ghost"
    """A document of a product that the ledger never heard of."""
    WAITING = "waiting"
    """Still to be indexed, or changed while it was looked at: not judged."""
    BURIED = "buried"
    """A dead letter, or one that was discarded: not judged."""
    LINGERING = "lingering"
    """A deleted product's tombstone, as it should be."""


DIFFERENT = (Kind.BEHIND, Kind.MISSING, Kind.AHEAD, Kind.GHOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Whether to repair, which share of the documents may be deleted as ghosts (1: all), and ids per page of each side."""

    repair: bool = False
    ghost_limit: float = GHOST_LIMIT
    page: int = 1000


@dataclass(slots=True)
class Report:
    """Ids by kind, the first of each kind that differs, and what was repaired; `refused` says why a repair was left undone.

    `documents` counts the index's, tombstones included; `redone` products were set to work, `removed` documents deleted.
    """

    kinds: Counter[Kind] = field(default_factory=Counter)
    samples: dict[Kind, list[str]] = field(default_factory=dict)
    documents: int = 0
    redone: int = 0
    removed: int = 0
    refused: str = ""
    took_s: float = 0.0

    @property
    def different(self) -> int:
        """How many ids differ, or did before the repair."""
        return sum(self.kinds[kind] for kind in DIFFERENT)

    def add(self, kind: Kind, pair: Pair) -> None:
        """Count one id."""
        self.kinds[kind] += 1
        self.documents += pair.stored is not None
        if kind in DIFFERENT and len(kept := self.samples.setdefault(kind, [])) < SAMPLES:
            kept.append(pair.id)


def judge(standing: Standing | None, stored: Stored | None) -> Kind:
    """How an id stands, from what both sides say of it."""
    if standing is None:
        return Kind.GHOST
    if standing.buried or (not standing.dirty and standing.indexed_version < standing.row_version):
        return Kind.BURIED
    if stored is not None and stored.version > standing.row_version:
        return Kind.AHEAD  # even where it is dirty: what will be written is older, and would be refused
    if standing.dirty:
        return Kind.WAITING
    if stored is None:
        return Kind.MISSING if standing.live else Kind.EQUAL  # an offer that waits for its content; a tombstone that was purged
    if stored.version < standing.row_version or stored.deleted == standing.live:
        return Kind.BEHIND
    return Kind.EQUAL if standing.live else Kind.LINGERING


def reconcile(ledger: Ledger, store: ProductStore, rules: Rules, *, on_progress: Callable[[int], None] = lambda _: None) -> Report:
    """Compare all ids, and repair if the rules say so; `on_progress` gets the ids done so far.

    Behind, missing and ahead: the product is due again, under a version above the index's, and workers write it. Ghosts are
    deleted once all is compared, unless they are too many. Raises ForeignLedger, LedgerUnavailable and StoreError classes.
    """
    begun = time.monotonic()
    sides = Sides(ledger, store, page=rules.page)
    sides.check()
    sides.refresh()
    report = Report()
    for window in sides.windows():
        judged = certain(sides, window)
        for kind, pair in judged:
            report.add(kind, pair)
        if rules.repair:
            report.redone += _redo(ledger, judged)
        on_progress(report.kinds.total())
    if rules.repair and report.kinds[Kind.GHOST]:
        _lay_ghosts(sides, store, rules, report)
    report.took_s = time.monotonic() - begun
    return report


def certain(sides: Sides, window: Window) -> list[tuple[Kind, Pair]]:
    """The window's ids with their kinds; those that seem to differ are read again, and wait where they moved meanwhile."""
    judged = [(judge(pair.standing, pair.stored), pair) for pair in window.pairs]
    if not any(kind in DIFFERENT for kind, _ in judged):
        return judged
    now = {pair.id: (_unmoved(before, pair), pair) for before, pair in sides.again(window)}
    return [now.get(pair.id, (Kind.WAITING, pair)) if kind in DIFFERENT else (kind, pair) for kind, pair in judged]


def _unmoved(before: Standing | None, pair: Pair) -> Kind:
    kind = judge(pair.standing, pair.stored)
    return Kind.WAITING if kind in DIFFERENT and kind is not judge(before, pair.stored) else kind


def _redo(ledger: Ledger, judged: Sequence[tuple[Kind, Pair]]) -> int:
    floors = {pair.id: pair.stored.version if pair.stored else 0 for kind, pair in judged if kind in DIFFERENT and kind is not Kind.GHOST}
    return ledger.redo(floors) if floors else 0


def _lay_ghosts(sides: Sides, store: ProductStore, rules: Rules, report: Report) -> None:
    """Delete the ghosts in a second walk: only at its end does the first one know whether they are too many."""
    ghosts = report.kinds[Kind.GHOST]
    share = ghosts / report.documents
    if share > rules.ghost_limit:
        report.refused = (
            f"{ghosts:,} of {report.documents:,} documents ({share:.1%}) are unknown to the ledger, more than the "
            f"{rules.ghost_limit:.1%} that may be deleted; they were left. Is it the right ledger, and is it whole?"
        )
        return
    for window in sides.windows():
        found = [pair for kind, pair in certain(sides, window) if kind is Kind.GHOST]
        versions = {pair.id: pair.stored.version + 1 for pair in found if pair.stored}
        for result in store.remove(versions) if versions else ():
            report.removed += result.outcome == "written"
            if result.outcome == "failed" and not report.refused:
                report.refused = f"The index did not delete {result.id!r}: {result.error}: {result.reason}"
