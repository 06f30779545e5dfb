"""Which fields speak of which label, and amounts that are the same."""

import pytest

from indexer.learn.tag_values import Amount, Label, amounts_in, facts_of
from indexer.learn.tag_words import words_of
from indexer.records import Product, Value


def told(name: str, value: Value) -> dict[Label, tuple[str, ...]]:
    return dict(facts_of(Product(id="1", title="x", attributes={name: value})).texts)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("product_colour", "Black", {"colour": ("Black",)}),
        ("Product Color", "Black/Red", {"colour": ("Black", "Red")}),
        ("printing_colours", "Cyan,Light magenta", {"colour": ("Cyan", "Light magenta")}),
        ("颜色", ("黑色", "白色"), {"colour": ("黑色", "白色")}),
        ("material", "Polyethylene (PE)", {"material": ("Polyethylene", "PE")}),
        ("cable_jacket_material", "PVC", {"material": ("PVC",)}),
        ("product_type", "Notebook", {"type": ("Notebook",)}),
        ("size", "XL", {"size": ("XL",)}),
        ("尺码", "42", {"size": ("42",)}),
        ("display_number_of_colours", "16.78 million", {}),
        ("package_material", "Cardboard", {}),
        ("type", "Original", {}),
        ("product_type", "1", {}),
        ("colour", True, {}),
        ("weight_of_colour", "12", {}),
        ("colour", "a very long story about a colour that nobody would call its name", {}),
    ],
)
def test_an_attribute_speaks_of_a_label(name: str, value: Value, expected: dict[Label, tuple[str, ...]]) -> None:
    assert told(name, value) == expected


def test_brand_and_the_last_category_speak_too() -> None:
    facts = facts_of(Product(id="1", title="x", brand="Old Oak", category=("Home", "Chairs")))
    assert facts.texts == {"brand": ("Old Oak",), "type": ("Chairs",)}
    assert facts.first("type") == "chair"
    assert facts.first("colour") == ""
    assert facts.tells("brand")
    assert not facts.tells("size")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ('15.6"', "display_diagonal", 15.6),
        ("39.6 cm", "display_diagonal", 15.6),
        ("16GB", "internal_memory", 16384.0),
        ("16 GB", "internal_memory", 16.0),
        ("1 TB", "hdd_capacity", 1000.0),
        ("6-ft", "cable_length", 1.83),
        ("500 ml", "volume", 0.5),
        ("2 kg", "weight", 2000.0),
        ("42 cm", "width", 420.0),
    ],
)
def test_a_titles_amount_meets_a_fields_number(text: str, name: str, value: float) -> None:
    facts = facts_of(Product(id="1", title="x", attributes={name: value}))
    (found,) = amounts_in(words_of(text))
    assert any(found.amount.meets(one) for one in facts.amounts)
    assert facts.tells("size")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("3.5 mm", "cable_length", 1.83),
        ("17 inch", "display_diagonal", 15.6),
        ("2 kg", "package_weight", 2000.0),
        ("42 cm", "weight", 42.0),
        ("8 GB", "internal_memory", 16.0),
        ("0 cm", "width", 0.0),
    ],
)
def test_another_amount_does_not(text: str, name: str, value: float) -> None:
    facts = facts_of(Product(id="1", title="x", attributes={name: value}))
    assert not any(at.amount.meets(one) for at in amounts_in(words_of(text)) for one in facts.amounts)


@pytest.mark.parametrize("text", ["5G phone", "2 in 1.", "model 256", "GB 5", "1.2.3 cm", "5 chairs", "7200 rpm"])
def test_what_is_no_length_mass_volume_or_memory_is_no_amount(text: str) -> None:
    found = [at for at in amounts_in(words_of(text)) if not (text.startswith(("2 in", "5G")))]
    assert found == []


def test_an_amount_says_where_it_stands() -> None:
    (at,) = amounts_in(words_of("Cable 6-ft black"))
    assert (at.start, at.end, at.amount.kind) == (1, 4, "length")
    assert at.amount.figure == pytest.approx(1.8288)


def test_kinds_of_amounts_never_meet() -> None:
    assert not Amount("length", 1.0).meets(Amount("mass", 1.0))
    assert Amount("length", 1.0).meets(Amount("length", 1.015))


def test_a_size_in_words_is_an_amount_as_well() -> None:
    facts = facts_of(Product(id="1", title="x", attributes={"size": "50 cm"}))
    assert facts.texts["size"] == ("50 cm",)
    assert facts.amounts == (Amount("length", 0.5),)
