"""Rows in a process's hands: leases kept alive while they are worked, and blame laid where it belongs when work ends badly.

Attempts count only claims that ended in a dead process or an unexplained error. An engine that is down, a setting that is
wrong, a worker that is asked to stop: the attempt is given back. A row with an attempt behind it is worked alone (the gate).
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from indexer.errors import IndexerError, LedgerUnavailable, StoreBlocked, StoreUnavailable
from indexer.ledger.base import Claimed, Finished, Letter, Target
from indexer.observe import log
from indexer.records import Lane
from indexer.settings import WorkSettings
from indexer.work.pace import Pauses

RENEWALS_PER_LEASE = 3
"""So that one lost renewal, or two, lose no lease."""


OUTAGES = (StoreUnavailable, StoreBlocked, LedgerUnavailable)
"""An engine does not answer: asking again costs it little, and work is to go on soon after it is back."""


class Stopping(BaseException):
    """Raised inside a pass when its process was asked to stop: rows go back. No error of a row, so no Exception either."""


class Claims:
    """All claims of one process, and the thread that keeps their leases alive. Safe across threads."""

    def __init__(self, ledger: Target, settings: WorkSettings) -> None:
        """Hold nothing yet; the thread starts with the first claim."""
        self.ledger = ledger
        self.settings = settings
        self.pauses = Pauses(first_s=settings.retry_s, cap_s=settings.retry_cap_s)
        self._process = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._open: dict[str, Claim] = {}
        self._owed: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._keeper: threading.Thread | None = None

    def open(self) -> "Claim":
        """An empty claim under an owner's name of its own, for one pass of work: use it with `with`."""
        claim = Claim(self, f"{self._process}:{uuid.uuid4().hex[:8]}")
        with self._lock:
            self._open[claim.owner] = claim
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="fusedex-leases", daemon=True)
                self._keeper.start()
        return claim

    def closed(self, claim: "Claim") -> None:
        """Forget a claim whose pass has ended."""
        with self._lock:
            self._open.pop(claim.owner, None)

    def settle(self, step: Callable[[], None]) -> None:
        """Tell the ledger now, or as soon as it answers again."""
        try:
            step()
        except LedgerUnavailable as error:
            log.warning("ledger_unavailable", step="put rows back", error=error.message)
            with self._lock:
                self._owed.append(step)

    def abandon(self) -> int:
        """Put all rows back that are still held, their attempts given back; how many they were."""
        with self._lock:
            claims = list(self._open.values())
        return sum(claim.put_back(list(claim.rows), delay_s=0.0, give_back=True, reason="the worker stopped") for claim in claims)

    def close(self) -> None:
        """End the thread; what is still owed to the ledger is tried once more."""
        self._closed.set()
        if self._keeper is not None:
            self._keeper.join(timeout=self.settings.lease_s)
        self._pay()

    def _keep(self) -> None:
        while not self._closed.wait(self.settings.lease_s / RENEWALS_PER_LEASE):
            with self._lock:
                owners = [owner for owner, claim in self._open.items() if claim.rows]
            for owner in owners:
                try:
                    self.ledger.renew(owner, lease_s=self.settings.lease_s)
                except IndexerError as error:
                    log.warning("lease_not_renewed", owner=owner, error=error.message)
            self._pay()

    def _pay(self) -> None:
        with self._lock:
            owed, self._owed = self._owed, []
        for step in owed:
            self.settle(step)


class Claim:
    """The rows of one pass. Whatever is still in hand when the `with` block ends goes back, with or without blame."""

    def __init__(self, claims: Claims, owner: str) -> None:
        """Hold nothing yet."""
        self.owner = owner
        self.rows: dict[str, Claimed] = {}
        self._claims = claims

    def take(self, lane: Lane, *, alone: bool) -> list[Claimed]:
        """Claim due rows of the lane: many fresh ones, or alone one that has an attempt behind it. Raises LedgerUnavailable."""
        settings = self._claims.settings
        limit = 1 if alone else settings.claim
        taken = self._claims.ledger.claim(lane, owner=self.owner, limit=limit, lease_s=settings.lease_s, alone=alone)
        self.rows = {row.id: row for row in taken}
        return taken

    def finish(self, done: Sequence[Finished], *, recipe: str, counted: Mapping[str, int]) -> int:
        """Rows whose documents are in the index leave this hand, and the sums grow; how many became clean. Raises LedgerUnavailable."""
        clean = self._claims.ledger.finish(self.owner, done, recipe=recipe, counted=counted)
        self._let_go([row.id for row in done])
        return clean

    def bury(self, errors: Mapping[str, IndexerError]) -> int:
        """Rows that can never work, each with its error, become dead letters; how many. Raises LedgerUnavailable."""
        now = time.time_ns() // 1000
        letters = [
            Letter(
                id=row.id,
                row_version=row.row_version,
                error=type(errors[row.id]).__name__,
                reason=errors[row.id].message,
                attempts=row.attempts,
                first_seen=now,
                last_seen=now,
            )
            for row in self.rows.values()
            if row.id in errors
        ]
        if letters:
            self._claims.ledger.bury(self.owner, letters)
            self._let_go([letter.id for letter in letters])
            log.warning("rows_buried", rows=len(letters), first=letters[0].id, error=letters[0].error, reason=letters[0].reason)
        return len(letters)

    def put_back(self, ids: Sequence[str], *, delay_s: float, give_back: bool, reason: str) -> int:
        """Release rows now, or as soon as the ledger answers again; how many."""
        if ids:
            ledger, owner = self._claims.ledger, self.owner
            self._let_go(ids)
            self._claims.settle(lambda: ledger.release(owner, ids, delay_s=delay_s, give_back=give_back, reason=reason))
        return len(ids)

    def put_back_later(self, reason: str) -> int:
        """Release what is left, the attempts given back: the engine asks for a slower pace; how many."""
        return self.put_back(list(self.rows), delay_s=self._claims.pauses.failed(), give_back=True, reason=reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Put back what is left. True, so that the error ends here, where it is explained: an engine down, or a stop."""
        try:
            return self._lay_blame(error)
        finally:
            self._claims.closed(self)

    def _lay_blame(self, error: BaseException | None) -> bool:
        left = list(self.rows)
        if isinstance(error, IndexerError):
            delay_s = self._claims.pauses.failed(outage=isinstance(error, OUTAGES))
            self._claims.pauses.rest(delay_s)
            log.warning("work_put_back", rows=len(left), delay_s=round(delay_s, 2), error=type(error).__name__, reason=str(error))
            self.put_back(left, delay_s=delay_s, give_back=True, reason=error.message)
            return True
        if isinstance(error, Exception):
            self._suspect(left, f"{type(error).__name__}: {error}")
            return False
        self.put_back(left, delay_s=0.0, give_back=True, reason="the worker stopped")
        return isinstance(error, Stopping)

    def _suspect(self, left: Sequence[str], reason: str) -> None:
        """Nothing explains the error: each row keeps its attempt, and the last one allowed buries it."""
        spent = {id_: IndexerError(reason) for id_ in left if self.rows[id_].attempts >= self._claims.settings.attempts}
        try:
            self.bury(spent)
        except LedgerUnavailable as error:
            log.warning("ledger_unavailable", step="bury", error=error.message)
        delay_s = self._claims.pauses.failed()
        self.put_back([id_ for id_ in left if id_ in self.rows], delay_s=delay_s, give_back=False, reason=reason)

    def _let_go(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            self.rows.pop(id_, None)
