"""One worker process: the Celery worker in the foreground, its two watches beside it, and an end within bounds."""

import os
import threading
import warnings
from collections.abc import Sequence

from celery import Celery, signals
from celery.platforms import SecurityWarning

from indexer.build.places import endpoints
from indexer.build.writing import build_indexer
from indexer.observe import RunObserver, log
from indexer.settings import Settings
from indexer.work.pace import ENCODING_ORDER
from indexer.write_path import Indexer
from workers.app import QUEUES, SOFT_STOP_S, make_app
from workers.housekeeping import Housekeeper
from workers.runtime import Runtime
from workers.tasks import register
from workers.watch import Sweeper, Watchdog


def build(settings: Settings, observer: RunObserver) -> Indexer:
    """The indexer of a worker process."""
    return build_indexer(settings, observer=observer)


def run(settings: Settings, *, queues: Sequence[str] = QUEUES, threads: int | None = None, observers: Sequence[RunObserver] = ()) -> int:
    """Work until SIGTERM or SIGINT; the exit code. `queues` are lanes, and `accept` for products that were sent.

    Raises EngineError where no broker runs.
    """
    watchdog = Watchdog(settings.work.watchdog_s)
    runtime = Runtime(settings, build, observers=(watchdog.observer, *observers), lanes=queues)
    sweeper, housekeeper = Sweeper(runtime), Housekeeper(runtime)
    ending = _Ending(runtime)
    app = make_app(endpoints(settings).broker_url, settings)
    register(app, runtime)

    def ready(**_: object) -> None:
        log.info("worker_ready", process=runtime.name, queues=list(queues))
        watchdog.start()
        sweeper.start()
        housekeeper.start()
        if set(queues) & set(ENCODING_ORDER):  # else a model is loaded only if a cached row was lost
            runtime.warm()

    def shutting_down(**_: object) -> None:
        sweeper.close()
        housekeeper.close()
        ending.begin()

    signals.worker_ready.connect(ready, weak=False)
    signals.worker_shutting_down.connect(shutting_down, weak=False)
    try:
        return _work(app, queues=queues, threads=threads or settings.work.threads)
    finally:
        watchdog.close()
        sweeper.close()
        housekeeper.close()
        ending.finish()
        signals.worker_ready.disconnect(ready)
        signals.worker_shutting_down.disconnect(shutting_down)


def _work(app: Celery, *, queues: Sequence[str], threads: int) -> int:
    # Its warning to superusers is about pickle; nothing but JSON is read here.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = app.Worker(
        hostname=f"fusedex-{os.getpid()}@%h",
        pool_cls="threads",
        concurrency=threads,
        queues=queues,
        loglevel="WARNING",
        without_gossip=True,  # what workers tell each other, the ledger knows
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


class _Ending:
    """Passes are asked to put their rows back; what does not move is not waited for longer than the soft time-out."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._timer = threading.Timer(SOFT_STOP_S, self._force)
        self._timer.daemon = True

    def begin(self) -> None:
        """Called in the signal's handler, perhaps twice."""
        self._runtime.stop()
        if self._timer.ident is None:
            self._timer.start()

    def finish(self) -> None:
        """All passes have ended, or there never was one."""
        self._timer.cancel()
        log.info("worker_stopped", put_back=self._runtime.close())

    def _force(self) -> None:
        log.warning("worker_stopped", put_back=self._runtime.close(), forced=True)
        os._exit(0)
