"""Judgments and runs out of photo sets: what is of the class that was asked for is relevant, so that `fusedex evaluate` can tell."""

from collections.abc import Mapping, Sequence

import numpy as np

from indexer.errors import EvaluationError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.runs import Listed, Run
from indexer.vectors import Rows

GRADE = 1


def judged(queries: Mapping[str, str], products: Mapping[str, str]) -> Judgments:
    """Grade 1 for each product (a photo, a card) of the class that a query (a text, or a photo's id) asks for.

    Both map an id to its class; with texts as ids the judgments stand for themselves. Raises EvaluationError for a query whose class no
    product has.
    """
    of_class: dict[str, dict[str, int]] = {}
    for product, name in products.items():
        of_class.setdefault(name, {})[product] = GRADE
    strange = sorted({name for name in queries.values() if name not in of_class})
    if strange:
        raise EvaluationError(f"No product is of the class {strange[0]!r}.", cure="Judge queries by classes that products have.")
    return Judgments({query: of_class[name] for query, name in queries.items()})


def run_of(queries: Mapping[str, int], rows: Rows, *, name: str, products: tuple[Sequence[str], Rows], depth: int = 100) -> Run:
    """What exact search by cosine gives: for each query, a number of a row in `rows`, the nearest of the products' rows, best first."""
    ids, vectors = products
    numbers = list(queries.values())
    scores = rows[numbers] @ vectors.T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    lists = {
        query: tuple(Listed(ids[place], float(scores[line, place])) for place in order[line].tolist()) for line, query in enumerate(queries)
    }
    return Run(name=name, lists=lists)
