"""The fetching stage on its event loop: kept, fresh, stale, failed; one flight an address, whoever asks for it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from indexer.errors import AddressRefused
from indexer.observe import log
from indexer.photos.addresses import Place
from indexer.photos.base import Fetched
from indexer.photos.download import Answered, Got, Limits, Missed, Moved, Unchanged, ask
from indexer.photos.gate import Gate
from indexer.photos.hosts import Hosts, Shut, backoff
from indexer.photos.kept import KeptPhotos, Record
from indexer.settings import PhotoSettings

if TYPE_CHECKING:
    import httpcore2

T = TypeVar("T")

BACKLOG = 2048
"""Photos that wait for their hosts at most; more are put off, so that slow hosts fill no memory."""


COMPLAIN_S = 60
"""What may happen with every photo is logged once in that many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a stage works with."""

    gate: Gate
    hosts: Hosts
    kept: KeptPhotos
    pool: "httpcore2.AsyncConnectionPool"
    files: Executor
    clock: Callable[[], float]
    jitter: Callable[[], float]


@dataclass(slots=True)
class _Flight:
    """One address on its way; `kept` are older bytes that stand in until it has landed."""

    place: Place
    record: Record
    kept: bytes | None = None


class Stage:
    """Brings photos, within one event loop. Its results are the ones of `PhotoFetcher.fetch`."""

    def __init__(self, parts: Parts, settings: PhotoSettings, *, largest_bytes: int) -> None:
        """Nothing is under way yet."""
        self._parts = parts
        self._settings = settings
        self._limits = Limits(connect_s=settings.connect_s, largest_bytes=largest_bytes)
        self._flights: dict[str, tuple[asyncio.Task[Fetched], _Flight]] = {}
        self._callers: set[asyncio.Task[object]] = set()
        self._waiting = 0
        self._complained_at: dict[str, float] = {}

    async def bring(self, addresses: Sequence[str]) -> Mapping[str, Fetched]:
        """One result an address. What is not there after `patience_s` goes on without us and is "pending", or as it was kept."""
        caller = asyncio.current_task()
        if caller is not None:
            self._callers.add(caller)
            caller.add_done_callback(self._callers.discard)
        results: dict[str, Fetched] = {}
        asked: dict[str, str] = {}
        tasks: dict[str, tuple[asyncio.Task[Fetched], _Flight]] = {}
        for address in addresses:
            try:
                place = self._parts.gate.check(address)
            except AddressRefused as error:
                results[address] = _refused(error)
                continue
            asked[address] = place.key
            tasks[place.key] = self._flight(place)
        if tasks:
            await asyncio.wait([task for task, _ in tasks.values()], timeout=self._settings.patience_s)
        for address, key in asked.items():
            task, flight = tasks[key]
            results[address] = task.result() if task.done() and not task.cancelled() else self._meanwhile(flight)
        return results

    async def aclose(self) -> None:
        """Stop what is under way and close the connections."""
        tasks = [task for task, _ in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._callers, return_exceptions=True)
        await self._parts.pool.aclose()

    def _flight(self, place: Place) -> tuple[asyncio.Task[Fetched], _Flight]:
        if place.key not in self._flights:
            flight = _Flight(place, Record(host=place.host))
            task = asyncio.get_running_loop().create_task(self._fetched(flight))
            self._flights[place.key] = task, flight
            task.add_done_callback(lambda _: self._flights.pop(place.key, None))
        return self._flights[place.key]

    def _meanwhile(self, flight: _Flight) -> Fetched:
        if flight.kept is not None:
            return Fetched(data=flight.kept, status="used")
        soon = min(self._settings.retry_s, self._settings.patience_s)
        return Fetched(status="pending", reason=f"{flight.place.host} is still being asked.", retry_at=self._now(soon))

    async def _fetched(self, flight: _Flight) -> Fetched:
        """From the store where that is enough, from the host elsewhere."""
        key, now = flight.place.key, self._now()
        record = await self._stored(lambda: self._parts.kept.record(key))
        if record is not None:
            flight.record = record
            data = await self._stored(lambda: self._parts.kept.load(record.sha))
            waits = now < record.retry_at
            if data is not None and (waits or now < record.fetched + int(self._settings.fresh_s * 1_000_000)):
                await self._stored(lambda: self._parts.kept.use(key, record, data, now=now))
                return Fetched(data=data, status="used")
            if waits and not record.sha:
                return Fetched(status=record.status, reason=record.reason, retry_at=record.retry_at)
            flight.kept = data
        if self._waiting >= BACKLOG:
            return self._meanwhile(flight)
        self._waiting += 1
        try:
            return await self._asked(flight)
        finally:
            self._waiting -= 1

    async def _asked(self, flight: _Flight) -> Fetched:
        conditions = _conditions(flight.record) if flight.kept is not None else {}
        try:
            answer = await self._journey(flight.place, conditions)
        except AddressRefused as error:
            self._complain("photo refused", error.message)
            return _refused(error)
        if isinstance(answer, Shut):
            # Spread, so that not all of a host's products come back in the same second.
            retry_at = int((answer.until + self._parts.jitter() * self._settings.retry_s) * 1_000_000)
            return self._or_kept(flight, Fetched(status="unreachable", reason=answer.reason, retry_at=retry_at))
        if isinstance(answer, Missed):
            return await self._missed(flight, answer)
        return await self._landed(flight, answer)

    async def _landed(self, flight: _Flight, answer: Got | Unchanged) -> Fetched:
        now, kept = self._now(), self._parts.kept
        data = answer.data if isinstance(answer, Got) else flight.kept
        if data is None:  # 304 to a question without conditions
            return await self._missed(flight, Missed(reason=f"{flight.place.host} answers 304, unasked."))
        tags = answer if isinstance(answer, Got) else flight.record
        record = Record(host=flight.place.host, etag=tags.etag, last_modified=tags.last_modified, fetched=now, used=now)

        def write() -> None:
            sha = kept.save(data) if data is not flight.kept else flight.record.sha
            kept.note(flight.place.key, replace(record, sha=sha))

        await self._stored(write)
        return Fetched(data=data, status="used")

    async def _missed(self, flight: _Flight, missed: Missed) -> Fetched:
        """Write the failure down for all hosts to see, and when to try again."""
        failures = flight.record.failures + 1
        delay = backoff(1_000 if missed.final else failures, self._settings, self._parts.jitter)
        if missed.final:
            delay = max(delay, self._settings.retry_cap_s / 2)
            flight.kept = None  # its host says that it is gone, or another now: the kept one stands in for failures only
        if missed.wait_s is not None:
            delay = max(delay, min(missed.wait_s, self._settings.retry_cap_s))
        record = replace(flight.record, failures=failures, retry_at=self._now(delay), reason=missed.reason, status=missed.status)
        if flight.kept is None:  # nothing, or bytes that were damaged or purged
            record = replace(record, sha="", etag="", last_modified="", fetched=0)
        await self._stored(lambda: self._parts.kept.note(flight.place.key, record))
        return self._or_kept(flight, Fetched(status=missed.status, reason=missed.reason, retry_at=record.retry_at))

    def _or_kept(self, flight: _Flight, failed: Fetched) -> Fetched:
        return failed if flight.kept is None else Fetched(data=flight.kept, status="used", reason=failed.reason)

    async def _journey(self, place: Place, conditions: Mapping[str, str]) -> Got | Unchanged | Missed | Shut:
        """Ask, follow redirects through the gate, and tell the hosts' manners how it went; `total_s` counts only the asking."""
        left_s = self._settings.total_s
        clock = asyncio.get_running_loop().time
        first = place.host
        for _ in range(self._settings.redirects + 1):
            async with self._parts.hosts.turn(place.host_header) as shut:
                if shut is not None:
                    return shut
                began = clock()
                answer = await self._timed(place, conditions, left_s)
                left_s -= clock() - began
                if isinstance(answer, Missed) and answer.blame:
                    self._parts.hosts.failed(place.host_header, answer.reason, wait_s=answer.wait_s)
                else:
                    self._parts.hosts.succeeded(place.host_header)
            if not isinstance(answer, Moved):
                return answer
            place = self._parts.gate.follow(place, answer.location)
        return Missed(reason=f"{first} redirects more than {self._settings.redirects} times.")

    async def _timed(self, place: Place, conditions: Mapping[str, str], left_s: float) -> Answered:
        try:
            async with asyncio.timeout(max(left_s, 0.001)):
                return await ask(self._parts.pool, place, conditions=conditions, limits=self._limits)
        except TimeoutError:
            return Missed(reason=f"{place.host} is not done within {self._settings.total_s:g} s.", blame=True)

    async def _stored(self, work: Callable[[], T]) -> T | None:
        """Do something with the store on a thread of its own; a store that fails costs a question to the host, not the photo."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._parts.files, work)
        except OSError as error:
            self._complain("photo store fails", str(error))
            return None

    def _complain(self, event: str, reason: str) -> None:
        now = self._parts.clock()
        if now - self._complained_at.get(event, 0) > COMPLAIN_S:
            self._complained_at[event] = now
            log.warning(event, reason=reason)

    def _now(self, later_s: float = 0) -> int:
        return int((self._parts.clock() + later_s) * 1_000_000)


def _conditions(record: Record) -> dict[str, str]:
    """Both, where both are known: the host takes the stronger one (RFC 9110, 13.2.2)."""
    named = {"If-None-Match": record.etag, "If-Modified-Since": record.last_modified}
    return {name: value for name, value in named.items() if value}


def _refused(error: AddressRefused) -> Fetched:
    return Fetched(status="refused", reason=error.message)
