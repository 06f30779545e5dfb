"""`fusedex feed`: files into the ledger, and, unless told otherwise, the wait until all of it is searchable."""

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, TextIO

import typer

from indexer.build.writing import build_indexer
from indexer.cli.progress import Display, Watch, display, rate_text
from indexer.feed.sources.opening import Source, estimated_lines, recognise
from indexer.ledger.base import Job, Outcome
from indexer.observe import configure_logs
from indexer.records import Rejected
from indexer.settings import Settings
from indexer.write_path import Indexer

FAILED, PARTLY, INTERRUPTED = 1, 3, 130
LISTED = 20
"""Rejected rows that are printed; --report has all of them."""
KEPT = 1000
"""Rejected rows in the JSON object."""
LOOK_S = 5.0
"""Seconds of one look; each ends with a refresh of the index, so they are not many."""


@dataclass(slots=True)
class Rejects:
    """The first rejected rows, and all of them in the report file where one is asked for."""

    report: TextIO | None = None
    first: list[Rejected] = field(default_factory=list)

    def add(self, rejected: Rejected) -> None:
        """Keep one row's report."""
        if len(self.first) < KEPT:
            self.first.append(rejected)
        if self.report is not None:
            self.report.write(json.dumps(asdict(rejected), ensure_ascii=False) + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """What a run of the command came to; `runs` counts model runs and writes between its begin and its end."""

    jobs: list[str]
    files: list[str]
    counts: dict[str, int]
    runs: dict[str, int]
    dead: int
    pending: int
    waited: bool
    rejected: list[Rejected]
    took_s: float

    @property
    def searchable(self) -> bool:
        """Whether everything accepted is in the index."""
        return self.waited and not self.pending and not self.dead

    @property
    def exit_code(self) -> int:
        """0 done, 1 dead letters or out of time, 3 some rows were refused."""
        if self.waited and not self.searchable:
            return FAILED
        refused = (self.counts[name] for name in ("rejected", Outcome.CONFLICT, Outcome.FUTURE))
        return PARTLY if any(refused) else 0

    def as_json(self) -> dict[str, object]:
        """The object that --json prints."""
        return {
            "job": self.jobs[0],
            "jobs": self.jobs,
            "files": self.files,
            "counts": self.counts,
            "model_runs": {"texts": self.runs["texts"], "photos": self.runs["photos"]},
            "written": self.runs["written"],
            "dead": self.dead,
            "pending": self.pending,
            "rejected": [asdict(row) for row in self.rejected],
            "searchable": self.searchable,
            "took_s": round(self.took_s, 3),
        }


def feed(
    files: Annotated[list[Path], typer.Argument(help="JSON Lines or CSV, gzipped or not.")],
    *,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="End once the rows are in the ledger; workers go on.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
    job: Annotated[str | None, typer.Option("--job", help="The job's id, for one file; the same id again does nothing twice.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write all rejected rows to this file, as JSON Lines.")] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Give up after so many seconds without progress.")] = 600,
) -> None:
    """Feed products from files; they are searchable when it ends. Exit code 3: some rows were rejected, the others are in."""
    if job is not None and len(files) > 1:
        raise typer.BadParameter("one job is one file; leave --job out or name one file.", param_hint="--job")
    settings = Settings.load()
    configure_logs(settings.log, level=logging.WARNING)
    sources = [recognise(path) for path in files]
    indexer = build_indexer(settings)
    try:
        with ExitStack() as stack:
            rejects = Rejects(stack.enter_context(_report_file(report)) if report else None)
            done = run(indexer, sources, rejects, job=job, patience_s=0 if no_wait else timeout)
    except KeyboardInterrupt:
        print("\nStopped; what was accepted stays. The same command goes on where it stopped.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        indexer.close()
    if as_json:
        print(json.dumps(done.as_json(), ensure_ascii=False))
    else:
        show(done, report)
    raise typer.Exit(done.exit_code)


def run(indexer: Indexer, sources: Sequence[Source], rejects: Rejects, *, job: str | None, patience_s: float) -> Fed:
    """Accept the files one after the other, then wait until all is searchable; a `patience_s` of 0 means no wait.

    Raises FeedError, LedgerUnavailable, StoreUnavailable.
    """
    begun = time.monotonic()
    before = indexer.counts().counters
    dead = pending = 0
    with display() as shown:
        jobs = [_accept(indexer, source, rejects, shown=shown, job=job) for source in sources]
        for accepted in jobs if patience_s else ():
            buried, left = _wait(indexer, accepted, shown=shown, patience_s=patience_s)
            dead, pending = dead + buried, pending + left
    after = indexer.counts().counters
    counts = Counter(dict.fromkeys([*map(str, Outcome), "rejected"], 0))
    for accepted in jobs:
        counts.update(accepted.counts)
    return Fed(
        jobs=[accepted.id for accepted in jobs],
        files=[str(source.path) for source in sources],
        counts=dict(counts),
        runs={name: after.get(name, 0) - before.get(name, 0) for name in ("texts", "photos", "written")},
        dead=dead,
        pending=pending,
        waited=patience_s > 0,
        rejected=rejects.first,
        took_s=time.monotonic() - begun,
    )


def show(done: Fed, report: Path | None) -> None:
    """Print the outcome for people: counts, work, time, and the rejected rows."""
    counts = done.counts
    for row in done.rejected[:LISTED]:
        about = f"{row.field}: " if row.field else ""
        value = f" [{row.value}]" if row.value else ""
        print(f"{row.file}:{row.line}: {about}{row.reason}{value}")
    more = counts["rejected"] - min(LISTED, len(done.rejected))
    if more > 0:
        where = f"all of them are in {report}" if report else "--report FILE writes all of them"
        print(f"... and {more:,} more rejected rows; {where}")
    total = sum(counts.values())
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count) or "none"
    rate = total / done.took_s if done.took_s else 0.0
    print(f"Rows: {total:,} ({told}) in {done.took_s:.1f} s, {rate_text(rate)}.")
    for outcome, meaning in (
        (Outcome.CONFLICT, "carry a version that is known with other content"),
        (Outcome.FUTURE, "carry an update time ahead of the clock"),
    ):
        if counts[outcome]:
            print(f"Refused: {counts[outcome]:,} rows {meaning}.")
    print(_work_told(done))


def _work_told(done: Fed) -> str:
    runs, job = done.runs, done.jobs[-1]
    if not any(done.counts[name] for name in (Outcome.ENCODED, Outcome.OFFER_ONLY, Outcome.DELETED)):
        return f"Nothing to do: {done.counts[Outcome.ENCODED]} encoded, {runs['written']} written."
    if not done.waited:
        return f"Accepted; workers go on. `fusedex job {job}` tells how far they are."
    told = f"Models ran for {runs['texts']:,} texts and {runs['photos']:,} photos; {runs['written']:,} documents written."
    if done.searchable:
        return f"{told} All of it is searchable."
    if done.pending:
        return f"{told} {done.pending:,} rows are still to be done: is a worker running? `fusedex status` and `fusedex job {job}` tell."
    return f"{told} {done.dead:,} rows are dead letters: `fusedex status` tells why."


def _report_file(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} can't be written: {error.strerror}.", param_hint="--report") from error


def _accept(indexer: Indexer, source: Source, rejects: Rejects, *, shown: Display, job: str | None) -> Job:
    known = indexer.job(job) if job else None
    if known is not None and known.committed:
        print(f"The job {known.id} was accepted before; its counts are shown again.", file=sys.stderr)
        for row in known.rejected:
            rejects.add(row)
        return known
    shown.begin(f"reading {source.path.name}", total=estimated_lines(source))
    accepted = indexer.accept(source.path, job_id=job, observer=Watch(shown, rejects))
    shown.end()
    return accepted


def _wait(indexer: Indexer, job: Job, *, shown: Display, patience_s: float) -> tuple[int, int]:
    """Wait in short looks, as long as rows keep getting done; dead letters and rows still to do at the end."""
    first = indexer.ledger.pending(job)
    if not first:
        done = indexer.wait(job, timeout_s=LOOK_S)
        return done.dead, done.pending
    shown.begin("indexing", total=first)
    least, moved, told = first, time.monotonic(), ""
    while True:
        done = indexer.wait(job, timeout_s=LOOK_S, on_progress=lambda left: shown.at(max(0, first - left)))
        if done.pending < least:
            least, moved = done.pending, time.monotonic()
        trouble = indexer.ledger.trouble(job) if done.pending else ""
        if trouble and trouble != told:
            told = trouble
            shown.warn(f"workers put rows back, to try again: {trouble}")
        if not done.pending or time.monotonic() - moved >= patience_s:
            shown.end()
            return done.dead, done.pending
