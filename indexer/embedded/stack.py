"""The engines of one machine, started, found again and stopped: OpenSearch, a broker, the ledger's files, and workers."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from indexer.embedded import artifacts, opensearch, ports
from indexer.embedded.broker import Broker, wait_until_ready
from indexer.embedded.home import Home, State
from indexer.embedded.opensearch import LOOPBACK
from indexer.embedded.prepare import Machine, prepare
from indexer.embedded.processes import Detached, Launch, is_running, last_lines, mark_of, size_of, start, stop
from indexer.errors import EngineDied
from indexer.settings import Settings, default_cache, java_home

__all__ = ["Endpoints", "EngineStatus", "Given", "Machine", "Stack", "stack_from"]

Progress = Callable[[str], None]
Commands = Sequence[Sequence[str]]

WORKER = (sys.executable, "-m", "indexer", "worker")
# Two processes, so that no price waits behind a model's run: one for what needs none, which loads none, and one for what does.
WORKERS = (
    (*WORKER, "--lane=offers", "--lane=accept"),
    (*WORKER, "--lane=encode_new", "--lane=encode", "--lane=backfill", "--lane=upgrade"),
)
# How long each may take to end after SIGTERM before it is killed: the keeper gives its workers 45 s, the others need under a second.
GRACE_S = {"workers": 50.0, "broker": 20.0, "opensearch": 30.0}
PORTS = {"opensearch": ("opensearch", "transport"), "broker": ("broker",), "workers": ()}
ENGINES = tuple(PORTS)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where everything is; the addresses may hold passwords."""

    opensearch_url: str
    broker_url: str
    ledger_url: str
    vectors_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Services that run elsewhere and are used instead of ours; None: ours."""

    opensearch_url: str | None = None
    broker_url: str | None = None
    ledger_url: str | None = None
    vectors_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStatus:
    """One engine of ours: whether it runs (and, but for the workers, answers), its pid, and its log."""

    name: str
    running: bool
    pid: int | None
    log: Path


def quiet(_: str) -> None:
    """Progress told to nobody."""


class Stack:
    """The engines of one home folder; every method may be called by several programs at once."""

    def __init__(
        self, home: Path, *, heap_mb: int = 1024, given: Given | None = None, workers: Commands = WORKERS, machine: Machine | None = None
    ) -> None:
        """Only remember what is wanted; nothing is made or started. `workers` are the commands that `up` keeps running."""
        self._machine = machine or Machine(cache=default_cache(), java_home=java_home())
        self.home = Home(home, others=self._machine.other_places)
        self.heap_mb = heap_mb
        self.given = given or Given()
        self._commands = tuple(map(tuple, workers))

    def up(self, progress: Progress = quiet, *, workers: bool = True) -> Endpoints:
        """Start what is not running and give the addresses, at once when all is; what this call started is stopped again when it fails.

        Raises NoJava, BadChecksum, NoNetwork, PortTaken, DiskFull, EngineDied with the last lines of the log, or EngineError.
        """
        with self.home.locked() as waited, artifacts.room_errors(self.home.folder), ExitStack() as undo:
            if waited:
                progress("another command was at work with this home")
            state = self.home.make()
            if self.given.ledger_url is None:
                self.home.make_databases()
            wanted = self._wanted(workers=workers)
            missing = [name for name in wanted if not self._runs(state, name)]
            for name in missing:
                state = self._ended(state, name, progress)
            if missing:
                state = self._start(state, missing, progress, undo)
            undo.pop_all()
            return self._endpoints(state)

    def down(self, progress: Progress = quiet) -> None:
        """Stop everything of this home that runs: workers, then the broker, then OpenSearch; data stay. Nothing to stop is no error."""
        if not self.home.marker.is_file():
            return
        with self.home.locked():
            self._down(progress)

    def reset(self, progress: Progress = quiet) -> None:
        """Stop everything and delete this home's data, ours only; raises EngineError for a folder that is no home."""
        if not self.home.marker.is_file():
            self.home.erase(None)
        with self.home.locked():
            state = self._down(progress)
            self.home.erase(state)
            progress(f"deleted what was in {self.home.folder}")

    def endpoints(self) -> Endpoints | None:
        """The addresses, once every engine of ours among them runs and answers; None when one does not. Starts nothing."""
        wanted = self._wanted(workers=False)
        state = self.home.load()
        if state is None:
            return None if wanted else self._endpoints(None)
        return self._endpoints(state) if all(self._runs(state, name) for name in wanted) else None

    def status(self) -> list[EngineStatus]:
        """Each engine that is ours to run, in the order they start."""
        state = self.home.load()
        return [self._status(state, name) for name in self._wanted(workers=True)]

    def _status(self, state: State | None, name: str) -> EngineStatus:
        mark = state.processes.get(name) if state else None
        runs = state is not None and self._runs(state, name)
        return EngineStatus(name=name, running=runs, pid=mark.pid if mark and runs else None, log=self._log(state, name))

    def _wanted(self, *, workers: bool) -> list[str]:
        given = {"opensearch": self.given.opensearch_url, "broker": self.given.broker_url, "workers": None if workers else "unwanted"}
        return [name for name in ENGINES if given[name] is None]

    def _runs(self, state: State, name: str) -> bool:
        if not is_running(state.processes.get(name)):
            return False
        if name == "opensearch":
            return opensearch.answers(state.ports["opensearch"], state.cluster)
        return name != "broker" or self._broker(state).answers()

    def _start(self, state: State, missing: Sequence[str], progress: Progress, undo: ExitStack) -> State:
        chosen = ports.choose([port for name in missing for port in PORTS[name]], state.ports)
        moved = any(state.ports.get(name, port) != port for name, port in chosen.items())
        state = replace(state, ports={**state.ports, **chosen})
        restart = moved and is_running(state.processes.get("workers"))
        if restart:  # they know the old address
            state = self._ended(state, "workers", progress)
        waits: list[Callable[[], None]] = []
        for name in [name for name in missing if name != "workers"]:
            launch, wait = self._server(state, progress) if name == "opensearch" else self._broker_start(state)
            progress(f"starting {name}")
            state, process = self._launch(state, name, launch, undo)
            waits.append(partial(wait, process))
        for wait_for in waits:
            wait_for()
        if restart or "workers" in missing:
            progress("starting workers")
            state, _ = self._launch(state, "workers", self._workers(), undo)
        return state

    def _launch(self, state: State, name: str, launch: Launch, undo: ExitStack) -> tuple[State, Detached]:
        before = size_of(launch.log)
        process = start(launch)
        mark = mark_of(process.pid)
        if mark is None:
            lines = last_lines((launch.log, before))
            raise EngineDied(f"{name} ended as soon as it was started. The last lines of {launch.log}:\n{lines}\n")
        undo.callback(stop, mark, grace_s=GRACE_S[name])
        state = state.with_process(name, mark)
        self.home.save(state)  # before any waiting: a killed `up` leaves a record to find it by
        return state, process

    def _server(self, state: State, progress: Progress) -> tuple[Launch, Callable[[Detached], None]]:
        node = prepare(self.home, state, self._machine, heap_mb=self.heap_mb, progress=progress)
        console_from, log_from = size_of(node.console), size_of(node.log)
        timeout_s = self._machine.start_timeout_s
        return node.launch(), partial(
            opensearch.wait_until_healthy, node, console_from=console_from, log_from=log_from, timeout_s=timeout_s
        )

    def _broker(self, state: State) -> Broker:
        return Broker(folder=self.home.folder / "broker", port=state.ports["broker"], log=self.home.logs / "broker.log")

    def _broker_start(self, state: State) -> tuple[Launch, Callable[[Detached], None]]:
        broker = self._broker(state)
        wait = partial(wait_until_ready, broker, log_from=size_of(broker.log), timeout_s=self._machine.start_timeout_s)
        return broker.launch(), wait

    def _workers(self) -> Launch:
        argv = [sys.executable, "-m", "indexer.embedded.keeper"]
        for command in self._commands:
            # `env` adds to what is inherited, so that no module but settings has to know the environment.
            argv += ["--", "env", f"FUSEDEX_HOME={self.home.folder}", *command]
        return Launch(argv=argv, folder=self.home.folder, log=self.home.logs / "workers.log")

    def _down(self, progress: Progress) -> State | None:
        state = self.home.load()
        for name in reversed(ENGINES):
            if state and name in state.processes:
                if is_running(state.processes[name]):
                    progress(f"stopping {name}")
                state = self._ended(state, name, progress)
                self.home.save(state)
        return state

    def _ended(self, state: State, name: str, progress: Progress) -> State:
        """The record without that process, which is ended if it runs on, unhealthy or unwanted."""
        mark = state.processes.get(name)
        if mark and not stop(mark, grace_s=GRACE_S[name]):
            progress(f"{name} did not end within {GRACE_S[name]:.0f} s and was killed; its log is {self._log(state, name)}")
        return state.with_process(name, None)

    def _log(self, state: State | None, name: str) -> Path:
        if name == "opensearch" and state:
            return Path(state.place) / "logs" / "opensearch.log"
        return self.home.logs / f"{name}.log"

    def _endpoints(self, state: State | None) -> Endpoints:
        ledger = self.given.ledger_url or self.home.database("ledger")
        return Endpoints(
            opensearch_url=self.given.opensearch_url or f"http://{LOOPBACK}:{state.ports['opensearch'] if state else 0}",
            broker_url=self.given.broker_url or (self._broker(state).url if state else ""),
            ledger_url=ledger,
            vectors_url=self.given.vectors_url or _beside(ledger),
        )


def stack_from(settings: Settings) -> Stack:
    """The stack that the settings describe: services they name are used, the others are ours."""
    given = Given(
        **{
            name: address.get_secret_value() if (address := getattr(settings, name)) else None
            for name in ("opensearch_url", "broker_url", "ledger_url", "vectors_url")
        }
    )
    return Stack(settings.home, heap_mb=settings.heap_mb, given=given)


def _beside(ledger: str) -> str:
    """The vector cache's own file beside an SQLite ledger's; a server's database holds both."""
    scheme, mark, path = ledger.partition(":///")
    return f"{scheme}{mark}{Path(path).with_name('vectors.sqlite')}" if mark and scheme.startswith("sqlite") and path else ledger
