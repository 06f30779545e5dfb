"""The Celery application: JSON only, late acknowledgement, hints that may be lost or repeated, all of it from Settings.

Messages are hints: nothing is lost with them, so nothing here tries to make the broker a database.
"""

from celery import Celery
from kombu.entity import Exchange, Queue

from indexer.publish.messages import ACCEPT_QUEUE
from indexer.records import LANES
from indexer.settings import Settings
from workers.strangers import Strangers, make_consumer
from workers.transport import Redis

QUEUES = (*LANES, ACCEPT_QUEUE)
SOFT_STOP_S = 30.0
"""How long passes may take to put their rows back when the worker is asked to end."""
VISIBILITY_S = 600
"""A held message shows up again after so long: longer than any claim's work, and a feed that takes longer is not begun twice (tasks.py)."""

TLS = {"ssl_cert_reqs": "required"}
"""How a broker behind rediss:// is checked, unless its address says otherwise (?ssl_cert_reqs=...&ssl_ca_certs=...)."""


def make_app(broker_url: str, settings: Settings, *, strangers: Strangers | None = None) -> Celery:
    """The application for one broker; tasks are added by `workers.tasks.register`. `strangers` counts what is no message of ours."""
    met = strangers or Strangers()
    app = Celery("fusedex", broker=broker_url, set_as_current=False)
    if broker_url.startswith(("redis://", "rediss://")):
        app.conf.broker_transport = f"{Redis.__module__}:{Redis.__name__}"
    if broker_url.startswith("rediss://"):
        app.conf.broker_use_ssl = TLS
    app.conf.update(
        # What travels is JSON, and nothing else is read.
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        # The ledger knows how things stand: no results, no events.
        result_backend=None,
        task_ignore_result=True,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        # A hint is held only while it is worked.
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_consumer=make_consumer(met),
        worker_pool="threads",
        worker_concurrency=settings.work.threads,
        worker_soft_shutdown_timeout=SOFT_STOP_S,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # A hint that was held by a dead worker shows up again; earlier, the sweeper has sent another.
        visibility_timeout=VISIBILITY_S,
        broker_transport_options=_transport_options(met),
        # Never give up on a broker: it comes back.
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=5,
        # One queue a lane, each under its own name.
        task_queues=[Queue(name, Exchange(name, type="direct"), routing_key=name) for name in QUEUES],  # type: ignore[no-untyped-call]  # kombu is typed in part
        task_default_queue=ACCEPT_QUEUE,
        task_create_missing_queues=False,
        # Our own log, and none of Celery's in its place.
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app


def _transport_options(strangers: Strangers) -> dict[str, object]:
    return {
        "visibility_timeout": VISIBILITY_S,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "queue_order_strategy": "round_robin",
        "strangers": strangers,
    }
