"""A maker's records are the class's own in every way; only the making is quicker."""

import copy
from dataclasses import FrozenInstanceError, dataclass, fields, replace

import pytest

from indexer.records import Hit, Money, Product, Term
from indexer.records.making import maker

MUG = Product(id="m1", title="Mug", price=Money(1999, "EUR"), attributes={"colour": "red"}, photos=())


def test_a_made_record_is_of_the_class_and_equal_to_its_own() -> None:
    make = maker(Product)
    made = make(id="m1", title="Mug", price=Money(1999, "EUR"), attributes={"colour": "red"})
    assert type(made) is Product
    assert made == MUG
    assert repr(made) == repr(MUG)
    assert hash(maker(Term)("lexical", 0.25, 8.0, 0.25)) == hash(Term("lexical", 0.25, 8.0, 0.25))


def test_a_made_record_is_frozen() -> None:
    made = maker(Money)(1999, "EUR")
    with pytest.raises(FrozenInstanceError):
        made.minor = 0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.minor
    assert made == Money(1999, "EUR")


def test_a_made_record_can_be_changed_and_copied_like_any() -> None:
    made = maker(Money)(1999, "EUR")
    assert replace(made, minor=5) == Money(5, "EUR")
    assert copy.copy(made) == copy.deepcopy(made) == Money(1999, "EUR")


def test_what_is_left_out_gets_the_defaults_a_new_one_each() -> None:
    make = maker(Product)
    one, other = make(id="a", title="A"), make(id="b", title="B")
    assert all(getattr(one, field.name) == getattr(Product(id="a", title="A"), field.name) for field in fields(Product))
    assert one.attributes is not other.attributes


@pytest.mark.parametrize("told", [{}, {"id": "a"}, {"id": "a", "title": "A", "colour": "red"}])
def test_wrong_fields_are_refused_as_the_class_refuses_them(told: dict[str, str]) -> None:
    with pytest.raises(TypeError):
        maker(Product)(**told)  # type: ignore[arg-type]


def test_fields_by_keyword_stay_so() -> None:
    with pytest.raises(TypeError):
        maker(Hit)("m1", 0.5, (), MUG)  # type: ignore[call-arg]


def test_only_dataclasses_with_slots_that_do_no_more_than_set_fields_have_makers() -> None:
    @dataclass(frozen=True)
    class Loose:
        name: str

    @dataclass(frozen=True, slots=True)
    class Checked:
        name: str

        def __post_init__(self) -> None:
            """Would be left out."""

    for record in (str, Loose, Checked, lambda: None):
        with pytest.raises(TypeError, match="no dataclass with slots"):
            maker(record)
