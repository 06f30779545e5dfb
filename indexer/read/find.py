"""Candidates: what each leg finds, in as few requests as the strategy allows."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from indexer.query.course import Course
from indexer.rank.blend import Ranking
from indexer.read.needs import Got, Need, asked
from indexer.records import PHOTOS, Degraded, Filter, Query
from indexer.store.base import ExactLeg, ExtraLeg, Found, HybridLeg, Leg, LegAnswer, LexicalLeg, VectorLeg
from indexer.vectors import Row

LAST_STEP = 2
"""The lexical step at which any word will do."""

WORDS = "lexical"
"""The name of the leg that matches words."""

SERVER = "hybrid"
"""The name of the one score that a server's own blend gives."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Search:
    """One query on its course: its row, how deep to look, where (`index`, and the point in time of a frozen answer)."""

    query: Query
    way: Course
    row: Row | None
    depth: int
    enough: int
    rrf_constant: int
    index: str
    point: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """What the legs found: the products by id, each leg's scores by its name, and at which lexical step.

    `capped`: a leg gave as many as it was asked for. `partly` has the products that were found only when fewer of the words had to
    match, each with that step. `order` is the server's own blend where it made one.
    """

    found: Mapping[str, Found]
    scores: Mapping[str, Mapping[str, float]]
    step: int
    capped: bool
    order: Mapping[str, float] | None = None
    degraded: tuple[Degraded, ...] = field(default=())
    partly: Mapping[str, int] = field(default_factory=dict)

    def rankings(self, weights: Mapping[str, float], *, partial: float) -> list[Ranking]:
        """The legs as they are blended: `partial` is left of the words' weight at each step by which fewer of them had to match."""
        eased = {id_: partial**step for id_, step in self.partly.items()}
        return [Ranking(name, weight, self.scores.get(name, {}), eased if name == WORDS else {}) for name, weight in weights.items()]


class _Moved(Exception):
    """Another index answered than the one described."""


def found(search: Search, filters: Sequence[tuple[Filter, ...]]) -> Generator[Need, Got, list[Candidates] | None]:
    """The candidates for each set of filters, in order, all asked together; None where another index has come behind the alias."""
    try:
        step = 0 if search.query.text else 1
        answers = yield from _legs(search, filters, step)
        partly: list[dict[str, int]] = [{} for _ in filters]
        while _thin(search, answers, step):
            step += 1
            again = yield from _asked(search, [{WORDS: _lexical(search, one, step)} for one in filters])
            for mine, new, fewer in zip(answers, again, partly, strict=True):
                more = _more(mine[WORDS], new[WORDS], depth=search.depth)
                fewer.update((one.id, step) for one in more)
                mine[WORDS] = _joined(mine[WORDS], new[WORDS], more)
        if search.way.strategy in ("rescore", SERVER) and search.row is not None:
            again = yield from _asked(search, [_second(search, one, mine) for one, mine in zip(filters, answers, strict=True)])
            answers = [old | new for old, new in zip(answers, again, strict=True)]
    except _Moved:
        return None
    return [replace(_candidates(search, mine, step), partly=fewer) for mine, fewer in zip(answers, partly, strict=True)]


def _legs(search: Search, filters: Sequence[tuple[Filter, ...]], step: int) -> Generator[Need, Got, list[dict[str, LegAnswer]]]:
    return (yield from _asked(search, [_first(search, one, step) for one in filters]))


def _first(search: Search, filters: tuple[Filter, ...], step: int) -> dict[str, Leg]:
    query, way, depth = search.query, search.way, search.depth
    legs: dict[str, Leg] = {}
    if way.strategy == SERVER and search.row is not None:
        legs[SERVER] = HybridLeg(
            text=query.text,
            row=search.row,
            filters=filters,
            size=depth,
            weights=way.weights,
            blend=way.blend,
            rrf_constant=search.rrf_constant,
            step=step,
        )
        return legs
    if WORDS in way.weights:
        legs[WORDS] = _lexical(search, filters, step)
    if search.row is not None and way.strategy in ("msearch", "vector"):
        legs |= {name: VectorLeg(row=search.row, filters=filters, size=depth, photos=name == PHOTOS) for name in way.near}
    if search.row is not None and way.strategy == "exact":
        legs |= {name: ExactLeg(row=search.row, filters=filters, size=depth, photos=name == PHOTOS) for name in way.near}
    if query.extra is not None:
        legs["extra"] = ExtraLeg(query=query.extra, filters=filters, size=depth)
    return legs


def _lexical(search: Search, filters: tuple[Filter, ...], step: int) -> LexicalLeg:
    return LexicalLeg(text=search.query.text, filters=filters, size=search.depth, step=step)


def _second(search: Search, filters: tuple[Filter, ...], first: Mapping[str, LegAnswer]) -> dict[str, Leg]:
    """The exact cosine of the candidates; of a server's own blend also which of them the words match."""
    if search.row is None:
        return {}
    ids = tuple(one.id for one in first[SERVER if search.way.strategy == SERVER else WORDS].found)
    if not ids:
        return {}
    legs: dict[str, Leg] = {name: ExactLeg(row=search.row, ids=ids, size=len(ids), photos=name == PHOTOS) for name in search.way.near}
    if search.way.strategy == SERVER:
        legs[WORDS] = replace(_lexical(search, (*filters, Filter("id", "eq", ids)), 1), size=len(ids))
    return legs


def _thin(search: Search, answers: Sequence[Mapping[str, LegAnswer]], step: int) -> bool:
    """Whether fewer words should have to match: too few products had them, and a vector does not stand in for any single word."""
    last = LAST_STEP - 1 if search.row is not None else LAST_STEP
    if step >= last or not search.query.text or WORDS not in answers[0] or answers[0][WORDS].error:
        return False
    return len(answers[0][WORDS].found) < search.enough


def _more(known: LegAnswer, relaxed: LegAnswer, *, depth: int) -> list[Found]:
    """What the relaxed leg adds: as many as there is room for, since its half matches must not push a whole one out."""
    ids = {one.id for one in known.found}
    return [one for one in relaxed.found if one.id not in ids][: max(0, depth - len(ids))]


def _joined(known: LegAnswer, relaxed: LegAnswer, more: Sequence[Found]) -> LegAnswer:
    both = sorted((*known.found, *more), key=lambda one: (-one.score, one.id))
    return replace(relaxed, found=tuple(both), shards_failed=max(known.shards_failed, relaxed.shards_failed))


def _asked(search: Search, wanted: Sequence[Mapping[str, Leg]]) -> Generator[Need, Got, list[dict[str, LegAnswer]]]:
    got = yield from asked([leg for legs in wanted for leg in legs.values()], point=search.point)
    if any(answer.index != search.index for answer in got):
        raise _Moved
    answers = iter(got)
    return [{name: next(answers) for name in legs} for legs in wanted]


def _candidates(search: Search, answers: Mapping[str, LegAnswer], step: int) -> Candidates:
    # The lexical leg comes last: its products are read from one place, whichever legs brought them.
    products = {one.id: one for answer in answers.values() for one in answer.found}
    scores = {name: {one.id: one.score for one in answer.found} for name, answer in answers.items()}
    order = scores.pop(SERVER, None)
    failed = [Degraded(name, answer.error) for name, answer in answers.items() if answer.error]
    shards = max((answer.shards_failed for answer in answers.values()), default=0)
    if shards:
        failed.append(Degraded("shards", f"{shards} of the index's shards gave no answer"))
    return Candidates(
        found=products,
        scores=scores,
        step=step,
        capped=any(len(answers[name].found) >= search.depth for name in answers),
        order=order,
        degraded=tuple(failed),
    )
