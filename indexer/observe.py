"""What a run tells: structured log events, and hooks on which progress bars and metrics hang."""

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Literal

import structlog

from indexer.records import Rejected

log: structlog.stdlib.BoundLogger = structlog.get_logger("fusedex")


def configure_logs(style: Literal["auto", "console", "json"], *, level: int = logging.INFO) -> None:
    """Send log events to standard error: readable on a terminal, one JSON object a line elsewhere."""
    readable = style == "console" or (style == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # The client warns of every 404; what a missing index means, our own errors say.
    logging.getLogger("opensearch").setLevel(logging.ERROR)


class RunObserver:
    """Every hook does nothing; override what you need. A misspelt hook is refused when the class is made."""

    def __init_subclass__(cls) -> None:
        """Refuse public names that are no hook."""
        hooks = {name for name in vars(RunObserver) if not name.startswith("_")}
        strange = [name for base in cls.__mro__[:-2] for name in vars(base) if not name.startswith("_") and name not in hooks]
        if strange:
            raise TypeError(f"{cls.__name__} defines {', '.join(sorted(set(strange)))}; the hooks are {', '.join(sorted(hooks))}.")

    def rows_accepted(self, outcomes: Mapping[str, int]) -> None:
        """One batch of a feed is in the ledger; outcomes count its rows."""

    def row_rejected(self, rejected: Rejected) -> None:
        """A raw row is no product."""

    def parts_encoded(self, *, texts: int, photos: int, cached: int) -> None:
        """Models ran for that many texts and photos; the cache had the other parts."""

    def documents_written(self, *, written: int, newer: int, failed: int) -> None:
        """One bulk write ended; `newer` documents were already there in a later version."""

    def stage_moved(self, stage: str) -> None:
        """A stage of the write path made progress; the watchdog listens."""

    def searched(self, *, strategy: str, took_ms: float, degraded: Sequence[str]) -> None:
        """A search was answered; `degraded` names what it had to do without (vector, lexical, extra, shards, rerank)."""

    def tried(self, *, arm: str, answers: int, empty: int, failed: int, overlaps: Sequence[float]) -> None:
        """A request was answered during a trial, by the "old" or the "new" index; `overlaps` are a shadow's, 0 to 1 each."""

    def device_lost(self, reason: str) -> None:
        """A GPU works no more in this process, whatever is asked of it: only a new process cures that."""
