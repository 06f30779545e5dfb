"""What is no message of ours: counted, told seldom, and never raised."""

import json
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.message import Message
from kombu.transport import virtual
from structlog.testing import capture_logs

from indexer.settings import Settings
from workers.app import make_app
from workers.strangers import KINDS_KEPT, SHOWN, Strangers, make_consumer, sender_of
from workers.transport import PatientChannel, PatientQoS, Redis, _complaint

GOOD: dict[str, object] = {
    "body": "W10=",
    "content-type": "application/json",
    "headers": {"task": "t"},
    "properties": {"delivery_tag": "x", "delivery_info": {"exchange": "", "routing_key": "offers"}, "body_encoding": "base64"},
}
PLAIN = {"delivery_tag": "x", "delivery_info": {"exchange": "", "routing_key": "offers"}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*GOOD, "delivery_tag", "delivery_info", "exchange", "routing_key"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(met=st.integers(1, 2000))
def test_a_flood_is_told_at_powers_of_ten(met: int) -> None:
    strangers = Strangers()
    with capture_logs() as logs:
        for _ in range(met):
            strangers.met("unknown task", "a", origin="gen1@host")
    assert [entry["count"] for entry in logs] == [10**n for n in range(len(str(met)))]
    assert all(entry["origin"] == "gen1@host" for entry in logs)
    assert strangers.count() == met


def test_names_without_end_take_no_room_without_end() -> None:
    strangers = Strangers()
    with capture_logs() as logs:
        for number in range(3 * KINDS_KEPT):
            strangers.met("unknown task", f"task-{number}")
    assert len(strangers._seen) <= KINDS_KEPT + 1
    assert len(logs) <= KINDS_KEPT + 5
    assert strangers.count() == 3 * KINDS_KEPT


def test_a_message_of_celerys_is_no_stranger() -> None:
    assert _complaint(GOOD) == ""
    assert _complaint(GOOD | {"body": "[]", "properties": PLAIN}) == ""


@given(element=JSON)
def test_what_passes_can_be_made_a_message(element: object) -> None:
    if _complaint(element):
        return

    class Decoding(PatientChannel):  # without a connection
        def __init__(self) -> None: ...

        def __del__(self, _warnings: object = None) -> None: ...

    made = PatientChannel.Message(element, channel=Decoding())  # type: ignore[no-untyped-call]  # kombu is typed in part
    assert made.delivery_tag is not None or made.properties["delivery_tag"] is None


@pytest.mark.parametrize("element", [None, 7, "text", [], {}, {**GOOD, "body": 5}, {**GOOD, "headers": []}, {**GOOD, "properties": {}}])
def test_what_is_no_message_is_not_delivered(element: object) -> None:
    assert _complaint(json.loads(json.dumps(element)))


def test_the_consumer_drops_messages_that_are_no_task_of_ours_without_their_bodies() -> None:
    strangers = Strangers()
    acknowledged: list[object] = []

    class Given(Message):
        def ack(self, multiple: bool = False) -> None:
            acknowledged.append(self.delivery_tag)

    consumer = object.__new__(make_consumer(strangers))
    message = Given(  # type: ignore[no-untyped-call]  # the same
        body=b"secret" * 1000,
        delivery_tag="1",
        content_type="application/json",
        headers={"task": "other.task", "origin": "gen7@shop-3", "id": "abc"},
        properties={"reply_to": "me"},
        delivery_info={"routing_key": "accept"},
    )
    with capture_logs() as logs:
        consumer.on_unknown_task(None, message, KeyError("other.task"))
        consumer.on_invalid_task(None, message, ValueError("x"))
        consumer.on_decode_error(message, ValueError("x"))
        consumer.on_unknown_message(None, message)
    assert len(acknowledged) == 4
    assert {entry["kind"] for entry in logs} == {"unknown task", "invalid task", "unreadable body", "no task"}
    assert logs[0]["name"] == "other.task"
    assert all((entry["origin"], entry["routing_key"], entry["size"]) == ("gen7@shop-3", "accept", 6000) for entry in logs)
    assert "secret" not in str(logs)


@given(told=st.dictionaries(st.sampled_from(["origin", "id", "other"]), st.text(max_size=300)))
def test_a_sender_is_told_in_few_letters(told: dict[str, str]) -> None:
    found = sender_of(told, None, [])
    assert set(found) <= {"origin", "id"}
    assert all(len(str(value)) <= SHOWN for value in found.values())


def test_our_transport_is_used_for_redis_with_tls_and_without() -> None:
    for url in ("redis://localhost:1/0", "rediss://localhost:1/0"):
        connection = make_app(url, Settings()).connection_for_read()
        assert connection.get_transport_cls() is Redis
        assert isinstance(connection.transport_options["strangers"], Strangers)
        assert "localhost:1/0" in connection.as_uri()
        assert bool(connection.ssl) == url.startswith("rediss")
    chosen = make_app("rediss://localhost:1/0?ssl_cert_reqs=none", Settings()).connection_for_read()
    assert chosen.ssl == {"ssl_cert_reqs": ssl.CERT_NONE}
    assert make_app("memory://", Settings()).conf.broker_transport is None


@pytest.mark.parametrize("act", ["ack", "reject", "requeue"])
def test_a_message_that_can_not_be_acknowledged_holds_no_place(act: str) -> None:
    class Broken:
        def conn_or_acquire(self, *_: object) -> object:
            raise ConnectionError("the broker is away")

    qos = object.__new__(PatientQoS)
    virtual.QoS.__init__(qos, Broken(), 1)  # type: ignore[no-untyped-call]  # kombu is typed in part
    virtual.QoS.append(qos, "message", "tag")  # type: ignore[no-untyped-call]  # the same
    assert not qos.can_consume()  # type: ignore[no-untyped-call]  # the same
    with pytest.raises(ConnectionError):
        qos.ack("tag") if act == "ack" else qos.reject("tag", requeue=act == "requeue")
    assert qos.can_consume()  # type: ignore[no-untyped-call]  # the same
    qos._on_collect.cancel()
