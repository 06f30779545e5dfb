"""Is one run better than another, or was it luck: paired differences, a randomisation test, bootstrap intervals; numpy alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.evaluate.measures import Floats

RESAMPLES = 10_000
FLIPS = 10_000
EXACT_UP_TO = 13
"""Up to so many differences all 2^n flips of sign are counted (fewer than FLIPS), and p is exact."""
EQUAL = 1e-9
"""Differences up to it are ties: measures are sums of fractions, and add up in different orders."""
LEVEL = 0.95
_NUMBERS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The second run against the first: mean difference (second minus first) with its interval, p, and how many queries won, tied, lost."""

    mean: float
    low: float
    high: float
    p: float
    wins: int
    ties: int
    losses: int

    @property
    def spread(self) -> str:
        """The mean difference with its interval, as text."""
        return spread(self.mean, self.low, self.high)


def spread(mean: float, low: float, high: float) -> str:
    """A mean difference with its interval, as text.

    >>> spread(0.155, 0.069, 0.259)
    '+0.155 (+0.069 to +0.259)'
    """
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"


def compared(first: Floats, second: Floats, *, seed: int = 0) -> Comparison:
    """Compare two rows of figures for the same queries in the same order (at least one). Raises ValueError where they differ in length."""
    if first.shape != second.shape or not first.size:
        raise ValueError(f"Runs are compared query by query, not {first.shape} with {second.shape}.")
    differences = second - first
    low, high = interval(differences, seed=seed)
    return Comparison(
        mean=float(differences.mean()),
        low=low,
        high=high,
        p=randomised(differences, seed=seed),
        wins=int((differences > EQUAL).sum()),
        ties=int((np.abs(differences) <= EQUAL).sum()),
        losses=int((differences < -EQUAL).sum()),
    )


def interval(values: Floats, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL) -> tuple[float, float]:
    """Bootstrap percentile interval of the mean (Efron 1979): queries are drawn with replacement, `resamples` times."""
    random = np.random.default_rng(seed)
    means = np.concatenate(
        [values[random.integers(0, values.size, (count, values.size))].mean(axis=1) for count in _counts(resamples, values.size)]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def randomised(differences: Floats, *, seed: int = 0, flips: int = FLIPS) -> float:
    """The two-sided p of Fisher's paired randomisation test (Smucker, Allan and Carterette 2007).

    If the runs were the same, each difference could as well have the other sign: p is the share of flips whose sum lies as far
    from zero as the real one. Exact for up to 13 differences that are not zero, else over `flips` random ones and the real one.
    """
    moved = differences[np.abs(differences) > EQUAL]
    if not moved.size:
        return 1.0
    least = abs(float(moved.sum())) - EQUAL
    if moved.size <= EXACT_UP_TO:
        patterns = np.arange(2**moved.size)[:, None] >> np.arange(moved.size) & 1
        return float((np.abs((2 * patterns - 1) @ moved) >= least).mean())
    random = np.random.default_rng(seed)
    beyond = sum(
        int((np.abs((2.0 * random.integers(0, 2, (count, moved.size), dtype=np.int8) - 1) @ moved) >= least).sum())
        for count in _counts(flips, moved.size)
    )
    return (beyond + 1) / (flips + 1)


def holm(chances: Sequence[float]) -> list[float]:
    """The p values of several comparisons, raised so that all of them together err as rarely as one would (Holm 1979); order kept."""
    raised = [0.0] * len(chances)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        highest = max(highest, min(1.0, chances[place] * (len(chances) - rank)))
        raised[place] = highest
    return raised


def _counts(wanted: int, width: int) -> Iterator[int]:
    """Portions of `wanted` rows that hold at most some millions of numbers."""
    portion = max(1, _NUMBERS_AT_ONCE // width)
    for start in range(0, wanted, portion):
        yield min(portion, wanted - start)
