"""A shopper who looks from the top down and clicks what is good: what the log says of each product must be what is good."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.evaluate.clicks import ClickHow, Shown, examined, judged_by_clicks

VIEWS = 4000


def simulated(attractiveness: list[float], *, seed: int) -> list[Shown]:
    """Clicks of a position-based model: clicked = looked at (by rank) and attractive (by product), over shuffled pages."""
    random = np.random.default_rng(seed)
    looked = 1 / np.arange(1, len(attractiveness) + 1)
    shown = np.zeros((len(attractiveness),) * 2, dtype=int)
    clicked = np.zeros_like(shown)
    for _ in range(VIEWS):
        order = random.permutation(len(attractiveness))
        clicks = random.random(len(order)) < looked * np.array(attractiveness)[order]
        shown[order, range(len(order))] += 1
        clicked[order, range(len(order))] += clicks
    return [
        Shown("q", f"p{product}", rank + 1, int(shown[product, rank]), int(clicked[product, rank]))
        for product in range(len(attractiveness))
        for rank in range(len(attractiveness))
        if shown[product, rank]
    ]


@settings(max_examples=15, deadline=None)
@given(st.permutations([0.1, 0.3, 0.5, 0.7, 0.9]), st.integers(0, 2**31))
def test_the_order_of_what_attracts_is_found_again(attractiveness: list[float], seed: int) -> None:
    found = judged_by_clicks(simulated(attractiveness, seed=seed), ClickHow(least=1, prior=2.0))
    best_first = sorted(range(5), key=lambda product: -attractiveness[product])
    assert sorted(range(5), key=lambda product: -found.coec["q", f"p{product}"]) == best_first


def test_an_order_that_always_stands_first_wins_nothing_by_it() -> None:
    """The worst product is always shown first: by bare clicks it wins, over expected clicks it does not."""
    random = np.random.default_rng(7)
    good, bad = 0.6, 0.3
    log = []
    for query in range(40):
        # for most queries two middling products, which tell what ranks get; for one the bad product first, the good one last
        pair = (0.45, 0.45) if query else (bad, good)
        for rank, (attracts, looked) in enumerate(zip(pair, (1.0, 0.25), strict=True), 1):
            log.append(Shown(f"q{query}", f"p{rank}", rank, 2000, int(random.binomial(2000, attracts * looked))))
    found = judged_by_clicks(log, ClickHow(least=1, prior=0.0))
    clicks = {one.product: one.clicks for one in log if one.query == "q0"}
    assert clicks["p1"] > clicks["p2"]
    assert found.coec["q0", "p1"] < 1 < found.coec["q0", "p2"]


@given(st.dictionaries(st.integers(1, 30), st.tuples(st.integers(1, 500), st.integers(0, 500)), min_size=1))
def test_shares_fall_and_keep_the_sum(by_rank: dict[int, tuple[int, int]]) -> None:
    by_rank = {rank: (shown, min(shown, clicked)) for rank, (shown, clicked) in by_rank.items()}
    if not sum(clicked for _, clicked in by_rank.values()):
        return
    found = examined(by_rank)
    falling = [found[rank] for rank in sorted(found)]
    assert falling == sorted(falling, reverse=True)
    assert np.isclose(sum(found[rank] * shown for rank, (shown, _) in by_rank.items()), sum(clicked for _, clicked in by_rank.values()))
