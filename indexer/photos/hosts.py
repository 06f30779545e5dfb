"""Manners towards each host: so many at once, a pause between, and no more questions for a while when it fails."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from indexer.settings import PhotoSettings

FAILURES = 5
"""So many failures in a row, and a host is left alone."""

KNOWN = 10_000
"""Hosts remembered at most."""


@dataclass(frozen=True, slots=True)
class Shut:
    """A host is not asked now: why, and until when (seconds since 1970)."""

    reason: str
    until: float


@dataclass(slots=True)
class _Host:
    slots: asyncio.Semaphore
    users: int = 0
    next_at: float = 0.0  # on the loop's clock
    failures: int = 0
    trips: int = 0
    shut: Shut | None = None
    trial: asyncio.Event | None = None  # set when the first question after a shut time is answered


class Hosts:
    """Of every host what happened lately. For one event loop; `clock` gives seconds since 1970, `jitter` numbers in 0..1."""

    def __init__(self, settings: PhotoSettings, *, clock: Callable[[], float], jitter: Callable[[], float]) -> None:
        """Know no host yet."""
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._everyone = asyncio.Semaphore(settings.at_once)
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[Shut | None]:
        """Wait until this host may be asked, and hold its place inside; Shut instead where it is left alone now.

        Whoever waits when the host fails is told so at once, without a question of its own.
        """
        host = self._host(name)
        host.users += 1
        try:
            if (shut := self._shut(host)) is not None:
                yield shut
                return
            async with host.slots:
                if (shut := await self._entry(host)) is not None:
                    yield shut
                    return
                trial = host.trial = asyncio.Event() if host.trips else None
                try:
                    # The host's own limit came first, so that those who wait for a slow host hold none of the common places.
                    async with self._everyone:
                        yield None
                finally:
                    if trial is not None:
                        host.trial = None
                        trial.set()
        finally:
            host.users -= 1

    async def _entry(self, host: _Host) -> Shut | None:
        if (shut := self._shut(host)) is not None:
            return shut
        if (pause := self._pause(host)) > 0:
            await asyncio.sleep(pause)
        while host.trial is not None:  # one question shows how things stand after a shut time; the others wait for its answer
            await host.trial.wait()
        return self._shut(host)

    def succeeded(self, name: str) -> None:
        """The host answered sensibly, be it that it lacks the photo."""
        host = self._host(name)
        host.failures = host.trips = 0
        host.shut = None

    def failed(self, name: str, reason: str, *, wait_s: float | None = None) -> Shut | None:
        """The host failed, or asked for a pause of `wait_s` seconds; Shut where it is left alone from now on.

        The first time for `retry_s`, each further time twice as long up to `retry_cap_s`; then one question is let through.
        """
        host = self._host(name)
        host.failures += 1
        if wait_s is None and host.shut is not None and self._clock() < host.shut.until:
            return host.shut  # asked before it was shut: no news
        if wait_s is not None:
            until = self._clock() + min(wait_s, self._settings.retry_cap_s)
            host.shut = Shut(f"{reason.rstrip('.')}, and asks for a pause.", until)
        elif host.trips or host.failures >= FAILURES:
            delay = backoff(host.trips + 1, self._settings, self._jitter)
            host.shut = Shut(f"{name} is left alone after {host.failures} failures, the last: {reason}", self._clock() + delay)
            host.trips += 1
        return host.shut

    def _host(self, name: str) -> _Host:
        if name not in self._hosts:
            if len(self._hosts) >= KNOWN:
                self._hosts = {known: host for known, host in self._hosts.items() if host.users or host.shut}
            self._hosts[name] = _Host(asyncio.Semaphore(self._settings.per_host))
        return self._hosts[name]

    def _shut(self, host: _Host) -> Shut | None:
        return host.shut if host.shut is not None and self._clock() < host.shut.until else None

    def _pause(self, host: _Host) -> float:
        """Take the next moment at which this host may be asked; how many seconds it is away."""
        now = asyncio.get_running_loop().time()
        at = max(now, host.next_at)
        host.next_at = at + self._settings.pause_s
        return at - now


def backoff(failures: int, settings: PhotoSettings, jitter: Callable[[], float]) -> float:
    """Seconds until the next try: full jitter over retry_s * 2^(failures - 1), capped (Brooker 2015, AWS Architecture Blog).

    Never less than half of `retry_s`: each try costs a product's document too.
    """
    longest = min(settings.retry_cap_s, settings.retry_s * 2.0 ** min(failures - 1, 60))
    shortest = min(longest, settings.retry_s) / 2
    return shortest + jitter() * (longest - shortest)
