"""A real worker process on one core whose store keeps nothing: python -m benchmarks.worker CORE."""

import os
import sys
import threading
import warnings

from celery import signals

from benchmarks.null_store import NullStore
from indexer.build.places import build_encoders, endpoints
from indexer.build.writing import ProductEngine
from indexer.ledger.open import open_ledger
from indexer.ledger.vectors import open_vectors
from indexer.observe import RunObserver, configure_logs
from indexer.publish.celery import CeleryPublisher
from indexer.settings import Settings
from indexer.work.documents import Makers, Workshop
from indexer.write_path import Indexer
from workers.app import QUEUES, make_app
from workers.runtime import Runtime
from workers.tasks import register


def build(settings: Settings, observer: RunObserver) -> Indexer:
    """As `indexer.build.build_indexer`, but for the store."""
    places = endpoints(settings)
    makers = Makers(
        store=NullStore,
        cache=lambda: open_vectors(places.vectors_url),
        encoders=lambda: build_encoders(settings),
        engine=lambda encoders: ProductEngine(encoders, batch=settings.encode.batch, observer=observer),
    )
    ledger = open_ledger(places.ledger_url, future_s=settings.feed.future_s)
    return Indexer(ledger, CeleryPublisher(places.broker_url), Workshop(makers), settings, observer=observer)


def main() -> None:
    """Work until ended; says `ready` on standard output when the models are loaded."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    warnings.simplefilter("ignore")  # Celery's about the superuser: nothing here reads pickle
    settings = Settings.load()
    configure_logs("json", level=30)
    runtime = Runtime(settings, build)
    app = make_app(endpoints(settings).broker_url, settings)
    register(app, runtime)
    runtime.indexer.warm()
    signals.worker_ready.connect(lambda **_: threading.Thread(target=print, args=("ready",), kwargs={"flush": True}).start(), weak=False)
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
