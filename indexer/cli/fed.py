"""What a run of `fusedex feed` came to: rejected rows, counts, and how both are told to people and to programs."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from indexer.cli.progress import rate_text
from indexer.feed.preview import reason_kind
from indexer.ledger.base import Outcome
from indexer.records import Rejected

FAILED, PARTLY = 1, 3
LISTED = 20
"""Rejected rows that are printed; --report has all of them."""
KEPT = 1000
"""Rejected rows in the JSON object, and kinds of reasons that are told apart."""
REASONS = 10
"""Reasons in the summary."""
DROPPED = "dropped"
"""The count of products that a snapshot deleted because it did not hold them."""


@dataclass(slots=True)
class Rejects:
    """The first rejected rows, how many there are by reason, and all of them in the report file where one is asked for."""

    report: TextIO | None = None
    first: list[Rejected] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, rejected: Rejected) -> None:
        """Keep one row's report."""
        if len(self.first) < KEPT:
            self.first.append(rejected)
        kind = reason_kind(rejected)
        self.reasons[kind if kind in self.reasons or len(self.reasons) < KEPT else "for other reasons"] += 1
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
    reasons: dict[str, int] = field(default_factory=dict)

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
            "reasons": self.reasons,
            "searchable": self.searchable,
            "took_s": round(self.took_s, 3),
        }


def show(done: Fed, report: Path | None) -> None:
    """Print the outcome for people: the rejected rows and why, counts, work, time."""
    counts = done.counts
    show_rejects(done.rejected, done.reasons, report)
    total = sum(counts.values()) - counts.get(DROPPED, 0)
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count and name != DROPPED) or "none"
    rate = total / done.took_s if done.took_s else 0.0
    print(f"Rows: {total:,} ({told}) in {done.took_s:.1f} s, {rate_text(rate)}.")
    if DROPPED in counts:
        print(f"Snapshot: {counts[DROPPED]:,} products that it no longer holds were deleted.")
    for outcome, meaning in (
        (Outcome.CONFLICT, "carry a version that is known with other content"),
        (Outcome.FUTURE, "carry an update time ahead of the clock"),
    ):
        if counts[outcome]:
            print(f"Refused: {counts[outcome]:,} rows {meaning}.")
    print(_work_told(done))


def show_rejects(rejected: Iterable[Rejected], reasons: dict[str, int], report: Path | None) -> None:
    """Print the first rejected rows, then how many there are by reason."""
    listed = list(rejected)[:LISTED]
    for row in listed:
        print(told_row(row))
    more = sum(reasons.values()) - len(listed)
    if more > 0:
        where = f"all of them are in {report}" if report else "--report FILE writes all of them"
        print(f"... and {more:,} more rejected rows; {where}")
    show_reasons(reasons, {reason_kind(row): row.hint for row in rejected})


def show_reasons(reasons: dict[str, int], hints: dict[str, str]) -> None:
    """Print how many rows were rejected for which reason, the most frequent first, each with what would cure it."""
    ranked = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    if ranked:
        print(f"Rejected: {sum(reasons.values()):,} rows.")
    for kind, count in ranked[:REASONS]:
        hint = f" {hints[kind]}" if hints.get(kind) else ""
        print(f"  {count:,} × {kind}.{hint}")
    if len(ranked) > REASONS:
        print(f"  {sum(count for _, count in ranked[REASONS:]):,} × {len(ranked) - REASONS} other reasons.")


def told_row(row: Rejected) -> str:
    """One rejected row as a line: file, line, field, reason and value."""
    about = f"{row.field}: " if row.field else ""
    value = f" [{row.value}]" if row.value else ""
    return f"{row.file}:{row.line}: {about}{row.reason}{value}"


def _work_told(done: Fed) -> str:
    runs, job = done.runs, done.jobs[-1]
    if not any(done.counts.get(name) for name in (Outcome.ENCODED, Outcome.OFFER_ONLY, Outcome.DELETED, DROPPED)):
        return f"Nothing to do: {done.counts[Outcome.ENCODED]} encoded, {runs['written']} written."
    if not done.waited:
        return f"Accepted; workers go on. `fusedex job {job}` tells how far they are."
    told = f"Models ran for {runs['texts']:,} texts and {runs['photos']:,} photos; {runs['written']:,} documents written."
    if done.searchable:
        return f"{told} All of it is searchable."
    if done.pending:
        return f"{told} {done.pending:,} rows are still to be done: is a worker running? `fusedex status` and `fusedex job {job}` tell."
    return f"{told} {done.dead:,} rows are dead letters: `fusedex status` tells why."
