"""The best of a blended ranking, put in a new order by scores that look at query and product together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from indexer.rank.blend import Ranked, min_max
from indexer.records import Product, Rerank, Term

RERANKS: Mapping[str, str] = {
    "cross_encoder": "the cross-encoder: score",
    "learned": "the learned ranking: score",
    "plugin": "the model in OpenSearch: score",
}
"""The terms that reranking adds to a score, by the name of what reranks; none of them says that a leg found the product."""

PASSAGE_LETTERS = 600
"""Of a product's texts: what a cross-encoder reads of it. Its own limit is in tokens; this keeps long descriptions from being tokenised."""


def reranked(ranked: Sequence[Ranked], scores: Sequence[float], *, by: Rerank, weight: float) -> list[Ranked]:
    """All products, the first `len(scores)` of them in the order of their new scores, the others behind them as they were.

    score' = (1 - weight) · score + weight · share, with the share 0..1 by where the raw score lies between the weakest and the best
    (`min_max`); the others have no share, so none of them passes one of the first. Each term is scaled alike, and the new one is
    added under the name of what reranks: a score stays the sum of its terms. Ties go by id. Raises ValueError for more scores than
    products.
    """
    if len(scores) > len(ranked):
        raise ValueError(f"{len(scores)} scores for {len(ranked)} products.")
    raw = {one.id: float(score) for one, score in zip(ranked, scores, strict=False)}
    shares = min_max(raw) if raw else {}
    first = [_with(one, raw[one.id], shares[one.id], by=by, weight=weight) for one in ranked[: len(scores)]]
    first.sort(key=lambda one: (-one.score, one.id))
    return [*first, *(_scaled(one, 1 - weight) for one in ranked[len(scores) :])]


def passage_of(product: Product) -> str:
    """What a cross-encoder reads of a product: title, brand where the title lacks it, description, cut to PASSAGE_LETTERS.

    >>> passage_of(Product(id="1", title="Oak chair", brand="Acme", description="With arms."))
    'Oak chair. Acme. With arms.'
    """
    brand = product.brand if product.brand.casefold() not in product.title.casefold() else ""
    told = [text.strip().rstrip(".") for text in (product.title, brand, product.description) if text.strip()]
    return (". ".join(told) + ".")[:PASSAGE_LETTERS] if told else product.id


def _with(one: Ranked, raw: float, share: float, *, by: Rerank, weight: float) -> Ranked:
    scaled = _scaled(one, 1 - weight)
    terms = (*scaled.terms, Term(by, weight * share, raw, weight))
    return Ranked(one.id, sum([term.value for term in terms]), terms)


def _scaled(one: Ranked, by: float) -> Ranked:
    terms = tuple(replace(term, value=term.value * by, weight=term.weight * by) for term in one.terms)
    return Ranked(one.id, sum([term.value for term in terms]), terms)
