"""Kombu's transport for Redis and Valkey, mended where a broker's trouble or a foreign element would end a worker or leave it deaf."""

import hashlib

from kombu.exceptions import KombuError
from kombu.transport import redis, virtual
from kombu.transport.virtual import Empty
from redis.exceptions import RedisError

from workers.strangers import SHOWN, Strangers


class PatientQoS(redis.QoS):
    """A message that can't be acknowledged because the broker is away holds no place.

    Kombu counts it as held for ever: once as many as may be held have met that, nothing is asked of the broker any more, so the lost
    connection is never noticed, and the worker idles until it is started anew. The broker still has the message and delivers it once
    more after its visibility time-out, which a hint survives.
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge, or at least let go of it. Raises what the broker's client raises."""
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]  # kombu is typed in part
        except (RedisError, OSError):
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]  # the same
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - as kombu calls it
        """Put back or drop, or at least let go of it. Raises what the broker's client raises."""
        try:
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]  # the same
        except (RedisError, OSError):
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]  # the same
            raise


class PatientChannel(redis.Channel):
    """Kombu's channel, but for list elements that are no JSON, which its own lets end the process."""

    QoS = PatientQoS

    def _brpop_read(self, **options: object) -> bool | None:
        try:
            return super()._brpop_read(**options)  # type: ignore[no-any-return, no-untyped-call]  # kombu is typed in part
        except (ValueError, RecursionError) as error:
            # The element is off its list, and the connection stands between two commands, as after any other element.
            element = getattr(error, "doc", None) or getattr(error, "object", b"")
            _strangers_of(self.connection).met("not JSON", type(error).__name__, **_described(element))
            raise Empty from error


class Redis(redis.Transport):
    """Kombu's transport for Redis and Valkey with that channel; the transport option `strangers` counts what it drops."""

    Channel = PatientChannel

    def _deliver(self, message: object, queue: str) -> None:
        if complaint := _complaint(message):
            _strangers_of(self).met("no message", complaint, queue=queue, **_described(repr(message)))
            return
        super()._deliver(message, queue)  # type: ignore[no-untyped-call]  # the same


def _strangers_of(transport: redis.Transport) -> Strangers:
    client = transport.client
    strangers = client.transport_options.get("strangers") if client is not None else None
    return strangers if isinstance(strangers, Strangers) else Strangers()


def _complaint(message: object) -> str:
    """Why the JSON of an element is no message that kombu can take; empty where it is one."""
    if not isinstance(message, dict):
        return f"a {type(message).__name__}"
    properties, headers, body = message.get("properties"), message.get("headers"), message.get("body")
    if not isinstance(properties, dict) or not isinstance(properties.get("delivery_tag"), str):
        return "without properties"
    delivery = properties.get("delivery_info")
    if not isinstance(delivery, dict) or not all(isinstance(delivery.get(name), str) for name in ("exchange", "routing_key")):
        return "without a destination"
    if not isinstance(headers, dict | None):
        return "with other headers"
    if not isinstance(body, str):
        return "without a body"
    try:
        redis.Channel.codecs.get(str(properties.get("body_encoding")), _Plain()).decode(body)
    except (ValueError, KombuError):
        return "with another body encoding"
    return ""


class _Plain:
    """No encoding at all."""

    def decode(self, body: str) -> str:
        """The body as it is."""
        return body


def _described(element: object) -> dict[str, object]:
    data = element if isinstance(element, bytes) else str(element).encode("utf-8", "replace")
    shown = data[:SHOWN].decode("utf-8", "replace")
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()[:16], "begins": shown}
