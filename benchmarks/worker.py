"""A real worker process on the given cores, its store real or one that keeps nothing: python -m benchmarks.worker CORES opensearch|null."""

import os
import sys
import threading
import time
import warnings

from celery import signals

from benchmarks.null_store import NullStore
from indexer.build.places import endpoints
from indexer.build.writing import build_indexer
from indexer.observe import RunObserver, configure_logs
from indexer.settings import Settings
from indexer.write_path import Indexer
from workers.app import QUEUES, make_app
from workers.runtime import Runtime, settle_memory
from workers.tasks import register


class Passes(RunObserver):
    """Counts the passes, each the work of one hint."""

    def __init__(self) -> None:
        """None yet."""
        self.begun = 0

    def stage_moved(self, stage: str) -> None:
        """One more."""
        self.begun += stage == "claiming"


def main() -> None:
    """Work until ended; says `ready` when the models are loaded; answers each line with the passes and processor seconds so far."""
    os.sched_setaffinity(0, {int(core) for core in sys.argv[1].split(",")})
    kept = sys.argv[2] == "opensearch"
    warnings.simplefilter("ignore")  # Celery's about the superuser: nothing here reads pickle
    settings = Settings.load()
    configure_logs("json", level=30)
    passes = Passes()

    def build(settings: Settings, observer: RunObserver) -> Indexer:
        return build_indexer(settings, observer=observer, store=None if kept else NullStore)

    runtime = Runtime(settings, build, observers=[passes])
    app = make_app(endpoints(settings).broker_url, settings)
    register(app, runtime)
    runtime.indexer.warm()
    settle_memory()

    def serve() -> None:
        print("ready", flush=True)
        for _ in sys.stdin:
            print(f"{passes.begun} {time.process_time():.3f}", flush=True)

    signals.worker_ready.connect(lambda **_: threading.Thread(target=serve, daemon=True).start(), weak=False)
    app.Worker(
        pool_cls="threads",
        concurrency=settings.work.threads,
        queues=list(QUEUES),
        loglevel="ERROR",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    ).start()


if __name__ == "__main__":
    main()
