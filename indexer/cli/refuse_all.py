"""`fusedex refuse-all`: every product fused again from its cached parts, after other weights or another checkpoint."""

import json
import logging
import sys
import time
from dataclasses import dataclass
from typing import Annotated

import typer

from indexer.build.writing import build_indexer
from indexer.cli.progress import Display, display
from indexer.errors import IndexMissing
from indexer.ledger.base import Job
from indexer.observe import configure_logs, log
from indexer.operate.fuse_again import begin, walk_again
from indexer.publish.hints import Hints
from indexer.records import Lane
from indexer.settings import Settings
from indexer.write_path import Indexer

FAILED, INTERRUPTED = 1, 130
LANE: Lane = "backfill"
LOOK_S = 1.0
ALL = Job(id="", source="", arrival=0, committed=True, first_version=1, last_version=2**63 - 1)
"""The span of every row version: to ask why rows were put back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What a run came to; `runs` counts model runs and writes between its begin and its end."""

    adopted: bool
    clean: bool
    products: int
    pending: int
    dead: int
    runs: dict[str, int]
    waited: bool
    took_s: float

    @property
    def exit_code(self) -> int:
        """0 done, 1 out of time or new dead letters."""
        return FAILED if self.waited and (self.pending or self.dead) else 0

    def as_json(self) -> dict[str, object]:
        """The object that --json prints."""
        return {
            "adopted": self.adopted,
            "clean": self.clean,
            "products": self.products,
            "pending": self.pending,
            "dead": self.dead,
            "model_runs": {"texts": self.runs["texts"], "photos": self.runs["photos"]},
            "written": self.runs["written"],
            "took_s": round(self.took_s, 3),
        }


def refuse_all(
    *,
    clean: Annotated[
        bool, typer.Option("--clean", help="Clean the texts and read the photos again too, after their steps changed.")
    ] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="End once all products are set to work; workers go on.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Give up after so many seconds without progress.")] = 600,
) -> None:
    """Fuse all products again after the fusion's weights or checkpoint changed; vectors come from the cache, so no model runs."""
    settings = Settings.load()
    configure_logs(settings.log, level=logging.WARNING)
    indexer = build_indexer(settings)
    try:
        done = run(indexer, clean=clean, patience_s=0 if no_wait else timeout)
    except KeyboardInterrupt:
        print("\nStopped; what is set to work stays so. The same command goes on where it stopped.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        indexer.close()
    if as_json:
        print(json.dumps(done.as_json()))
    else:
        show(done)
    raise typer.Exit(done.exit_code)


def run(indexer: Indexer, *, clean: bool, patience_s: float) -> Again:
    """Put the settings' recipe in force, set what is older to work, wait until it is done; a `patience_s` of 0 means no wait.

    Raises EncoderMismatch where a model changed, LedgerUnavailable and StoreError classes.
    """
    begun = time.monotonic()
    before = indexer.counts()
    products = 0
    with display() as shown:
        current = begin(indexer.ledger, indexer.workshop.store, indexer.workshop.encoders, clean=clean)
        if current is not None and not current.done:
            shown.begin("setting to work", total=before.products + before.deleted + before.waiting)
            hints = Hints(indexer.publisher, claim=indexer.settings.work.claim)

            def told(looked: int) -> None:
                shown.at(looked)
                hints.some(LANE)

            products = walk_again(indexer.ledger, current, on_progress=told)
            shown.end()
        pending = _wait(indexer, shown, patience_s) if patience_s else indexer.counts().dirty[LANE]
    after = indexer.counts()
    return Again(
        adopted=current is not None and current.adopted,
        clean=current is not None and current.clean and not current.done,
        products=products,
        pending=pending,
        dead=max(0, after.letters - before.letters),
        runs={name: after.counters.get(name, 0) - before.counters.get(name, 0) for name in ("texts", "photos", "written")},
        waited=patience_s > 0,
        took_s=time.monotonic() - begun,
    )


def show(done: Again) -> None:
    """Print the outcome for people."""
    if done.adopted:
        print("The index has taken the new fusion.")
    if not done.products:
        print("Nothing to set to work: all products were made by this recipe, or are on their way.")
    else:
        what = "cleaned and fused" if done.clean else "fused"
        print(f"{done.products:,} products set to work, to be {what} again.")
    if not done.waited:
        print(f"{done.pending:,} are still to be done; workers go on. `fusedex status` tells how far they are.")
        return
    texts, photos = done.runs["texts"], done.runs["photos"]
    print(f"{done.runs['written']:,} documents written in {done.took_s:.1f} s; models ran for {texts:,} texts and {photos:,} photos.")
    if (texts or photos) and not done.clean:
        print("Those were no longer in the vector cache, or came in meanwhile.")
    if done.pending:
        print(f"{done.pending:,} are still to be done: is a worker running with these settings? `fusedex status` tells.")
    if done.dead:
        print(f"{done.dead:,} new dead letters: `fusedex letters list` tells why.")


def _wait(indexer: Indexer, shown: Display, patience_s: float) -> int:
    """Wait while the lane gets shorter; how many are left. All that was written is searchable afterwards."""
    first = least = left = indexer.counts().dirty[LANE]
    if left:
        Hints(indexer.publisher, claim=indexer.settings.work.claim).all_due(indexer.counts().dirty)
        shown.begin("fusing", total=first)
    moved, told = time.monotonic(), ""
    while left and time.monotonic() - moved < patience_s:
        time.sleep(LOOK_S)
        left = indexer.counts().dirty[LANE]
        shown.at(max(0, first - left))
        if left < least:
            least, moved = left, time.monotonic()
        trouble = indexer.ledger.trouble(ALL) if left else ""
        if trouble and trouble != told:
            told = trouble
            shown.warn(f"workers put rows back, to try again: {trouble}")
    if first:
        shown.end()
    try:
        indexer.workshop.store.refresh()
    except IndexMissing:
        log.debug("nothing_to_refresh")
    return left
