"""Runs: what a search gave for each query, best first; read and written as TREC runs and as CSV, or made by asking."""

import csv
import hashlib
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from indexer.errors import EvaluationError, QueryError
from indexer.evaluate.queries import Topic
from indexer.evaluate.sheets import Row, Sheet, read_sheet, trec_coded

LEAST_STEP = 1e-6
"""By how much the next score falls in a TREC run where two are equal, so that every tool keeps our order."""
FARTHEST = 1e30
"""Scores beyond it are cut in a TREC run: tools read them as numbers of four bytes."""
CURE_SCORE = "Write a plain number."


class Scored(Protocol):
    """A hit, as any search gives it: `Hit` is one."""

    @property
    def id(self) -> str:
        """The product's id."""

    @property
    def score(self) -> float:
        """Its score; the order of the hits decides, not this."""


Search = Callable[[str, int], Sequence[Scored]]
"""A text and how many hits are wanted -> hits, best first."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A product of a run, with the score that it had there."""

    id: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """For each query id the products found, best first; a query that is missing or empty found nothing.

    `settings` are those it was made with, `refused` the queries that could not be answered as asked and why, `degraded` those
    answered without a part of the search and why.
    """

    name: str
    lists: Mapping[str, tuple[Listed, ...]]
    settings: Mapping[str, object] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    degraded: Mapping[str, str] = field(default_factory=dict)

    def ids(self, query: str) -> tuple[str, ...]:
        """The products found for a query, best first."""
        return tuple(one.id for one in self.lists.get(query, ()))

    @property
    def digest(self) -> str:
        """The sha-256 (hex) over the queries (sorted) and their products in order; scores do not count."""
        state = hashlib.sha256()
        for query in sorted(query for query, found in self.lists.items() if found):
            state.update(f"{trec_coded(query)} {' '.join(map(trec_coded, self.ids(query)))}\n".encode())
        return state.hexdigest()

    def renamed(self, names: Mapping[str, str]) -> "Run":
        """The same under other query ids; those not in `names` stay."""
        return replace(self, lists={names.get(query, query): found for query, found in self.lists.items()})

    def trec(self) -> str:
        """A TREC run: `query Q0 product rank score tag` a line; scores fall strictly, so that every tool reads this order."""
        tag = trec_coded(self.name) or "run"
        lines: list[str] = []
        for query, found in self.lists.items():
            scores = falling(one.score for one in found)
            lines += [
                f"{trec_coded(query)} Q0 {trec_coded(one.id)} {rank} {score:.9g} {tag}\n"
                for rank, (one, score) in enumerate(zip(found, scores, strict=True), 1)
            ]
        return "".join(lines)

    def csv(self) -> str:
        """CSV with the header query,product_id,rank,score."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("query", "product_id", "rank", "score"))
        for query, found in self.lists.items():
            writer.writerows((query, one.id, rank, one.score) for rank, one in enumerate(found, 1))
        return text.getvalue()


def make_run(search: Search, topics: Iterable[Topic], *, name: str, depth: int = 100, on_query: Callable[[int], None] | None = None) -> Run:
    """Ask `search` for each topic's text; what raises QueryError found nothing, and its reason is kept. Other errors end the run.

    A product that comes twice counts where it came first. `on_query` hears how many topics are done.
    """
    lists: dict[str, tuple[Listed, ...]] = {}
    refused: dict[str, str] = {}
    for done, topic in enumerate(topics, 1):
        found: dict[str, Listed] = {}
        try:
            for hit in search(topic.text, depth):
                found.setdefault(hit.id, Listed(hit.id, float(hit.score)))
        except QueryError as error:
            found, refused[topic.id] = {}, error.message
        lists[topic.id] = tuple(found.values())[:depth]
        if on_query is not None:
            on_query(done)
    return Run(name=name, lists=lists, refused=refused)


def read_run(path: Path, *, name: str = "") -> Run:
    """The run of a TREC or CSV file, found by content; its name is the file's unless another is given.

    TREC runs, and CSV without ranks, are ordered as trec_eval orders them: by score as a number of four bytes, then by product id,
    both falling. In CSV a rank decides. Raises EvaluationError with file, line, reason and cure.
    """
    sheet = read_sheet(path, needed=("query", "product_id"), width=6)
    ranked = "rank" in sheet.columns
    if sheet.form == "csv" and not ranked and "score" not in sheet.columns:
        raise EvaluationError(f"{path} has neither ranks nor scores.", cure="Add a column rank (1 is best) or score.")
    found: dict[str, dict[str, tuple[float, Listed]]] = {}
    taken: set[tuple[str, float]] = set()
    for row, (query, product, rank, score) in _csv(sheet) if sheet.form == "csv" else _trec(sheet.rows):
        if not query or not product:
            raise row.wrong("the query or the product is empty", cure="Fill it in, or take the line out.")
        place = _number(row, rank, "rank") if ranked else 0.0
        listed = Listed(product, _number(row, score, "score") if score is not None else -place)
        if found.setdefault(query, {}).setdefault(product, (place, listed))[1] is not listed:
            raise row.wrong(f"{product!r} was listed for {query!r} before", cure="List a product once a query.")
        if ranked and (query, place) in taken:
            raise row.wrong(f"the rank {rank} was given for {query!r} before", cure="Give each product its own rank.")
        taken.add((query, place))
    if not found:
        raise EvaluationError(f"{path} holds no hit.", cure="Add lines below the header.")
    return Run(name=name or path.stem, lists={query: _ordered(rows.values(), ranked=ranked) for query, rows in found.items()})


def falling(scores: Iterable[float]) -> list[float]:
    """The scores as numbers of four bytes, each below the one before it: equal and rising ones are lowered a little."""
    lowered: list[float] = []
    for score in scores:
        wanted = float(np.float32(min(max(score, -FARTHEST), FARTHEST)))
        if lowered and not wanted < lowered[-1]:
            last = lowered[-1]
            wanted = float(np.float32(last - max(float(np.spacing(np.float32(abs(last)))), LEAST_STEP)))
        lowered.append(wanted)
    return lowered


def _ordered(rows: Iterable[tuple[float, Listed]], *, ranked: bool) -> tuple[Listed, ...]:
    if ranked:
        return tuple(listed for _, listed in sorted(rows, key=lambda row: row[0]))
    with np.errstate(over="ignore"):
        return tuple(sorted((listed for _, listed in rows), key=lambda one: (np.float32(one.score), one.id), reverse=True))


def _trec(rows: Iterable[Row]) -> Iterator[tuple[Row, tuple[str, str, str, str | None]]]:
    for row in rows:
        if len(row.fields) != 6:
            raise row.wrong(f"{len(row.fields)} fields where a TREC run has 6", cure="Write: query Q0 product rank score tag.")
        query, _, product, rank, score, _ = row.fields
        yield row, (query, product, rank, score)


def _csv(sheet: Sheet) -> Iterator[tuple[Row, tuple[str, str, str, str | None]]]:
    for row, fields in sheet.named():
        yield row, (fields["query"], fields["product_id"], fields.get("rank", ""), fields.get("score"))


def _number(row: Row, written: str, what: str) -> float:
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise row.wrong(f"the {what} {written!r} is no number", cure=CURE_SCORE)
    return number
