"""What lies in our queues and is no message of ours: logged with what tells its sender, counted, taken off, and fatal for nobody.

A stranger is never product work that counts: what was promised is in the ledger, and the sender of an accept message sees no job.
"""

import threading
from collections import Counter
from collections.abc import Mapping

from celery.worker.consumer import Consumer
from kombu.message import Message

from indexer.observe import log

SHOWN = 80
"""Characters of an element that the log may show: enough to know its kind, too few to copy a product."""
KINDS_KEPT = 1000


class Strangers:
    """Counts strangers by kind and logs the 1st, 10th, 100th and so on of each: a flood of them floods no log. Safe across threads."""

    def __init__(self) -> None:
        """None was seen."""
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def met(self, kind: str, name: str, **told: object) -> int:
        """Note one; `name` tells strangers of a kind apart, `told` is what helps to find the sender. How many of them there were."""
        with self._lock:
            known = (kind, name) in self._seen or len(self._seen) < KINDS_KEPT
            key = (kind, name if known else "other")
            self._seen[key] += 1
            count = self._seen[key]
        if str(count).rstrip("0") == "1":
            log.warning("stranger_in_queue", kind=kind, name=name, count=count, **told)
        return count

    def count(self) -> int:
        """How many were seen, of all kinds."""
        with self._lock:
            return sum(self._seen.values())


def sender_of(headers: object, properties: object, delivery: object) -> dict[str, object]:
    """What a message tells about who sent it and where it lay."""
    told: dict[str, object] = {}
    for source, names in ((headers, ("origin", "id")), (properties, ("reply_to", "correlation_id")), (delivery, ("routing_key",))):
        if isinstance(source, Mapping):
            told |= {name: str(source[name])[:SHOWN] for name in names if source.get(name)}
    return told


def make_consumer(strangers: Strangers) -> type[Consumer]:
    """Celery's consumer, but for what it does with messages that are no task of ours: no dump of their bodies in the log."""

    class QuietConsumer(Consumer):  # type: ignore[misc]  # Celery ships no types
        def on_unknown_message(self, body: object, message: Message) -> None:  # noqa: ARG002 - as Celery calls it
            self._drop("no task", "", message)

        def on_unknown_task(self, body: object, message: Message, exc: Exception) -> None:  # noqa: ARG002 - as Celery calls it
            headers = message.headers if isinstance(message.headers, Mapping) else {}
            self._drop("unknown task", str(headers.get("task") or next(iter(exc.args), ""))[:SHOWN], message)

        def on_invalid_task(self, body: object, message: Message, exc: Exception) -> None:  # noqa: ARG002 - as Celery calls it
            self._drop("invalid task", type(exc).__name__, message)

        def on_decode_error(self, message: Message, exc: Exception) -> None:  # noqa: ARG002 - as Celery calls it
            self._drop("unreadable body", str(message.content_type)[:SHOWN], message)

        def _drop(self, kind: str, name: str, message: Message) -> None:
            body = message.body if isinstance(message.body, str | bytes) else b""
            strangers.met(kind, name, size=len(body), **sender_of(message.headers, message.properties, message.delivery_info))
            message.ack()  # type: ignore[no-untyped-call]  # kombu is typed in part

    return QuietConsumer
