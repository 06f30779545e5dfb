"""Hints: bounded in memory and on a broker, and harmless when the broker is away."""

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import BrokerUnavailable, FeedError, MessageTooLarge
from indexer.publish.celery import CeleryPublisher
from indexer.publish.hints import AT_ONCE, Hints
from indexer.publish.memory import MemoryPublisher
from indexer.publish.messages import ACCEPT_QUEUE, ACCEPT_TASK, WORK_TASK
from indexer.records import LANES, Lane

MEMORY = "memory://"


@pytest.fixture
def publisher() -> Iterator[CeleryPublisher]:
    """Over kombu's transport in memory: real messages, no server."""
    publisher = CeleryPublisher(MEMORY, message_bytes=2000, room=5)
    for queue in (*LANES, ACCEPT_QUEUE):
        taken(publisher, queue)
    yield publisher
    publisher.close()


def taken(publisher: CeleryPublisher, queue: str) -> list[tuple[str, dict[str, object]]]:
    """Every message of the queue, as task name and payload."""
    found = []
    with publisher._app.connection_for_write() as connection, connection.SimpleQueue(queue) as simple:
        while simple.qsize():
            message = simple.get(block=False)
            found.append((message.headers["task"], message.payload[1]))
            message.ack()
    return found


def test_a_hint_is_a_small_message_in_its_lanes_queue(publisher: CeleryPublisher) -> None:
    publisher.work("encode", hints=2)
    publisher.work("offers")
    assert taken(publisher, "encode") == [(WORK_TASK, {"lane": "encode"})] * 2
    assert taken(publisher, "offers") == [(WORK_TASK, {"lane": "offers"})]


def test_hints_fill_a_queue_no_further_than_its_room(publisher: CeleryPublisher) -> None:
    for _ in range(4):
        publisher.work("backfill", hints=3)
    assert len(taken(publisher, "backfill")) == 5
    publisher.work("backfill")
    assert len(taken(publisher, "backfill")) == 1


def test_products_travel_by_rows_or_by_path(publisher: CeleryPublisher) -> None:
    publisher.send_accept("one", rows=[{"id": "p", "title": "椅子"}])
    publisher.send_accept("two", feed="/feeds/monday.csv")
    assert taken(publisher, ACCEPT_QUEUE) == [
        (ACCEPT_TASK, {"job_id": "one", "rows": [{"id": "p", "title": "椅子"}]}),
        (ACCEPT_TASK, {"job_id": "two", "feed": "/feeds/monday.csv"}),
    ]


def test_a_message_is_checked_before_it_is_sent(publisher: CeleryPublisher) -> None:
    with pytest.raises(MessageTooLarge):
        publisher.send_accept("big", rows=[{"id": "p", "title": "x" * 3000}])
    with pytest.raises(FeedError):
        publisher.send_accept("neither")
    assert taken(publisher, ACCEPT_QUEUE) == []


def test_threads_may_share_a_publisher(publisher: CeleryPublisher) -> None:
    threads = [threading.Thread(target=publisher.work, args=("encode_new",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken(publisher, "encode_new")) == 5


def test_a_broker_that_is_away_is_told_without_its_password() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        publisher = CeleryPublisher(f"redis://:secret@127.0.0.1:{unused.getsockname()[1]}/0")
        with pytest.raises(BrokerUnavailable, match="does not answer") as told:
            publisher.work("encode")
        assert "secret" not in str(told.value)
        with pytest.raises(BrokerUnavailable):
            publisher.send_accept("j", rows=[])
        publisher.close()


@given(sent=st.lists(st.tuples(st.sampled_from(LANES), st.integers(1, 9)), max_size=20), room=st.integers(1, 12))
def test_the_publisher_in_memory_keeps_order_and_bounds(sent: list[tuple[Lane, int]], room: int) -> None:
    publisher = MemoryPublisher(room=room)
    kept: list[Lane] = []
    for lane, hints in sent:
        publisher.work(lane, hints=hints)
        kept += [lane] * min(hints, room - kept.count(lane))
    assert [publisher.waiting(lane) for lane in LANES] == [kept.count(lane) for lane in LANES]
    assert [publisher.take() for _ in kept] == kept
    assert publisher.take() is None


@given(rows=st.dictionaries(st.sampled_from(LANES), st.integers(0, 100_000)), claim=st.integers(1, 512))
def test_due_rows_get_as_many_hints_as_claims_within_bounds(rows: dict[Lane, int], claim: int) -> None:
    publisher = MemoryPublisher()
    Hints(publisher, claim=claim).all_due(rows)
    for lane in LANES:
        number = rows.get(lane, 0)
        hints = publisher.waiting(lane)
        assert (hints > 0) == (number > 0)
        assert hints <= AT_ONCE
        assert hints * claim >= number or hints == AT_ONCE
        assert (hints - 1) * claim < number or not hints


@given(batches=st.integers(0, 30), rows=st.integers(0, 20_000), claim=st.integers(1, 512))
def test_at_the_end_of_a_feed_only_the_hints_are_sent_that_its_batches_lacked(batches: int, rows: int, claim: int) -> None:
    publisher = MemoryPublisher(room=100)
    hints = Hints(publisher, claim=claim)
    for _ in range(batches):
        hints.some("encode")
    hints.all_due({"encode": rows})
    needed = min(-(-rows // claim), AT_ONCE)
    assert publisher.waiting("encode") == (max(needed, batches + 1) if rows else batches)


def test_a_broker_behind_tls_must_show_its_certificate() -> None:
    for url, checked in (("rediss://h:1/0", "required"), ("rediss://h:1/0?ssl_cert_reqs=none", ssl.CERT_NONE)):
        publisher = CeleryPublisher(url)
        assert publisher._app.connection_for_write().ssl == {"ssl_cert_reqs": checked}
        publisher.close()
