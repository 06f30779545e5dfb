"""Filters as the engine's query clauses."""

from collections.abc import Mapping, Sequence
from typing import Any

from indexer.records import Filter
from indexer.store.conditions import Among, Between, Condition, conditions
from indexer.store.tokens import PRICE_SCALE

Body = dict[str, Any]


def live(filters: Sequence[Filter]) -> list[Body]:
    """The filter clauses: not deleted, and every filter met. Raises BadFilter for a filter whose value its field can't have."""
    return [{"term": {"deleted": False}}, *map(clause, conditions(filters))]


def clause(one: Condition) -> Body:
    """A condition as a query."""
    tests = [_test(test) for test in one.alternatives]
    if one.exclude:
        return {"bool": {"must_not": tests}}
    return tests[0] if len(tests) == 1 else {"bool": {"should": tests, "minimum_should_match": 1}}


def _test(test: Among | Between) -> Body:
    if isinstance(test, Among):
        return {"terms": {test.field: list(test.values)}}
    ends: Mapping[str, int | str | None] = {"gte": test.low, "lte": test.high}
    return {"range": {test.field: {end: _limit(test.field, value) for end, value in ends.items() if value is not None}}}


def _limit(field: str, value: float | str) -> float | str:
    # A limit on one of scaled_float's own steps, included, means the same before and after server 3.3, which changed how others round.
    return value / PRICE_SCALE if field == "price" and not isinstance(value, str) else value
