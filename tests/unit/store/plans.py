"""Plans driven by hand: each call is answered by a function, errors are thrown in as the stores do."""

from collections.abc import Callable
from typing import Any, TypeVar

from indexer.errors import StoreError
from indexer.store.calls import Call, Plan

T = TypeVar("T")
Answers = Callable[[Call], Any]


def drive(plan: Plan[T], answers: Answers) -> tuple[T, list[Call]]:
    """What the plan returns, and the calls that it made."""
    calls: list[Call] = []
    try:
        call = next(plan)
        while True:
            calls.append(call)
            answer = answers(call)
            call = plan.throw(answer) if isinstance(answer, StoreError) else plan.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value, calls


def refusal(error: StoreError, *, status: int | None = None, kind: str = "") -> StoreError:
    """The error as the client's border would make it."""
    error.status, error.kind = status, kind
    return error
