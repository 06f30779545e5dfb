"""Pairs out of a catalogue, and what is kept apart: nothing that is asked was taught."""

from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import LearningError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic
from indexer.learn.encoder_pairs import KINDS, NOWHERE, PARTS, Ask, Pairs, Ware, asks_of, listed, parted, same_text, wares_of
from indexer.learn.synthetic import pairs_of
from indexer.records import Photo, Product
from tests.unit.learn.encoder_shop import SEED, judged, pairs, products


def texts_of(some: Pairs, part: str) -> set[str]:
    """All texts that stand in a part: asked, or answering there."""
    asked = {same_text(ask.text) for ask in some.asks[part]}
    told = {same_text(text) for ware, own in zip(some.wares, some.part, strict=True) if own == part for text in ware.texts}
    return asked | told


def taught_texts(some: Pairs) -> set[str]:
    return {same_text(text) for ask, ware in some.taught() for text in (ask.text, *some.wares[ware].texts)}


def test_wares_are_products_with_a_title(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"x")
    shown = (Photo("https://shop.example/a.png"), Photo(str(tmp_path / "none.png")), Photo(str(file)))
    one, two = wares_of(
        [
            Product(id="1", title="Norda Alba chair", brand="Norda", description="oak", photos=shown),
            Product(id="2", title=""),
            Product(id="3", title="Norda  Brio Lamp", brand="Norda", description="brio lamp"),
        ],
        usable=Path.exists,
    )
    assert one == Ware(id="1", title="Norda Alba chair", description="oak", photo=file, family="norda alba")
    assert two == Ware(id="3", title="Norda  Brio Lamp", family="norda brio"), "a description that the title holds tells nothing"
    assert one.texts == ("Norda Alba chair", "oak")
    assert wares_of([Product(id="1", title="a", photos=shown)])[0].photo is None


def test_a_list_of_values_is_drawn_by_product_and_seed() -> None:
    fields = {"colour": "Black", "finish": "Matt", "made": "2009-12-10", "note": "a sentence that goes on for long", "kind": "chair"}
    one = Product(id="1", title="x", brand="Norda", attributes=fields)
    assert set(listed(one, 0).split(", ")) == {"Norda", "Black", "Matt", "chair"}
    assert listed(one, 0) == listed(one, 0)
    assert listed(replace(one, attributes={"colour": "Black"}), 0) == "", "a single value is no list"


def test_every_kind_of_ask_has_all_its_answers() -> None:
    some = products(12)
    wares = wares_of(some)
    asks = asks_of(some, wares, judged(some), seed=1)
    assert {ask.kind for ask in asks} == {"judged", "synthetic", "attributes", "described"}
    for ask in asks:
        titles = [wares[at].title.lower() for at in ask.right]
        if ask.kind == "judged":
            assert all(word in title for word in ask.text.split() for title in titles)
        if ask.kind == "synthetic":
            assert ask.right == tuple(at for at, one in enumerate(some) if ask.text in {pair.query for pair in pairs_of(one)})
        if ask.kind == "described":
            assert titles == [ask.text.lower()]
    synthetic = [ask for ask in asks if ask.kind == "synthetic"]
    assert any(len(ask.right) > 1 for ask in synthetic), "a query that several products were made of has them all"


def test_judgments_below_the_least_grade_and_of_other_products_are_passed_over() -> None:
    some = products(3)
    wares = wares_of(some)
    grades = Judgments({"q": {"0": 1, "1": 2, "gone": 3}, "r": {"gone": 3}})
    topics = [Topic(id="q", text="a query"), Topic(id="r", text="another")]
    found = [ask for ask in asks_of(some, wares, (grades, topics), least=2) if ask.kind == "judged"]
    assert found == [Ask("judged", "a query", (1,))]


@pytest.mark.parametrize("seed", range(8))
def test_nothing_that_is_asked_was_taught(seed: int) -> None:
    some = products()
    wares = wares_of(some)
    parts = parted(wares, asks_of(some, wares, judged(some) if seed % 2 else None, seed=seed), seed=seed)
    taught = taught_texts(parts)
    for name in ("choose", "report"):
        assert not taught & texts_of(parts, name)
        assert parts.asks[name]
    assert not texts_of(parts, "choose") & texts_of(parts, "report")
    families = {name: {ware.family for ware, own in zip(parts.wares, parts.part, strict=True) if own == name} for name in PARTS}
    assert not families["learn"] & (families["choose"] | families["report"])
    assert not families["choose"] & families["report"]


def test_a_judged_query_takes_its_products_along() -> None:
    some = products()
    wares = wares_of(some)
    parts = parted(wares, asks_of(some, wares, judged(some), seed=SEED), seed=SEED)
    reported = [ask for ask in parts.asks["report"] if ask.kind == "judged"]
    assert reported
    assert all(parts.part[ware] in ("report", NOWHERE) for ask in reported for ware in ask.right)
    queries = {name: {ask.text for ask in parts.asks[name] if ask.kind == "judged"} for name in PARTS}
    assert not queries["learn"] & queries["report"]
    assert all(parts.part[ware] == "learn" for ask, ware in parts.taught() if ask.kind == "judged")


def test_a_product_with_a_text_of_a_later_part_is_in_none() -> None:
    some = [
        *products(),
        *(Product(id=f"x{n}", title=f"Other{chr(97 + n)} thing", brand="Other", description="the same") for n in range(20)),
    ]
    wares = wares_of(some)
    parts = parted(wares, asks_of(some, wares, None), seed=SEED)
    same = [part for ware, part in zip(parts.wares, parts.part, strict=True) if ware.description == "the same"]
    assert len(set(same) - {NOWHERE}) == 1
    assert NOWHERE in same


def test_parts_and_digest_depend_on_seed_and_content_alone() -> None:
    assert pairs().digest == pairs().digest
    assert pairs().part == pairs().part
    assert pairs().part != pairs(seed=SEED + 1).part
    some = pairs()
    assert replace(some, wares=(replace(some.wares[0], description="other"), *some.wares[1:])).digest != some.digest


def test_taught_pairs_are_of_the_part_to_learn_from() -> None:
    some = pairs()
    assert {ask.kind for ask, _ in some.taught()} <= set(KINDS)
    assert all(some.part[ware] == "learn" and ware in ask.right for ask, ware in some.taught())


def test_too_little_is_said() -> None:
    some = products(6)
    wares = wares_of(some)
    with pytest.raises(LearningError, match="pairs are too few"):
        parted(wares, asks_of(some, wares, None))
    many = [replace(one, group="one family") for one in products()]
    wares = wares_of(many)
    with pytest.raises(LearningError, match="0 pairs are too few"):
        parted(wares, asks_of(many, wares, None))
