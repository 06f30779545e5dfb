"""For every catalogue: nothing that is asked was taught; for every set of rows: the figures are those of a slow, plain count."""

import string
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import LearningError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic
from indexer.learn.encoder_measures import Asked
from indexer.learn.encoder_pairs import NOWHERE, PARTS, Pairs, asks_of, parted, same_text, wares_of
from indexer.learn.negatives import ALIKE, hard_negatives, near_negatives
from indexer.records import Product
from indexer.vectors import Rows, unit_rows

SERIES = [f"{first}{second}a" for first in "BCDFGLMN" for second in "aeiou"]
COLOURS = ("black", "red", "blue", "white")


@st.composite
def catalogues(draw: st.DrawFn) -> list[Product]:
    """Products of few brands and many series; some share a description, some a group, some a title in another spelling."""
    made: list[Product] = []
    for number in range(draw(st.integers(60, 110))):
        brand, series = draw(st.sampled_from(("Norda", "Old Oak"))), draw(st.sampled_from(SERIES))
        colour, kind = draw(st.sampled_from(COLOURS)), draw(st.sampled_from(("chair", "lamp")))
        title = f"{brand} {series} {colour} {kind} {draw(st.integers(1, 40))}"
        told = draw(st.sampled_from(("", "the same for all", f"made of oak, number {number}")))
        group = draw(st.sampled_from(("", "", "", "a group")))
        fields = {"colour": colour, "product_type": kind, "finish": draw(st.sampled_from(("matt", "gloss", "oiled")))}
        shouted = title.upper() if draw(st.booleans()) else title
        made.append(Product(id=str(number), title=shouted, description=told, brand=brand, group=group, attributes=fields))
    return made


@st.composite
def judgments(draw: st.DrawFn, products: Sequence[Product]) -> tuple[Judgments, Sequence[Topic]]:
    ids = st.sampled_from([one.id for one in products])
    queries = draw(st.lists(st.text(string.ascii_lowercase, min_size=3, max_size=8), max_size=6, unique=True))
    grades = {query: draw(st.dictionaries(ids, st.integers(0, 3), min_size=1, max_size=4)) for query in queries}
    return Judgments(grades), [Topic(id=query, text=query) for query in grades]


def texts_of(pairs: Pairs, part: str) -> set[str]:
    asked = {same_text(ask.text) for ask in pairs.asks[part]}
    told = {same_text(text) for ware, own in zip(pairs.wares, pairs.part, strict=True) if own == part for text in ware.texts}
    return asked | told


@settings(max_examples=25, deadline=None)
@given(data=st.data(), seed=st.integers(0, 99))
def test_no_catalogue_leaks(data: st.DataObject, seed: int) -> None:
    products = data.draw(catalogues())
    wares = wares_of(products)
    asks = asks_of(products, wares, data.draw(judgments(products)), seed=seed)
    try:
        pairs = parted(wares, asks, seed=seed)
    except LearningError:
        return  # too little is left: said, and nothing learned
    assert set(pairs.part) <= {*PARTS, NOWHERE}
    taught = {same_text(text) for ask, ware in pairs.taught() for text in (ask.text, *pairs.wares[ware].texts)}
    assert not taught & texts_of(pairs, "choose")
    assert not taught & texts_of(pairs, "report")
    assert not texts_of(pairs, "choose") & texts_of(pairs, "report")
    for part in ("choose", "report"):
        for ask in pairs.asks[part]:
            assert any(pairs.part[ware] == part for ware in ask.right), "each ask has an answer in its part"
    by_family: dict[str, set[str]] = {ware.family: set() for ware in pairs.wares}
    for ware, own in zip(pairs.wares, pairs.part, strict=True):
        by_family[ware.family].add(own)
    assert all(len(parts - {NOWHERE}) <= 1 for parts in by_family.values())


@settings(max_examples=25, deadline=None)
@given(products=catalogues(), seed=st.integers(0, 99))
def test_the_order_of_the_catalogue_parts_nothing_otherwise(products: list[Product], seed: int) -> None:
    def parts(some: list[Product]) -> dict[str, str]:
        wares = wares_of(some)
        pairs = parted(wares, asks_of(some, wares, None, seed=seed), seed=seed)
        return {ware.family: own for ware, own in zip(pairs.wares, pairs.part, strict=True) if own != NOWHERE}

    try:
        forward = parts(products)
    except LearningError:
        return
    backward = parts(products[::-1])
    assert all(backward[family] == own for family, own in forward.items() if family in backward)


@st.composite
def rows(draw: st.DrawFn, least: int = 1) -> Rows:
    """Unit rows with coordinates of few values, so that many scores are equal."""
    count = draw(st.integers(least, 12))
    numbers = draw(st.lists(st.sampled_from((-1.0, 0.0, 1.0, 2.0)), min_size=3 * count, max_size=3 * count))
    wide = np.array(numbers, dtype=np.float32).reshape(count, 3)
    wide[np.abs(wide).sum(axis=1) == 0] = 1.0
    return unit_rows(wide, width=3)


def plainly(scores: Sequence[float], right: set[int], out: set[int]) -> tuple[float, float, float]:
    """recall@1, recall@10 and mrr, counted one by one."""
    order = sorted((at for at in range(len(scores)) if at not in out), key=lambda at: (-scores[at], at in right))
    hits = [at in right for at in order]
    return (
        sum(hits[:1]) / min(1, len(right)),
        sum(hits[:10]) / min(10, len(right)),
        1 / (hits.index(True) + 1),
    )


@settings(max_examples=80, deadline=None)
@given(data=st.data(), asking=rows(), answers=rows(least=2))
def test_the_figures_are_those_of_a_plain_count(data: st.DataObject, asking: Rows, answers: Rows) -> None:
    places = st.integers(0, len(answers) - 1)
    right = [data.draw(st.sets(places, min_size=1)) for _ in asking]
    out = [data.draw(st.sets(places)) - own for own in right]
    flags = [np.array([[at in own for at in range(len(answers))] for own in sets]) for sets in (right, out)]
    found = Asked(*flags).figures(asking, answers)
    scores = (asking @ answers.T).astype(np.float64)
    for number, (own, away) in enumerate(zip(right, out, strict=True)):
        one, ten, reciprocal = plainly(scores[number].tolist(), own, away)
        assert found["recall@1"][number] == pytest.approx(one)
        assert found["recall@10"][number] == pytest.approx(ten)
        assert found["mrr"][number] == pytest.approx(reciprocal)


@settings(max_examples=60, deadline=None)
@given(some=rows(least=2), count=st.integers(1, 3))
def test_near_negatives_are_hard_and_never_alike(some: Rows, count: int) -> None:
    cosines = some @ some.T
    same = cosines >= ALIKE
    np.fill_diagonal(same, val=True)
    plain = hard_negatives(some, same, count=count)
    for number, places in enumerate(near_negatives(some, count=count)):
        assert number not in places
        assert (cosines[number, places] < ALIKE).all()
        assert len(places) <= len(plain[number])
        if int(same[number].sum()) - 1 <= 3 * count:  # those that are alike leave room among the neighbours looked at
            assert cosines[number, places].tolist() == pytest.approx(cosines[number, plain[number]].tolist(), abs=1e-6)
