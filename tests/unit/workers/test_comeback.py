"""Hints that ended because an engine was away are sent again soon."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import BrokerUnavailable, StoreUnavailable
from indexer.records import LANES, Lane
from indexer.settings import WorkSettings
from indexer.store.base import Document
from tests.unit.write_path.shop import Shop
from workers.comeback import Comeback
from workers.runtime import Runtime
from workers.tasks import work


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_trouble_a_hint_that_ends_is_gone() -> None:
    sent: list[Lane] = []
    comeback = Comeback(sent.append, again_s=1000)
    comeback.ended("offers")
    comeback.look()
    assert sent == []


@given(ended=st.lists(st.sampled_from(LANES), max_size=20))
def test_in_trouble_each_lane_is_looked_at_once_more_until_some_time_after(ended: list[Lane]) -> None:
    sent: list[Lane] = []
    clock = Clock()
    comeback = Comeback(sent.append, again_s=1000, linger_s=5, clock=clock)
    comeback.trouble()
    for lane in ended:
        comeback.ended(lane)
    comeback.look()
    assert sorted(sent) == sorted(set(ended))
    clock.now += 5
    for lane in ended:
        comeback.ended(lane)
    comeback.look()
    assert len(sent) == len(set(ended))
    comeback.close()


def test_what_a_broker_did_not_take_is_sent_at_the_next_look() -> None:
    sent: list[Lane] = []
    away = [True]

    def send(lane: Lane) -> None:
        if away[0]:
            raise BrokerUnavailable("away")
        sent.append(lane)

    comeback = Comeback(send, again_s=1000)
    comeback.trouble()
    comeback.ended("encode")
    comeback.look()
    assert sent == []
    away[0] = False
    comeback.look()
    assert sent == ["encode"]
    comeback.close()


def test_it_looks_by_itself_until_it_is_closed() -> None:
    sent = threading.Event()
    comeback = Comeback(lambda _: sent.set(), again_s=0.01)
    comeback.trouble()
    comeback.ended("encode")
    assert sent.wait(20)
    comeback.close()


@pytest.mark.parametrize(
    ("stages", "trouble"),
    [
        (("claiming", "claimed", "encoded", "writing", "idle"), True),
        (("claiming", "claimed", "encoded", "writing", "written", "finishing", "idle"), False),
        (("claiming", "idle"), False),
    ],
)
def test_a_pass_that_claimed_and_did_not_finish_is_trouble(stages: tuple[str, ...], *, trouble: bool) -> None:
    sent: list[Lane] = []
    comeback = Comeback(sent.append, again_s=1000)
    for stage in stages:
        comeback.observer.stage_moved(stage)
    comeback.ended("encode")
    comeback.look()
    assert sent == (["encode"] if trouble else [])
    comeback.close()


def test_a_store_that_comes_back_is_written_to_without_a_sweep(tmp_path: Path) -> None:
    shop = Shop(tmp_path, work=WorkSettings(claim=16, retry_s=0.001, retry_cap_s=0.002))
    runtime = Runtime(shop.settings, lambda _, observer: shop.another_indexer(observer=observer))
    away = [True]

    def before(_: Sequence[Document]) -> None:
        if away[0]:
            raise StoreUnavailable("down")

    shop.store.before = before
    shop.feed([{"id": f"p{n}", "title": f"chair {n}"} for n in range(40)])
    while (lane := shop.publisher.take()) is not None:
        work(runtime, {"lane": lane})
    assert shop.dirty() == {"encode_new": 40}
    away[0] = False
    for _ in range(1000):
        if not shop.dirty():
            break
        shop.clock.ahead_s += 0.01
        runtime.comeback.look()
        while (lane := shop.publisher.take()) is not None:
            work(runtime, {"lane": lane})
    assert shop.dirty() == {}
    runtime.close()
