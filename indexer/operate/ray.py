"""A backfill by Ray Data: the next index of an upgrade filled by actors on many machines, beside the workers or in their place.

    windows of ids ─► actors that hold the encoders: rows read, encoded, written under their row versions, noted as done ─► counts

No row is claimed. Documents go to the version by its own name under the rows' own versions, so whoever writes an older one is refused
and what is done twice is done once: a run that was cut short is begun again, and finds what is left. What a row or the store refuses
is left to the workers, who know how to try it again and when to give it up.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from indexer.errors import LedgerError, ModelUnavailable
from indexer.ledger.base import Claimed, Ledger
from indexer.work.benches import NEXT, Bench, Benches
from indexer.work.documents import make_documents
from indexer.write_path import Indexer

OWNER = "ray"
WINDOW = 10_000
"""Rows of one task: enough that Ray's own cost does not count, few enough that an actor that dies loses little."""

Make = Callable[[], Indexer]
"""What gives each actor a write path of its own; it travels to the machines, settings and addresses with it."""
Window = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The actors: how many at most, and what each takes of a machine. `address` of a running Ray; empty: one on this machine alone."""

    actors: int = 1
    cpus: float = 1.0
    gpus: float = 0.0
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a run did: rows read, documents written, found there in a newer version, and left to the workers."""

    rows: int = 0
    written: int = 0
    newer: int = 0
    left: int = 0


def windows(ledger: Ledger, *, size: int = WINDOW) -> Iterator[Window]:
    """The products' ids in ranges: behind `after`, up to `last` (empty: without an end). Reads all ids once."""
    after = ""
    while page := ledger.walk(after=after, limit=size):
        last = page[-1].id if len(page) == size else ""
        yield {"after": after, "last": last}
        if not last:
            return
        after = last


class Filler:
    """An actor: encoders, ledger and store are opened once, then window after window is filled."""

    def __init__(self, make: Make) -> None:
        """Make the write path. Raises what making it raises."""
        self._indexer = make()
        self._ledger = self._indexer.ledger
        self._benches = Benches(self._ledger, self._indexer.workshop, self._indexer.settings)

    def __call__(self, batch: Mapping[str, Iterable[Any]]) -> dict[str, list[int]]:
        """Fill the batch's windows; their counts, a column each. Raises LedgerError where there is no next index, and engines' errors."""
        filled = [self.fill(str(after), str(last)) for after, last in zip(batch["after"], batch["last"], strict=True)]
        return {name: [getattr(one, name) for one in filled] for name in Filled.__dataclass_fields__}

    def fill(self, after: str, last: str) -> Filled:
        """Write what is dirty in that range of ids."""
        bench = self._benches.of(NEXT)
        upgrade = self._ledger.next.upgrade()
        if bench is None or upgrade is None:
            raise _nothing_to_fill()
        bench.workshop.store.hold(upgrade.new_index, bench.workshop.encoders.identity(self._ledger.id))
        rows = written = newer = done = 0
        while some := self._ledger.next.dirty_rows(after=after, last=last, limit=self._indexer.settings.work.claim):
            after = some[-1].id
            there, old = self._write(some, bench, upgrade.new_index)
            rows, written, newer = rows + len(some), written + there - old, newer + old
            done += there
        return Filled(rows=rows, written=written, newer=newer, left=rows - done)

    def _write(self, rows: list[Claimed], bench: Bench, index: str) -> tuple[int, int]:
        """How many documents are there now, and how many of them were there in a newer version."""
        made = make_documents(rows, bench.workshop, bench.settings, lane=NEXT)
        results = [one for one in bench.workshop.store.write(made.documents, index=index) if one.outcome != "failed"]
        newer = sum(one.outcome == "newer" for one in results)
        counted = made.counted(there=len(results), newer=newer)
        self._ledger.next.finish(OWNER, [made.finished[one.id] for one in results], recipe=index, counted=counted)
        return len(results), newer

    def close(self) -> None:
        """Give all connections back."""
        self._indexer.close()


def fill(make: Make, ledger: Ledger, pool: Pool, *, window: int = WINDOW, told: Callable[[Filled], None] | None = None) -> Filled:
    """Fill the next index with a pool of actors; `told` hears the sum so far. May be run again, also while workers fill it.

    Raises ModelUnavailable without the extra `ray`, LedgerError where there is no next index, and what an actor ends with.
    """
    upgrade = ledger.next.upgrade()
    if upgrade is None or not upgrade.keeping or not upgrade.new_index:
        raise _nothing_to_fill()
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ModelUnavailable("Ray is not installed.", cure="Install it: pip install 'fusedex[ray]'") from error
    _begun(ray, pool)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        some = [dict(one) for one in windows(ledger, size=window)]
        # A block for each window from the start: sharing them out later would take cores beside the actors', who may have them all.
        counts = ray.data.from_items(some, override_num_blocks=max(1, len(some))).map_batches(
            Filler,
            fn_constructor_args=(make,),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=pool.actors),
            num_cpus=pool.cpus,
            num_gpus=pool.gpus,
        )
        total = Filled()
        for row in counts.iter_rows():
            total = Filled(**{name: getattr(total, name) + int(row[name]) for name in Filled.__dataclass_fields__})
            if told is not None:
                told(total)
        return total
    finally:
        ray.shutdown()


def _begun(ray: Any, pool: Pool) -> None:
    """Join a running Ray, or begin one on this machine that ends with us and shows no page."""
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
    if pool.address:
        ray.init(address=pool.address, **quiet)
    else:
        ray.init(num_cpus=max(1, math.ceil(pool.cpus * pool.actors)), include_dashboard=False, **quiet)


def _nothing_to_fill() -> LedgerError:
    return LedgerError("There is no next index to fill.", cure="Begin an upgrade: fusedex upgrade start --config FILE --timeout 0")
