"""Several plans as one: what they need at the same time is asked for at the same time."""

from collections.abc import Generator, Sequence

from indexer.errors import IndexerError
from indexer.read.needs import Ask, Describe, Got, Need, Steps
from indexer.records import Answer


class _Course:
    """One plan: what it needs now, or its answer."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.need: Need | None = None
        self.answer: Answer | None = None
        self.go(None)

    def go(self, got: Got | IndexerError) -> None:
        """Send it what it needs (or the error that came instead), up to its next need or its answer."""
        try:
            self.need = self._steps.throw(got) if isinstance(got, IndexerError) else self._steps.send(got)
        except StopIteration as end:
            self.need, self.answer = None, end.value


def together(plans: Sequence[Steps]) -> Generator[Need, Got, list[Answer]]:
    """The plans' answers, in order; descriptions are shared, and legs of one point in time go in one request.

    What one plan raises ends all of them.
    """
    if len(plans) == 1:  # as most are
        return [(yield from plans[0])]
    courses = [_Course(steps) for steps in plans]
    while waiting := [course for course in courses if course.need is not None]:
        first = waiting[0].need
        if isinstance(first, Ask):
            same = [course for course in waiting if isinstance(course.need, Ask) and course.need.point == first.point]
            yield from _asked_together(same, first.point)
        else:
            same = [course for course in waiting if course.need == first] if isinstance(first, Describe) else waiting[:1]
            yield from _shared(same, first)
    return [course.answer for course in courses if course.answer is not None]


def _shared(courses: Sequence[_Course], need: Need | None) -> Generator[Need, Got, None]:
    if need is None:
        return
    try:
        got: Got | IndexerError = yield need
    except IndexerError as error:
        got = error
    for course in courses:
        course.go(got)


def _asked_together(courses: Sequence[_Course], point: str) -> Generator[Need, Got, None]:
    wanted = [course.need.legs if isinstance(course.need, Ask) else () for course in courses]
    try:
        got = yield Ask(tuple(leg for legs in wanted for leg in legs), point)
    except IndexerError as error:
        for course in courses:
            course.go(error)
        return
    if not isinstance(got, list):
        raise TypeError(f"Ask is answered by a list of LegAnswers, not by {type(got).__name__}.")
    start = 0
    for course, legs in zip(courses, wanted, strict=True):
        course.go(got[start : start + len(legs)])
        start += len(legs)
