"""Batches cut from what waits: whatever comes when, nothing is lost, limits hold, the oldest goes first, and sharing pads less."""

import random
from collections.abc import Sequence
from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.encode.hashed import HashedText
from indexer.encode.stages import Stages
from indexer.encode.window import FEW, Batch, Limits, Request, Window

ENCODER = HashedText()


def stages(side: str = "product") -> Stages[str]:
    return Stages(
        name="hashed",
        side=side,
        prepare=partial(ENCODER.prepare, side="product"),
        run=ENCODER.run,
        finish=ENCODER.finish,
        free=ENCODER.free,
        sample="a",
    )


def request(lengths: Sequence[float], *, limits: Limits, side: str = "product") -> Request[str]:
    return Request(stages(side), ["x"] * len(lengths), lengths, limits)


def all_of(window: Window[str], *, cap: float = float("inf")) -> list[Batch[str]]:
    taken = []
    while (batch := window.take(cap=cap)) is not None:
        taken.append(batch)
    return taken


def padded(batches: Sequence[Batch[str]]) -> float:
    return sum(batch.cost for batch in batches)


lengths = st.lists(st.floats(0, 300), max_size=40)
limits = st.builds(Limits, st.integers(1, 20), st.floats(1, 2000))


@given(st.lists(st.tuples(lengths, limits, st.sampled_from(["product", "query"])), max_size=6), st.floats(1, 2000))
def test_every_input_is_taken_once_within_all_limits(asked: list[tuple[list[float], Limits, str]], cap: float) -> None:
    window: Window[str] = Window()
    requests = [request(some, limits=limit, side=side) for some, limit, side in asked]
    for one in requests:
        window.add(one)
    assert len(window) == sum(len(one.lengths) for one in requests)
    batches = all_of(window, cap=cap)
    taken = [(id(piece.request), piece.position) for batch in batches for piece in batch.pieces]
    assert sorted(taken) == sorted((id(one), position) for one in requests for position in range(len(one.lengths)))
    for batch in batches:
        counts = [one.limits for one in batch.requests]
        assert len(batch.pieces) <= max(limit.count for limit in counts)
        assert len(batch.pieces) == 1 or batch.cost <= min(cap, max(limit.tokens for limit in counts))
        assert len({one.stages.side for one in batch.requests}) == 1
        assert [piece.length for piece in batch.pieces] == sorted((piece.length for piece in batch.pieces), reverse=True)
    assert len(window) == 0
    assert not window._requests


@given(st.lists(st.lists(st.floats(1, 300), min_size=1, max_size=30), min_size=1, max_size=5), st.integers(1, 16))
def test_the_oldest_request_is_in_every_batch_until_it_is_done(asked: list[list[float]], count: int) -> None:
    window: Window[str] = Window()
    requests = [request(some, limits=Limits(count, 1e9)) for some in asked]
    for one in requests:
        window.add(one)
    left = {id(one): len(one.lengths) for one in requests}
    while (batch := window.take()) is not None:
        oldest = next(one for one in requests if left[id(one)])
        assert oldest in batch.requests
        for piece in batch.pieces:
            left[id(piece.request)] -= 1


@given(st.lists(lengths, min_size=2, max_size=5), st.integers(1, 4))
def test_a_request_that_is_dropped_leaves_the_others(asked: list[list[float]], count: int) -> None:
    window: Window[str] = Window()
    requests = [request(some, limits=Limits(count, 1e9)) for some in asked]
    for one in requests:
        window.add(one)
    window.take()
    window.drop(requests[0])
    assert all(requests[0] not in batch.requests for batch in all_of(window))
    assert len(window) == 0


@given(st.integers(1, 40), st.integers(1, 64))
def test_a_batch_is_full_whenever_enough_waits(number: int, count: int) -> None:
    window: Window[str] = Window()
    chance = random.Random(number)
    for _ in range(3):
        window.add(request([chance.uniform(1, 100) for _ in range(number)], limits=Limits(count, 1e9)))
    while len(window):
        waiting = len(window)
        assert window.fills() == (waiting >= count)
        batch = window.take()
        assert batch is not None
        longest, shortest = batch.pieces[0].length, batch.pieces[-1].length
        left = [-place.shortness for place in window._sides["product"]]
        cut = len(batch.pieces) >= FEW and any(length < longest / 2 or length / 2 > shortest for length in left)
        assert len(batch.pieces) == min(count, waiting) or cut
        if len(batch.pieces) > FEW:
            assert shortest >= longest / 2


def test_a_shared_window_pads_a_fraction_of_what_separate_ones_do() -> None:
    """Four claims of titles and descriptions; the figures are exact, as the lengths are."""
    chance = np.random.default_rng(7)
    claims = [[*chance.integers(4, 20, 256), *np.minimum(256, chance.lognormal(4, 0.8, 256)).round()] for _ in range(4)]
    limit = Limits(64, 16_384)
    together: Window[str] = Window()
    apart = 0.0
    batches = 0
    for claim in claims:
        together.add(request(claim, limits=limit))
        alone: Window[str] = Window()
        alone.add(request(claim, limits=limit))
        found = all_of(alone)
        apart += padded(found)
        batches += len(found)
    shared = all_of(together)
    real = sum(map(sum, claims))
    assert len(shared) <= batches
    assert padded(shared) - real < 0.4 * (apart - real)


def test_in_arrival_order_most_would_be_padding() -> None:
    chance = np.random.default_rng(7)
    claim = [*chance.integers(4, 20, 256), *np.minimum(256, chance.lognormal(4, 0.8, 256)).round()]
    chance.shuffle(claim)
    window: Window[str] = Window()
    window.add(request(claim, limits=Limits(64, 16_384)))
    unsorted = sum(64 * max(claim[start : start + 64]) for start in range(0, len(claim), 64))
    assert padded(all_of(window)) < 0.5 * unsorted
