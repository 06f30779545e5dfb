"""`fusedex reconcile`: ledger and index compared product by product, and repaired when asked to."""

import json
import logging
from typing import Annotated

import typer

from indexer.build.writing import build_indexer
from indexer.cli.progress import display
from indexer.observe import configure_logs
from indexer.operate.reconcile import DIFFERENT, GHOST_LIMIT, Kind, Report, Rules
from indexer.operate.reconcile import reconcile as compare
from indexer.publish.hints import Hints
from indexer.settings import Settings
from indexer.write_path import Indexer

FAILED, DIFFERENCES = 1, 3

MEANING = {
    Kind.EQUAL: "are the same in both",
    Kind.LINGERING: "are deleted, and their tombstones are in the index, as they should be",
    Kind.WAITING: "are still to be indexed, or changed just now: not judged",
    Kind.BURIED: "are dead letters: not judged",
    Kind.BEHIND: "are older in the index than the ledger believes",
    Kind.MISSING: "are missing in the index",
    Kind.AHEAD: "are newer in the index than the ledger ever said (was it restored from a backup?)",
    Kind.GHOST: "are in the index and unknown to the ledger",
}


def reconcile(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Set right what differs: index again what is old or missing, delete ghosts.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help=f"Delete ghosts even if they are more than {GHOST_LIMIT:.0%} of the documents.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Compare ledger and index by id and version. Exit code 0: equal, 3: they differ (or did, before the repair), 1: failed."""
    settings = Settings.load()
    configure_logs(settings.log, level=logging.WARNING)
    indexer = build_indexer(settings)
    try:
        report = run(indexer, Rules(repair=repair, ghost_limit=1.0 if force else GHOST_LIMIT))
    finally:
        indexer.close()
    if as_json:
        print(json.dumps(as_object(report), ensure_ascii=False))
    else:
        show(report, repair=repair)
    raise typer.Exit(FAILED if report.refused else DIFFERENCES if report.different else 0)


def run(indexer: Indexer, rules: Rules) -> Report:
    """Compare with progress on standard error; workers get hints for what a repair set to work."""
    counts = indexer.counts()
    with display() as shown:
        shown.begin("comparing", total=counts.products + counts.deleted + counts.waiting)
        report = compare(indexer.ledger, indexer.workshop.store, rules, on_progress=shown.at)
        shown.end()
    if report.redone:
        Hints(indexer.publisher, claim=indexer.settings.work.claim).all_due(indexer.counts().dirty)
    return report


def as_object(report: Report) -> dict[str, object]:
    """The object that --json prints: all kinds with their numbers, examples by kind, what was repaired."""
    return {
        "equal": not report.different,
        "different": report.different,
        "kinds": {str(kind): report.kinds[kind] for kind in Kind},
        "examples": {str(kind): ids for kind, ids in report.samples.items()},
        "documents": report.documents,
        "redone": report.redone,
        "removed": report.removed,
        "refused": report.refused,
        "took_s": round(report.took_s, 3),
    }


def show(report: Report, *, repair: bool) -> None:
    """Print the report for people."""
    for kind, meaning in MEANING.items():
        if report.kinds[kind]:
            examples = (
                f": {', '.join(report.samples[kind])}{', ...' if report.kinds[kind] > len(report.samples[kind]) else ''}"
                if kind in DIFFERENT
                else ""
            )
            print(f"{report.kinds[kind]:>12,} {meaning}{examples}")
    total = report.kinds.total()
    print(f"{total:,} products and documents compared in {report.took_s:.1f} s.")
    if not report.different:
        print("Ledger and index are equal.")
    elif not repair:
        print("They differ. `fusedex reconcile --repair` sets it right.")
    else:
        print(f"Repaired: {report.redone:,} set to work (workers write them now), {report.removed:,} deleted from the index.")
    if report.refused:
        print(f"Not repaired: {report.refused} --force deletes them.")
