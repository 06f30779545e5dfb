"""The best hits looked at again, by what reads query and product together; an answer goes on without it, and says so."""

from collections.abc import Generator
from dataclasses import replace

from indexer.errors import ModelError, StoreError
from indexer.rank.features import Candidate
from indexer.rank.rerank import reranked
from indexer.read.answer import Relevant
from indexer.read.assemble import Asked, Kit, Told
from indexer.read.find import Candidates
from indexer.read.needs import Got, Need, Rerank, asked, scored
from indexer.read.rerankers import model_leg
from indexer.records import Degraded
from indexer.store.base import LtrLeg
from indexer.store.ltr import CURE

PART = "rerank"


def looked_again(
    ask: Asked, told: Told, inside: Relevant, candidates: Candidates, *, kit: Kit
) -> Generator[Need, Got, tuple[Told, Relevant]]:
    """The same products, the best of them in the order of their new scores, where the query or the settings want it.

    Only a ranked list of words' hits is looked at again: a sorted or browsed one keeps its order.
    """
    query, defaults = ask.query, kit.defaults
    by = query.rerank or defaults.rerank
    if by == "none" or not query.text or query.sort or told.way.browse or not inside.ranked:
        return told, inside
    first = inside.ranked[: defaults.rerank_depth]
    try:
        if by == "plugin":
            scores = yield from _stored(model_leg(defaults, query.text, [one.id for one in first]), point=told.point)
        else:
            found = tuple(
                Candidate(product=candidates.found[one.id].product, place=place, score=one.score, terms=one.terms)
                for place, one in enumerate(first)
            )
            scores = yield from scored(Rerank(by=by, text=query.text, candidates=found, within_s=defaults.rerank_s))
    except (ModelError, StoreError) as error:
        return replace(told, degraded=(*told.degraded, Degraded(PART, error.message))), inside
    return told, replace(inside, ranked=reranked(inside.ranked, scores, by=by, weight=defaults.rerank_weight))


def _stored(leg: LtrLeg, *, point: str) -> Generator[Need, Got, tuple[float, ...]]:
    """The stored model's score of each product, in order; one that is gone meanwhile has the least. Raises StoreError."""
    (answer,) = yield from asked([leg], point=point)
    if answer.error or not answer.found:
        raise StoreError(answer.error or f"The model {leg.model!r} of the server scored no product.", cure=CURE)
    known = {one.id: one.score for one in answer.found}
    least = min(known.values())
    return tuple(known.get(id_, least) for id_ in leg.ids)
