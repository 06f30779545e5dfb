"""`fusedex job`: what became of one feed."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from indexer.build.places import endpoints
from indexer.ledger.base import Job, Ledger, Outcome
from indexer.ledger.open import open_ledger
from indexer.settings import Settings

FAILED, PARTLY = 1, 3
LISTED = 20


def job(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="The id that the sender gave, or that `fusedex feed` printed.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Show whether a job is accepted, its counts, and what is still to do. Exit code 1: unknown, not accepted yet, or with dead letters."""
    settings = Settings.load()
    ledger = open_ledger(endpoints(settings).ledger_url, future_s=settings.feed.future_s)
    try:
        found = describe(ledger, job_id)
    finally:
        ledger.close()
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        show(found)
    raise typer.Exit(exit_code(found))


def describe(ledger: Ledger, job_id: str) -> dict[str, object]:
    """All that the ledger knows of the job; `known` is False for an id that it never saw."""
    found: Job | None = ledger.job(job_id)
    if found is None:
        return {"job": job_id, "known": False, "committed": False}
    pending, dead = ledger.pending(found), ledger.buried(found)
    return {
        "job": found.id,
        "known": True,
        "committed": found.committed,
        "source": found.source,
        "failed": found.failed,
        "counts": dict(found.counts),
        "pending": pending,
        "dead": dead,
        "indexed": found.committed and not pending and not dead,
        "rejected": [asdict(row) for row in found.rejected],
    }


def exit_code(found: dict[str, object]) -> int:
    """0 accepted, 1 unknown, not accepted, or with dead letters, 3 accepted with refused rows."""
    if not found["committed"] or found["dead"]:
        return FAILED
    counts = found["counts"]
    refused = isinstance(counts, dict) and any(counts.get(name) for name in ("rejected", Outcome.CONFLICT, Outcome.FUTURE))
    return PARTLY if refused else 0


def show(found: dict[str, object]) -> None:
    """Print the job for people."""
    name = found["job"]
    if not found["known"]:
        print(f"No job {name} is known here. If it was sent as a message, it has not arrived; it may be sent again.")
        return
    state = "accepted" if found["committed"] else f"failed: {found['failed']}" if found["failed"] else "being accepted"
    print(f"Job {name} from {found['source']}: {state}.")
    counts, rejected = found["counts"], found["rejected"]
    if isinstance(counts, dict) and counts:
        print("Rows: " + (", ".join(f"{count:,} {key.replace('_', ' ')}" for key, count in counts.items() if count) or "none") + ".")
    print("All of it is searchable." if found["indexed"] else f"{found['pending']} rows to do, {found['dead']} dead letters.")
    if isinstance(rejected, list):
        for row in rejected[:LISTED]:
            print(f"{row['file']}:{row['line']}: {row['field']}{': ' if row['field'] else ''}{row['reason']}")
        if len(rejected) > LISTED:
            print(f"... and more; --json lists the first {len(rejected):,}.")
