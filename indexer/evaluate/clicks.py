"""Judgments from clicks, with what is clicked only for standing first taken out (COEC: clicks over expected clicks).

    COEC(q, d) = (clicks(q, d) + k) / (Σ impressions(q, d, rank) · ctr(rank) + k)        (Zhang and Jones 2007)

`ctr(rank)` is how often anything at that rank is clicked in the whole log: what a product gets beyond it is its own. 1 is as good as
what usually stands there. `k` expected clicks are added on both sides, so that a pair seen twice is not judged by luck.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import EvaluationError
from indexer.evaluate.judgments import Judgments

LAST_RANK = 100
"""Deeper ranks count as this one: few look there, and one number for all of them is steadier."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How often a product was shown for a query at a rank (from 1), and how often it was clicked there."""

    query: str
    product: str
    rank: int
    impressions: int
    clicks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickHow:
    """How clicks become grades: the least impressions of a pair, the expected clicks added (k), and from which COEC each grade begins."""

    least: int = 20
    prior: float = 2.0
    steps: tuple[float, ...] = (0.75, 1.25, 2.0)


USUAL = ClickHow()


@dataclass(frozen=True, slots=True, eq=False)
class Clicked:
    """What a log says: the share of clicks at each rank, the COEC of each pair that was shown often enough, and its grade."""

    ctr: Mapping[int, float]
    coec: Mapping[tuple[str, str], float]
    judgments: Judgments
    rare: int


def judged_by_clicks(log: Iterable[Shown], how: ClickHow = USUAL) -> Clicked:
    """Grades from 0 to the number of steps, by query and product; pairs shown less often than `least` are not judged (`rare`).

    Queries are compared as they are written, without regard to case and outer spaces. Constant memory is not promised: one entry a pair
    and rank is kept. Raises EvaluationError for an empty log, one without a click, and steps that do not rise.
    """
    if list(how.steps) != sorted(set(how.steps)) or not how.steps:
        raise EvaluationError(f"The steps {list(how.steps)} do not rise.", cure="Write them in order: 0.75,1.25,2.")
    seen: defaultdict[tuple[str, str], defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    clicks: defaultdict[tuple[str, str], int] = defaultdict(int)
    by_rank: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for one in log:
        pair, rank = (" ".join(one.query.casefold().split()), one.product), min(one.rank, LAST_RANK)
        seen[pair][rank] += one.impressions
        clicks[pair] += one.clicks
        by_rank[rank][0] += one.impressions
        by_rank[rank][1] += one.clicks
    ctr = examined({rank: (shown, clicked) for rank, (shown, clicked) in by_rank.items()})
    coec: dict[tuple[str, str], float] = {}
    for pair, ranks in seen.items():
        if sum(ranks.values()) >= how.least:
            expected = sum(shown * ctr[rank] for rank, shown in ranks.items())
            coec[pair] = (clicks[pair] + how.prior) / (expected + how.prior)
    if not coec:
        raise EvaluationError(f"No product was shown {how.least} times for a query.", cure="Take a longer log, or a lower --least.")
    grades: dict[str, dict[str, int]] = {}
    for (query, product), value in sorted(coec.items()):
        grades.setdefault(query, {})[product] = sum(value >= step for step in how.steps)
    return Clicked(ctr, coec, Judgments(grades), rare=len(seen) - len(coec))


def examined(by_rank: Mapping[int, tuple[int, int]]) -> dict[int, float]:
    """The share of clicks at each rank out of (impressions, clicks), never rising with the rank.

    People look from the top down; where a log says otherwise it is short, and neighbours are taken together (pool adjacent violators,
    Ayer et al. 1955, weighted by impressions). Raises EvaluationError without an impression or a click.

    >>> examined({1: (100, 30), 2: (100, 10), 3: (100, 14)})
    {1: 0.3, 2: 0.12, 3: 0.12}
    """
    if not sum(clicked for _, clicked in by_rank.values()):
        raise EvaluationError("The log holds no click.", cure="Take a longer log.")
    pools: list[tuple[list[int], int, int]] = []
    for rank in sorted(by_rank):
        ranks, (shown, clicked) = [rank], by_rank[rank]
        while pools and clicked * pools[-1][1] >= pools[-1][2] * shown:  # as high as the one before, or higher
            before = pools.pop()
            ranks, shown, clicked = [*before[0], *ranks], shown + before[1], clicked + before[2]
        pools.append((ranks, shown, clicked))
    return {rank: clicked / shown for ranks, shown, clicked in pools for rank in ranks}


def read_clicks(path: Path) -> Iterator[Shown]:
    """The lines of a click log, lazily: JSON Lines or CSV with query, product_id, rank, and impressions and clicks, or clicked (0 or 1).

    A line without impressions is one. Raises EvaluationError with file, line, reason and cure.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            stream.seek(0)
            rows = _json_lines(path, stream) if first.lstrip().startswith("{") else _csv(path, stream)
            for line, row in rows:
                yield _shown(path, line, row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"The click log {path} can't be read: {error}") from error


def _csv(path: Path, stream: Iterable[str]) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.DictReader(stream)
    lacking = [name for name in ("query", "product_id", "rank") if name not in (reader.fieldnames or ())]
    if lacking:
        raise EvaluationError(f"{path} lacks the column {lacking[0]!r}.", cure="Its header is query,product_id,rank,impressions,clicks.")
    for row in reader:
        yield reader.line_num, {str(name): value for name, value in row.items() if value not in (None, "")}


def _json_lines(path: Path, stream: Iterable[str]) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise EvaluationError(f"{path}, line {number}: no JSON ({error}).", cure="One object a line.") from error
        if not isinstance(row, dict):
            raise EvaluationError(f"{path}, line {number}: no object.", cure="One object a line.")
        yield number, row


def _shown(path: Path, line: int, row: Mapping[str, object]) -> Shown:
    try:
        query, product = str(row["query"]), str(row["product_id"])
        rank, impressions = int(str(row["rank"])), int(str(row.get("impressions", 1)))
        clicks = int(row["clicked"] in (True, "1", 1, "true")) if "clicked" in row else int(str(row.get("clicks", 0)))
    except (KeyError, ValueError) as error:
        raise EvaluationError(
            f"{path}, line {line}: {error} is missing or no whole number.", cure="Mend the line, or take it out."
        ) from error
    if not query.strip() or not product or rank < 1 or impressions < 1 or not 0 <= clicks <= impressions:
        raise EvaluationError(
            f"{path}, line {line}: rank {rank}, impressions {impressions}, clicks {clicks} can't be.",
            cure="Ranks count from 1; there is an impression at least, and no more clicks than impressions.",
        )
    return Shown(query, product, rank, impressions, clicks)


def steps_of(written: str) -> tuple[float, ...]:
    """The steps as a person writes them: "0.75,1.25,2". Raises EvaluationError."""
    try:
        return tuple(float(one) for one in written.split(","))
    except ValueError as error:
        raise EvaluationError(f"{written!r} are no numbers.", cure="Write them like 0.75,1.25,2.") from error


def ctr_line(ctr: Mapping[int, float], ranks: Sequence[int] = (1, 2, 3, 5, 10, 20)) -> str:
    """The share of clicks at some ranks, for a person."""
    return ", ".join(f"{rank}: {ctr[rank]:.1%}" for rank in ranks if rank in ctr)
