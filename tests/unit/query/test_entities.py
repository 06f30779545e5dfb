"""Entities of a query, and the filters offered for them."""

import pytest

from indexer.query.entities import LEAST, Entity, suggested_filters
from indexer.records import Filter

KNOWN = {"brand": ["StarTech.com", "HP"], "colour": ["Black", "Light Blue"], "farbe": ["Schwarz"]}


def entity(label: str, text: str, confidence: float = 0.95) -> Entity:
    return Entity(label, text, 0, len(text), confidence)


def test_an_entity_is_offered_in_the_indexs_spelling() -> None:
    assert suggested_filters([entity("brand", "startech.COM"), entity("colour", "light-blue")], known=KNOWN) == (
        Filter("brand", "eq", ("StarTech.com",)),
        Filter("colour", "eq", ("Light Blue",)),
    )


def test_what_the_index_does_not_know_is_not_offered() -> None:
    assert suggested_filters([entity("colour", "teal"), entity("material", "oak"), entity("mood", "gay")], known=KNOWN) == ()


@pytest.mark.parametrize(("confidence", "count"), [(LEAST, 1), (LEAST - 0.01, 0), (1.0, 1)])
def test_only_sure_entities_are_offered(confidence: float, count: int) -> None:
    assert len(suggested_filters([entity("brand", "hp", confidence)], known=KNOWN)) == count


def test_two_of_one_field_are_alternatives_each_once() -> None:
    asked = [entity("brand", "HP"), entity("colour", "black"), entity("brand", "StarTech.com"), entity("brand", "hp")]
    assert suggested_filters(asked, known=KNOWN) == (
        Filter("brand", "eq", ("HP", "StarTech.com")),
        Filter("colour", "eq", ("Black",)),
    )


def test_an_index_may_name_its_fields_otherwise() -> None:
    fields = {"colour": "farbe"}
    assert suggested_filters([entity("colour", "schwarz"), entity("brand", "HP")], known=KNOWN, fields=fields) == (
        Filter("farbe", "eq", ("Schwarz",)),
    )


def test_of_equal_spellings_the_first_is_offered() -> None:
    known = {"brand": ["HP", "hp"]}
    assert suggested_filters([entity("brand", "Hp")], known=known) == (Filter("brand", "eq", ("HP",)),)


def test_signs_alone_name_nothing() -> None:
    assert suggested_filters([entity("brand", "--")], known={"brand": ["HP"]}) == ()
    assert suggested_filters([], known=KNOWN) == ()
