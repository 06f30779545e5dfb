"""A trial between gate and switch: a share of the queries asks the new index, or asks both while the old one is shown.

Which queries, is drawn by a digest of the session (or, without one, of what is asked), so that a shopper stays on one side. What came
of it is counted by each process in a file of its own, which `fusedex upgrade status` adds up.
"""

import hashlib
import json
import math
import os
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indexer.evaluate import agreement
from indexer.observe import RunObserver, log
from indexer.query.cursor import point_of, question
from indexer.records import Answer, Query
from indexer.store.identity import Coming
from indexer.store.points import PARTED
from indexer.whole import write_whole

STEP = 1.1
"""Latencies are counted in classes, each a tenth wider than the one below: those of many processes add up."""
WRITE_S = 2.0
FOLDER = "trials"


def drawn(query: Query, coming: Coming) -> bool:
    """Whether the query is the new index's: the same for one session for as long as the trial lasts; a cursor's stays where it began."""
    if query.cursor:
        return point_of(query.cursor).partition(PARTED)[0] == coming.index
    key = f"{coming.index}\n{query.session or question(query)}"
    number = int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8])
    return number / 2**64 < coming.share


def overlap(old: Answer, new: Answer) -> float:
    """The share of the first ten hits that both answers have; two empty ones agree."""
    return agreement.overlap([hit.id for hit in old.hits], [hit.id for hit in new.hits])


@dataclass(slots=True)
class Arm:
    """What came of the queries of one side. `failed`: the other side had to answer, or in a shadow nobody did."""

    answers: int = 0
    empty: int = 0
    failed: int = 0
    skipped: int = 0
    overlaps: int = 0
    overlap_sum: float = 0.0
    took: Counter[int] = field(default_factory=Counter)

    def answered(self, answer: Answer) -> None:
        """One more answer."""
        self.answers += 1
        self.empty += not answer.total
        self.took[max(0, math.ceil(math.log(max(answer.took_ms, 1.0), STEP)))] += 1

    def overlapped(self, share: float) -> None:
        """One more comparison with the other side's answer."""
        self.overlaps += 1
        self.overlap_sum += share

    def quantile_ms(self, share: float) -> float:
        """The latency that this share of the answers did not exceed, up to a tenth too high; 0 without answers."""
        left = share * sum(self.took.values())
        for step in sorted(self.took):
            left -= self.took[step]
            if left <= 0:
                return round(STEP**step, 1)
        return 0.0

    def told(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "answers": self.answers,
            "empty": self.empty,
            "failed": self.failed,
            "skipped": self.skipped,
            "overlaps": self.overlaps,
            "overlap_sum": round(self.overlap_sum, 4),
            "took": {str(step): number for step, number in self.took.items()},
        }

    def figures(self) -> dict[str, float]:
        """What is shown of it."""
        shown = {"answers": float(self.answers), "empty": float(self.empty), "failed": float(self.failed)}
        shown |= {"ms_p50": self.quantile_ms(0.5), "ms_p95": self.quantile_ms(0.95)}
        if self.overlaps:
            shown |= {
                "compared": float(self.overlaps),
                "overlap": round(self.overlap_sum / self.overlaps, 4),
                "skipped": float(self.skipped),
            }
        return shown

    def add(self, told: dict[str, Any]) -> None:
        """Add what another process has told. Raises ValueError, TypeError, KeyError for what is none."""
        for name in ("answers", "empty", "failed", "skipped", "overlaps"):
            setattr(self, name, getattr(self, name) + int(told[name]))
        self.overlap_sum += float(told["overlap_sum"])
        self.took.update({int(step): int(number) for step, number in told["took"].items()})


class Tally:
    """What this process has seen of one trial, kept in a file of its own. Safe across threads."""

    def __init__(self, folder: Path | None, index: str) -> None:
        """Nothing seen; `folder` None: nothing is written."""
        self.index = index
        self._arms = {"old": Arm(), "new": Arm()}
        self._lock = threading.Lock()
        self._file = folder / f"{index}.{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}.json" if folder else None
        self._coming: threading.Timer | None = None
        self.observer = RunObserver()

    def note(self, arm: str, answers: Iterable[Answer] = (), *, failed: int = 0, skipped: int = 0, shares: Sequence[float] = ()) -> None:
        """What one request brought on one side."""
        answers = list(answers)
        empty = sum(not answer.total for answer in answers)
        self.observer.tried(arm=arm, answers=len(answers), empty=empty, failed=failed, overlaps=shares)
        with self._lock:
            mine = self._arms[arm]
            for answer in answers:
                mine.answered(answer)
            for share in shares:
                mine.overlapped(share)
            mine.failed += failed
            mine.skipped += skipped
            if self._file is not None and self._coming is None:
                self._coming = threading.Timer(WRITE_S, self.write)
                self._coming.daemon = True
                self._coming.start()

    def arm(self, name: str) -> Arm:
        """One side's figures."""
        return self._arms[name]

    def write(self) -> None:
        """Write the file, in the place of the older one; a disk that refuses is logged, and costs no search."""
        with self._lock:
            if self._coming is not None:
                self._coming.cancel()
                self._coming = None
            content = json.dumps({name: arm.told() for name, arm in self._arms.items()})
        if self._file is not None:
            try:
                write_whole(self._file, content.encode())
            except OSError as error:
                log.warning("trial_not_written", file=str(self._file), reason=str(error))


def read_tallies(folder: Path, index: str) -> dict[str, Arm]:
    """What all processes that share this folder have seen of the trial of that index, by side."""
    arms = {"old": Arm(), "new": Arm()}
    for file in sorted(folder.glob(f"{index}.*.json")):
        try:
            told = json.loads(file.read_bytes())
            for name, arm in arms.items():
                arm.add(told[name])
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("trial_not_read", file=str(file), reason=str(error))
    return arms


def forget_tallies(folder: Path) -> None:
    """Delete what was counted: the upgrade is over, and there is never more than one."""
    for file in folder.glob("*.json"):
        file.unlink(missing_ok=True)
