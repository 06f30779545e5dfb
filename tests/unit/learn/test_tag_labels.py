"""Titles aligned with fields: what is labelled, what is left out as unknown."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.learn.tag_labels import TAGS, UNKNOWN, Example, Known, Span, chosen, example_of, label_products, runs, spans_of
from indexer.learn.tag_values import LABELS, Facts, facts_of
from indexer.learn.tag_words import words_of
from indexer.records import Product, Value
from tests.unit.learn.tag_shop import shop

NOTHING = Known([])


def labelled(title: str, *, brand: str = "", known: Known = NOTHING, **attributes: Value) -> Example:
    product = Product(id="1", title=title, brand=brand, attributes=attributes)
    return example_of(product, facts_of(product), known)


def found(example: Example) -> list[tuple[str, str]]:
    return [(span.label, example.text(span)) for span in example.spans()]


def unknown(example: Example) -> list[str]:
    return [word.text for word, tag in zip(example.words, example.tags, strict=True) if tag == UNKNOWN]


def test_each_field_finds_its_words() -> None:
    one = labelled(
        'HP Pavilion Notebook Silver 43.2 cm (17") aluminum',
        brand="HP",
        product_type="notebooks",
        colour="silver",
        display_diagonal=17.0,
        material="Aluminium",
    )
    assert found(one) == [
        ("brand", "HP"),
        ("type", "Notebook"),
        ("colour", "Silver"),
        ("size", "43.2 cm"),
        ("size", '17"'),
        ("material", "aluminum"),
    ]
    assert one.values == {"brand": "hp", "type": "notebook", "colour": "silver", "material": "aluminium"}


def test_the_longest_name_wins() -> None:
    assert found(labelled("Canon light magenta ink", colour=("magenta", "light magenta"))) == [("colour", "light magenta")]


def test_a_name_with_joints_is_one_span() -> None:
    assert found(labelled("Dell All-in-One PC black", product_type="All in One PC")) == [("type", "All-in-One PC")]
    assert found(labelled("StarTech.com cable", brand="StarTech.com")) == [("brand", "StarTech.com")]


def test_a_comma_ends_a_name() -> None:
    assert found(labelled("light, magenta", colour="light magenta")) == []


def test_a_word_occurs_twice_and_is_labelled_twice() -> None:
    assert found(labelled("Black cable, black", colour="Black")) == [("colour", "Black"), ("colour", "black")]


def test_chinese_values_are_found() -> None:
    assert found(labelled("黑色棉质T恤", 颜色="黑色")) == [("colour", "黑色")]


def test_what_two_labels_claim_alike_is_unknown() -> None:
    one = labelled("Orange cable Orange", brand="Orange", colour="Orange")
    assert found(one) == []
    assert unknown(one) == ["Orange", "Orange"]


def test_a_word_that_others_know_is_unknown_where_the_own_field_is_silent() -> None:
    known = Known([Facts({"colour": ("Black",)})] * 3)
    assert unknown(labelled("Black cable", known=known)) == ["Black"]
    assert unknown(labelled("Black cable", known=known, colour="White")) == []
    assert unknown(labelled("Black cable", known=Known([Facts({"colour": ("Black",)})] * 2))) == []


def test_an_amount_is_unknown_where_no_size_is_told() -> None:
    assert unknown(labelled("Cable 6 ft")) == ["6", "ft"]
    one = labelled("Cable 6 ft 3.5 mm", cable_length=1.83)
    assert found(one) == [("size", "6 ft")]
    assert unknown(one) == []


def test_a_labelled_word_is_never_unknown() -> None:
    known = Known([Facts({"colour": ("Apple",)})] * 5)
    assert found(labelled("Apple phone", brand="Apple", known=known)) == [("brand", "Apple")]


def test_a_catalogue_says_how_much_its_titles_cover() -> None:
    made, covered = label_products(shop(24))
    assert [one.id for one in made] == [str(n) for n in range(24)]
    assert covered["brand"].told == covered["brand"].aligned == 24
    assert covered["colour"].told == 24
    assert covered["colour"].aligned == covered["colour"].spans == 12
    assert covered["colour"].share == pytest.approx(1 / 2)
    assert covered["size"].aligned == 24
    assert covered["material"].share == 0.0


def test_an_empty_catalogue_has_no_examples() -> None:
    made, covered = label_products([])
    assert made == []
    assert all(one.told == 0 for one in covered.values())


@pytest.mark.parametrize(
    ("names", "spans"),
    [
        ("O B-brand I-brand O", [Span("brand", 1, 3)]),
        ("B-brand B-brand", [Span("brand", 0, 1), Span("brand", 1, 2)]),
        ("I-size I-size", [Span("size", 0, 2)]),
        ("B-brand I-size", [Span("brand", 0, 1), Span("size", 1, 2)]),
        ("B-type O I-type", [Span("type", 0, 1), Span("type", 2, 3)]),
        ("", []),
    ],
)
def test_tags_spell_spans(names: str, spans: list[Span]) -> None:
    assert list(spans_of([TAGS.index(name) for name in names.split()])) == spans


def test_an_unknown_word_ends_a_span() -> None:
    begin = TAGS.index("B-colour")
    assert spans_of([begin, UNKNOWN, begin + 1]) == (Span("colour", 0, 1), Span("colour", 2, 3))


@given(st.lists(st.sampled_from([UNKNOWN, *range(len(TAGS))]), max_size=12))
def test_spans_never_overlap_and_hold_no_outside_word(tags: list[int]) -> None:
    spans = spans_of(tags)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert all(tag > 0 for span in spans for tag in tags[span.start : span.end])
    assert sum(span.end - span.start for span in spans) == sum(tag > 0 for tag in tags)


@given(
    st.lists(
        st.builds(
            lambda label, start, size: Span(label, start, start + size), st.sampled_from(LABELS), st.integers(0, 8), st.integers(1, 4)
        )
    )
)
def test_chosen_claims_never_overlap(claims: list[Span]) -> None:
    held = list(chosen(claims))
    taken = [at for spans in held for at in range(spans[0].start, spans[0].end)]
    assert len(taken) == len(set(taken))
    assert {span for spans in held for span in spans} <= set(claims)
    if claims:
        assert max(span.end - span.start for span in claims) == held[0][0].end - held[0][0].start


def test_runs_hold_no_signs_at_their_ends() -> None:
    words = words_of("a-b, c")
    assert [(start, end) for start, end, _ in runs(words)] == [(0, 1), (0, 3), (2, 3), (4, 5)]
