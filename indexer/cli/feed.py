"""`fusedex feed`: files into the ledger, and, unless told otherwise, the wait until all of it is searchable."""

import json
import logging
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, NamedTuple, TextIO

import typer

from indexer.build.writing import build_indexer
from indexer.cli import dry_run as previews
from indexer.cli.fed import FAILED, Fed, Rejects, show, show_rejects
from indexer.cli.progress import Display, Watch, display
from indexer.errors import FeedError
from indexer.feed.mapping import load_mapping
from indexer.feed.preview import preview
from indexer.feed.read import open_feed
from indexer.feed.sources.opening import Source, estimated_lines
from indexer.feed.sources.packing import STANDARD_INPUT
from indexer.feed.terms import DROP_LIMIT, Terms
from indexer.ledger.base import Job, Outcome
from indexer.observe import configure_logs
from indexer.settings import Settings
from indexer.write_path import Indexer

__all__ = ["FAILED", "Fed", "Given", "Rejects", "feed", "run", "show"]

INTERRUPTED = 130
LOOK_S = 5.0
"""Seconds of one look; each ends with a refresh of the index, so they are not many."""
_GUESSED = Terms()


class Given(NamedTuple):
    """One feed of the command line, which becomes one job: its paths, and their files as they were recognised."""

    paths: tuple[Path, ...]
    sources: tuple[Source, ...]


def feed(
    files: Annotated[list[Path], typer.Argument(help="Files, folders or patterns in any format of docs/feeds.md; - for standard input.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what the files are taken for; needs no engine, changes nothing.")
    ] = False,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="Which column is which field, in TOML or JSON; the rest is guessed.")
    ] = None,
    snapshot: Annotated[bool, typer.Option("--snapshot", help="The files hold all products: what they lack is deleted.")] = False,
    drop_limit: Annotated[
        str, typer.Option("--drop-limit", help="With --snapshot: refuse to delete a larger share.")
    ] = f"{DROP_LIMIT:.0%}",
    max_rejects: Annotated[int | None, typer.Option("--max-rejects", min=0, help="Stop when more rows are rejected.")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="End once the rows are in the ledger; workers go on.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
    job: Annotated[str | None, typer.Option("--job", help="The job's id, for one feed; the same id again does nothing twice.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write all rejected rows to this file, as JSON Lines.")] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Give up after so many seconds without progress.")] = 600,
) -> None:
    """Feed products from files; they are searchable when it ends. Exit code 3: some rows were rejected, the others are in.

    Each file, folder or pattern is a job of its own; with --snapshot all of them are one.
    """
    if job is not None and len(files) > 1 and not snapshot:
        raise typer.BadParameter("one job is one feed; leave --job out, name one feed, or feed a --snapshot.", param_hint="--job")
    terms = Terms(
        mapping=load_mapping(mapping) if mapping else {}, snapshot=snapshot, drop_limit=_share(drop_limit), max_rejects=max_rejects
    )
    settings = Settings.load()
    configure_logs(settings.log, level=logging.ERROR if dry_run else logging.WARNING)
    if dry_run:
        found = preview(open_feed(files), settings.feed, terms)
        print(previews.as_json(found)) if as_json else previews.show(found)
        return
    feeds = _given(files, together=snapshot)
    with ExitStack() as stack:
        rejects = Rejects(stack.enter_context(_report_file(report)) if report else None)
        indexer = build_indexer(settings)
        stack.callback(indexer.close)
        done = _run_or_tell(indexer, feeds, rejects, job=job, patience_s=0 if no_wait else timeout, terms=terms)
    if as_json:
        print(json.dumps(done.as_json(), ensure_ascii=False))
    else:
        show(done, report)
    raise typer.Exit(done.exit_code)


def run(
    indexer: Indexer, feeds: Sequence[Given | Source], rejects: Rejects, *, job: str | None, patience_s: float, terms: Terms = _GUESSED
) -> Fed:
    """Accept the feeds one after the other, then wait until all is searchable; a `patience_s` of 0 means no wait.

    Raises FeedError, LedgerUnavailable, StoreUnavailable.
    """
    begun = time.monotonic()
    before = indexer.counts().counters
    dead = pending = 0
    given = [Given((one.path,), (one,)) if isinstance(one, Source) else one for one in feeds]
    with display() as shown:
        jobs = [_accept(indexer, one, rejects, shown=shown, job=job, terms=terms) for one in given]
        for accepted in jobs if patience_s else ():
            buried, left = _wait(indexer, accepted, shown=shown, patience_s=patience_s)
            dead, pending = dead + buried, pending + left
    after = indexer.counts().counters
    counts = Counter(dict.fromkeys([*map(str, Outcome), "rejected"], 0))
    for accepted in jobs:
        counts.update(accepted.counts)
    return Fed(
        jobs=[accepted.id for accepted in jobs],
        files=[str(source.path) for one in given for source in one.sources],
        counts=dict(counts),
        runs={name: after.get(name, 0) - before.get(name, 0) for name in ("texts", "photos", "written")},
        dead=dead,
        pending=pending,
        waited=patience_s > 0,
        rejected=rejects.first,
        reasons=dict(rejects.reasons),
        took_s=time.monotonic() - begun,
    )


def _given(files: Sequence[Path], *, together: bool) -> list[Given]:
    groups = [tuple(files)] if together else [(path,) for path in files]
    if STANDARD_INPUT in files:
        open_feed([path for path in files if path != STANDARD_INPUT]) if len(files) > 1 else None
        return [Given(group, ()) for group in groups]  # standard input can be read once only: by who accepts it
    open_feed(files)
    return [Given(group, tuple(named.source for named in open_feed(group))) for group in groups]


def _run_or_tell(indexer: Indexer, feeds: Sequence[Given], rejects: Rejects, *, job: str | None, patience_s: float, terms: Terms) -> Fed:
    """The run; where it ends early, what was rejected until then is told, and how to go on."""
    try:
        return run(indexer, feeds, rejects, job=job, patience_s=patience_s, terms=terms)
    except KeyboardInterrupt:
        deleted = " Nothing was deleted." if terms.snapshot else ""
        print(f"\nStopped; what was accepted stays.{deleted} The same command goes on where it stopped.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    except FeedError:
        show_rejects(rejects.first, dict(rejects.reasons), Path(rejects.report.name) if rejects.report else None)
        raise


def _share(written: str) -> float:
    """`10%` and `0.1` alike."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", written.strip(), re.ASCII)
    share = float(match[1]) / (100 if match[2] else 1) if match else -1
    if not 0 <= share <= 1:
        raise typer.BadParameter(f"{written} is no share; write 10% or 0.1.", param_hint="--drop-limit")
    return share


def _report_file(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} can't be written: {error.strerror}.", param_hint="--report") from error


def _accept(indexer: Indexer, given: Given, rejects: Rejects, *, shown: Display, job: str | None, terms: Terms) -> Job:
    known = indexer.job(job) if job else None
    if known is not None and known.committed:
        print(f"The job {known.id} was accepted before; its counts are shown again.", file=sys.stderr)
        for row in known.rejected:
            rejects.add(row)
        return known
    names = ", ".join("standard input" if path == STANDARD_INPUT else path.name for path in given.paths[:3])
    estimates = [estimated_lines(source) for source in given.sources]
    shown.begin(f"reading {names}{', ...' * (len(given.paths) > 3)}", total=sum(estimates) if all(estimates) else 0)
    accepted = indexer.accept(list(given.paths), terms=terms, job_id=job, observer=Watch(shown, rejects))
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
