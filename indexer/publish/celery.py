"""Hints and feeds through a broker, by task name: the sender needs none of the workers' code.

The broker may be away: connecting and sending are tried once, within seconds, and end as BrokerUnavailable.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from indexer.errors import BrokerUnavailable, SettingsError
from indexer.publish.messages import ACCEPT_QUEUE, ACCEPT_TASK, WORK_TASK, AcceptMessage, checked
from indexer.records import Lane

if TYPE_CHECKING:
    from kombu.connection import Connection
    from kombu.messaging import Producer
    from kombu.transport.base import StdChannel as Channel

CONNECT_S = 2.0
ANSWER_S = 5.0
ROOM = 256
"""Hints kept waiting in one lane's queue at most: more would say nothing new."""


class CeleryPublisher:
    """Sends to one broker. Safe across threads; connects when first used."""

    def __init__(self, broker_url: str, *, message_bytes: int = 1_000_000, room: int = ROOM) -> None:
        """Name the broker; raises SettingsError where Celery is not installed."""
        try:
            from celery import Celery
        except ImportError as error:
            raise SettingsError("Publishing needs Celery.", cure="pip install 'fusedex[workers]'") from error
        self._message_bytes = message_bytes
        self._room = room
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._channel: Channel | None = None
        self._app = Celery("fusedex.publisher", broker=broker_url, set_as_current=False)
        self._app.conf.update(
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
            task_publish_retry=False,
            broker_connection_timeout=CONNECT_S,
            # kombu would take any certificate, unless the address says otherwise (?ssl_cert_reqs=...&ssl_ca_certs=...)
            broker_use_ssl={"ssl_cert_reqs": "required"} if broker_url.startswith("rediss://") else None,
            broker_transport_options={"socket_connect_timeout": CONNECT_S, "socket_timeout": ANSWER_S, "retry_on_timeout": False},
        )

    def work(self, lane: Lane, *, hints: int = 1) -> None:
        """Say `hints` times that the lane has work, but fill its queue no further than its room. Raises BrokerUnavailable."""
        with self._producer() as producer:
            queue = producer.channel.queue_declare(queue=lane, durable=True, auto_delete=False)
            for _ in range(min(hints, self._room - queue.message_count)):
                self._send(producer, WORK_TASK, {"lane": lane}, queue=lane)

    def send_accept(
        self,
        job_id: str,
        *,
        rows: Sequence[Mapping[str, object]] | None = None,
        feed: str | None = None,
        terms: Mapping[str, object] | None = None,
    ) -> None:
        """Send products through the queue: raw rows, or the path of a feed under the workers' roots, on the terms of `AcceptTerms`.

        Nothing is promised until the ledger shows the job as committed; send again until then, under the same id.
        Raises MessageTooLarge, FeedError for what is no such message, and BrokerUnavailable.
        """
        given = {"job_id": job_id, "rows": None if rows is None else [dict(row) for row in rows], "feed": feed, "terms": terms}
        payload = {name: value for name, value in given.items() if value is not None}
        checked(AcceptMessage, payload, limit_bytes=self._message_bytes)
        with self._producer() as producer:
            self._send(producer, ACCEPT_TASK, payload, queue=ACCEPT_QUEUE)

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._drop()
        self._app.close()

    def _send(self, producer: "Producer", task: str, payload: Mapping[str, object], *, queue: str) -> None:
        self._app.send_task(task, kwargs=dict(payload), producer=producer, queue=queue, retry=False, ignore_result=True, kwargsrepr=task)

    @contextmanager
    def _producer(self) -> Iterator["Producer"]:
        from kombu.exceptions import KombuError
        from kombu.messaging import Producer

        with self._lock:
            if self._connection is None:
                self._connection = self._app.connection_for_write()
            errors = (*self._connection.connection_errors, *self._connection.channel_errors, KombuError, OSError)
            address = self._connection.as_uri()
            try:
                # A channel asked for by name connects once; the default one would try for ever.
                if self._channel is None:
                    self._channel = self._connection.channel()
                yield Producer(self._channel)  # type: ignore[no-untyped-call]  # kombu is typed in part
            except errors as error:
                self._drop()
                raise BrokerUnavailable(
                    f"The broker at {address} does not answer: {str(error).rstrip('.')}.",
                    cure="Start it (fusedex up), or mend FUSEDEX_BROKER_URL.",
                ) from error

    def _drop(self) -> None:
        """A connection that failed once is not trusted again."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.release()  # type: ignore[no-untyped-call]  # the same
