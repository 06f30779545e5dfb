"""The gate before a new index goes live: both are asked the same queries, and what is worse than allowed keeps the old one.

With judgments, by nDCG@10 and a paired test; without, by how much the first answers overlap, and by whether products are found again
by their own titles. Either way no product may be missing, and latencies stand beside: it is a shadow run as well.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.errors import QueryError
from indexer.evaluate import agreement
from indexer.evaluate.evaluation import MAIN, evaluated
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.measures import Measure, View
from indexer.evaluate.queries import Topic
from indexer.evaluate.runs import Run, make_run
from indexer.ledger.base import Ledger
from indexer.operate.evidence import Evidence
from indexer.records import Hit

FIRST = agreement.DEPTH
"""The hits that answers are compared by."""
SAMPLE = 200
"""Titles asked where no queries are given: the overlap's interval is then about 0.05 wide."""
RECALL_SLACK = 0.02
"""What share of the products fewer the new index may find again by their own title, but one in any case: what ties and variants make."""
PAGE = 1000
PAUSE_S = 0.5

Search = Callable[[str, int], Sequence[Hit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What passes: the largest loss of nDCG@10 (mean), and the least overlap of the first ten (mean, 0 to 1).

    `settle_s`: how long a product that only the old index finds may take to come; a running feed has just brought it there.
    """

    max_loss: float = 0.01
    min_overlap: float = 0.5
    settle_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Title:
    """A product to be found again."""

    id: str
    text: str


Answers = Mapping[Title, tuple[list[str], list[str]]]
"""To each title the first ids of the old index and of the new one."""


class Timed:
    """A search that notes how long it took, and sees one refused as one that found nothing."""

    def __init__(self, search: Search) -> None:
        """Nothing asked yet."""
        self._search = search
        self.took_ms: list[float] = []

    def __call__(self, text: str, depth: int) -> list[Hit]:
        """The first `depth` hits. Raises what the search raises, QueryError apart."""
        begun = time.monotonic()
        try:
            return list(self._search(text, depth))
        except QueryError:
            return []
        finally:
            self.took_ms.append((time.monotonic() - begun) * 1000)

    def figures(self, name: str) -> dict[str, float]:
        """The median and the 95th percentile, in milliseconds."""
        if not self.took_ms:
            return {}
        middle, late = np.percentile(self.took_ms, [50, 95])
        return {f"{name}_ms_p50": round(float(middle), 2), f"{name}_ms_p95": round(float(late), 2)}


def sample_titles(ledger: Ledger, *, size: int = SAMPLE, seed: int = 0) -> list[Title]:
    """Live products at random (reservoir sampling, Vitter 1985, algorithm R), with their titles. Reads all ids once."""
    chance = random.Random(seed)  # noqa: S311 - a sample is no secret
    kept: list[str] = []
    seen, after = 0, ""
    while standings := ledger.walk(after=after, limit=PAGE):
        for one in standings:
            if not one.live or one.buried:
                continue
            seen += 1
            if len(kept) < size:
                kept.append(one.id)
            elif (place := chance.randrange(seen)) < size:
                kept[place] = one.id
        after = standings[-1].id
    products = [ledger.product(id_) for id_ in sorted(kept)]
    return [Title(product.id, product.title) for product in products if product is not None]


def by_judgments(old: Search, new: Search, judged: Judgments, topics: Sequence[Topic], *, limits: Limits) -> Evidence:
    """Compare by nDCG@10 over judged queries. Raises EvaluationError where they can't be measured."""
    first, second = Timed(old), Timed(new)
    runs: list[Run] = [make_run(search, topics, name=name, depth=100) for name, search in (("old", first), ("new", second))]
    evaluation = evaluated(judged, topics, runs)
    key: tuple[View, Measure] = ("full", MAIN)
    comparison = evaluation.against[0].comparisons[key]
    figures = {
        "queries": float(len(evaluation.topics)),
        "old": round(evaluation.figures[0][key].mean, 4),
        "new": round(evaluation.figures[1][key].mean, 4),
        "difference": round(comparison.mean, 4),
        "low": round(comparison.low, 4),
        "high": round(comparison.high, 4),
        "p": round(comparison.p, 4),
    }
    against = []
    if comparison.mean < -limits.max_loss:
        against.append(
            f"{MAIN} falls from {figures['old']:.3f} to {figures['new']:.3f} ({comparison.mean:+.3f}, 95 % interval "
            f"{comparison.low:+.3f} to {comparison.high:+.3f}), more than the {limits.max_loss:.3f} allowed"
        )
    return Evidence(
        passed=not against, by="judgments", figures=figures | first.figures("old") | second.figures("new"), against=tuple(against)
    )


def by_overlap(old: Search, new: Search, titles: Sequence[Title], queries: Sequence[str], *, limits: Limits) -> Evidence:
    """Compare the first ten hits of both over the queries (over the titles where there are none), and each by its own titles."""
    first, second = Timed(old), Timed(new)

    def both(text: str) -> tuple[list[str], list[str]]:
        return _ids(first(text, FIRST)), _ids(second(text, FIRST))

    found = _settled({title: both(title.text) for title in titles}, both, patience_s=limits.settle_s)
    again = {
        "old": sum(one.id in before for one, (before, _) in found.items()),
        "new": sum(one.id in mine for one, (_, mine) in found.items()),
    }
    answers = [both(text) for text in queries] if queries else list(found.values())
    shared = [agreement.overlap(before, after) for before, after in answers]
    silent = sum(bool(before) and not after for before, after in answers)
    overlap = float(np.mean(shared)) if shared else 1.0
    recall = {name: count / len(titles) if titles else 1.0 for name, count in again.items()}
    against = []
    if overlap < limits.min_overlap:
        against.append(f"the first {FIRST} hits overlap by {overlap:.3f}, less than the {limits.min_overlap:.3f} asked for")
    if again["old"] - again["new"] > max(1.0, RECALL_SLACK * len(titles)):
        against.append(f"{recall['new']:.1%} of the products are found by their own title, {recall['old']:.1%} were")
    if silent:
        against.append(f"{silent} of {len(shared)} queries that had an answer have none")
    figures = {
        "queries": float(len(shared)),
        "overlap": round(overlap, 4),
        "found_again_old": round(recall["old"], 4),
        "found_again_new": round(recall["new"], 4),
        "silent": float(silent),
    }
    return Evidence(
        passed=not against, by="overlap", figures=figures | first.figures("old") | second.figures("new"), against=tuple(against)
    )


def complete(evidence: Evidence, ledger: Ledger) -> Evidence:
    """The evidence, and against it what the new index lacks: rows that were given up, beyond those that the old one lacks too."""
    lacking, some = ledger.next.given_up()
    known = [letter.id for letter in ledger.letters(limit=PAGE)]
    strange = [(id_, reason) for id_, reason in some if id_ not in known]
    figures = evidence.figures | {"given_up": float(lacking)}
    if lacking <= len(known) and not strange:
        return Evidence(passed=evidence.passed, by=evidence.by, figures=figures, against=evidence.against)
    told = "; ".join(f"{id_}: {reason}" for id_, reason in (strange or some)[:3])
    against = (*evidence.against, f"{lacking:,} products could not be made for the new index ({told})")
    return Evidence(passed=False, by=evidence.by, figures=figures, against=against)


def _settled(found: Answers, both: Callable[[str], tuple[list[str], list[str]]], *, patience_s: float) -> Answers:
    """The answers to titles, asked again where only the old index has found the product, until both agree or patience ends."""
    end = time.monotonic() + patience_s
    while behind := [title for title, (before, after) in found.items() if title.id in before and title.id not in after]:
        if time.monotonic() >= end:
            break
        time.sleep(PAUSE_S)
        found = {**found, **{title: both(title.text) for title in behind}}
    return found


def _ids(hits: Iterable[Hit]) -> list[str]:
    return list(dict.fromkeys(hit.id for hit in hits))[:FIRST]
