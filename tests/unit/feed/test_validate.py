"""Raw rows to products, offers and deletes; and the words in which the others are rejected."""

from pathlib import Path

import pytest
import structlog

from indexer.feed.read import read_rows
from indexer.records import Delete, Event, Money, Offer, Photo, Product, Rejected
from indexer.settings import FeedSettings

SETTINGS = FeedSettings(currency="EUR", attribute_cap=4)


def check(*rows: object, settings: FeedSettings = SETTINGS) -> list[Event | Rejected]:
    return list(read_rows(rows, origin="rows", settings=settings))


def product(**fields: object) -> Product:
    (found,) = check({"id": "1", "title": "Mug"} | fields)
    assert isinstance(found, Product), found
    return found


def rejected(**fields: object) -> Rejected:
    (found,) = check({"id": "1", "title": "Mug"} | fields)
    assert isinstance(found, Rejected), found
    return found


def test_a_full_row() -> None:
    (found,) = check(
        {
            "SKU": "007",
            "name": "Mug &amp; saucer",
            "body": "For tea.",
            "vendor": "Campfire",
            "product_type": "Home > Kitchen > Mugs",
            "price": "12,50",
            "currency": "eur",
            "qty": "5",
            "images": ["a.png", {"src": "https://host/b.png"}],
            "item_group_id": "mugs",
            "locale": "zh_CN",
            "popularity": 2,
            "updated_at": "2025-01-31T12:00:00+01:00",
            "attr_t_colour": "red",
            "attr_n_volume": "0.3",
            "attr_b_new": "yes",
        },
    )
    assert found == Product(
        id="007",
        title="Mug &amp; saucer",
        description="For tea.",
        brand="Campfire",
        category=("Home", "Kitchen", "Mugs"),
        price=Money(1250, "EUR"),
        stock=5,
        photos=(Photo(str(Path.cwd() / "a.png")), Photo("https://host/b.png")),
        group="mugs",
        language="zh-cn",
        popularity=2.0,
        version=1738321200000000,
        attributes={"colour": "red", "volume": 0.3, "new": True},
    )


def test_only_price_and_stock_make_an_offer() -> None:
    rows = [{"sku": "1", "price": 5}, {"id": 1, "qty": 0, "version": 3, "deleted": False}, {"id": "1", "price_minor": 250, "stock": None}]
    assert check(*rows) == [
        Offer(id="1", price=Money(500, "EUR")),
        Offer(id="1", stock=0, version=3),
        Offer(id="1", price=Money(250, "EUR")),
    ]


def test_an_empty_title_column_is_a_broken_product_and_no_offer() -> None:
    found = check({"id": "1", "title": "", "price": 5}, {"id": "1", "colour": "red", "price": 5}, {"id": "1", "version": 2})
    assert [(row.field, row.reason) for row in found if isinstance(row, Rejected)] == [
        ("title", "is empty"),
        ("title", "is missing"),
        ("title", "is missing, and there is no price or stock either"),
    ]


@pytest.mark.parametrize("flag", [True, 1, "true", "YES", " y ", "1", "是"])
def test_a_true_flag_makes_a_delete_whatever_else_the_row_says(flag: object) -> None:
    assert check({"id": "1", "deleted": flag, "price": "nonsense", "version": "7"}) == [Delete(id="1", version=7)]


@pytest.mark.parametrize("flag", [False, 0, "false", "No", "", None])
def test_a_false_flag_changes_nothing(flag: object) -> None:
    assert product(deleted=flag) == product()


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"id": None}, "id", "is missing"),
        ({"id": ""}, "id", "is missing"),
        ({"id": "\t"}, "id", "is missing"),
        ({"id": True}, "id", "is a truth value, not a text"),
        ({"id": 1.5}, "id", "is a number with a fraction; write ids as text"),
        ({"id": "é" * 257}, "id", "is longer than 512 bytes"),
        ({"id": 10**600}, "id", "has more than 512 digits"),
        ({"id": "a\nb"}, "id", "holds a control character or half a character"),
        ({"id": "a\ud800"}, "id", "holds a control character or half a character"),
        ({"id": {}}, "id", "is an object, not a text"),
        ({"title": "t" * 1001}, "title", "is longer than 1,000 characters"),
        ({"title": "\x00"}, "title", "is empty"),
        ({"title": ["a"]}, "title", "is a list, not a text"),
        ({"Product Name": ["a"], "title": None}, "title", "is a list, not a text (column 'Product Name')"),
        ({"description": "d" * 100_001}, "description", "is longer than 100,000 characters"),
        ({"brand": "b" * 201}, "brand", "is longer than 200 characters"),
        ({"category": list("abcdefghijklmnopqrstu")}, "category", "has more than 20 parts"),
        ({"category": ["a", {"x": 1}]}, "category", "is null, not a text"),
        ({"stock": -1}, "stock", "is negative"),
        ({"stock": "-1"}, "stock", "is negative"),
        ({"stock": 1.5}, "stock", "is no whole number"),
        ({"stock": True}, "stock", "is no whole number"),
        ({"stock": 2**31}, "stock", "is larger than 2,147,483,647"),
        ({"price": -1}, "price", "is negative"),
        ({"amount": "free"}, "price", "is no single price (column 'amount')"),
        ({"price": 5, "currency": "EURO"}, "currency", "is no currency of ISO 4217 (three letters, such as EUR)"),
        ({"price_cents": 1.5}, "price_minor", "is no whole number of minor units (column 'price_cents')"),
        ({"language": "English!"}, "language", "is no language code (such as en or zh-CN)"),
        ({"popularity": -1}, "popularity", "is negative"),
        ({"popularity": "much"}, "popularity", "is no finite number"),
        ({"version": -1}, "version", "is negative"),
        ({"version": 2**63}, "version", "is larger than 9,223,372,036,854,775,807"),
        ({"version": "yesterday"}, "version", "is neither a whole number nor a time (ISO 8601, such as 2025-01-31T12:00:00Z)"),
        ({"version": "1969-12-31"}, "version", "is negative"),
        ({"deleted": "perhaps"}, "deleted", "is no truth value (true or false)"),
        ({"attr_n_weight": "heavy"}, "weight", "is no finite number"),
        ({"attr_n_weight": [1]}, "weight", "is a list, not a number"),
        ({"attr_b_new": "perhaps"}, "new", "is no truth value (true or false)"),
        ({"attributes": {"attr_n_weight": "inf"}}, "weight", "is no finite number"),
        ({"photo": 7}, "photos", "is neither a path nor an address"),
    ],
)
def test_a_wrong_field_is_named_with_a_plain_reason(fields: dict[str, object], field: str, reason: str) -> None:
    found = rejected(**fields)
    assert (found.field, found.reason) == (field, reason)
    assert (found.file, found.line) == ("rows", 1)


def test_the_refused_value_is_shown_cut_and_printable() -> None:
    assert rejected(title="\ud800" + "t" * 2000).value == "\ufffd" + "t" * 79
    assert rejected(title=["a", "b"]).value == "(list of 2)"
    assert rejected(stock=-5).value == "-5"
    assert rejected(id=10**600).value == "(a number)"
    assert rejected(attr_n_weight="heavy").value == "heavy"


def test_versions_are_sequences_or_times() -> None:
    assert [product(version=version).version for version in (0, "12", 12.0, " 2025-01-31 ", "1970-01-01T00:00:00.000001Z")] == [
        0,
        12,
        12,
        1738281600000000,
        1,
    ]


def test_the_surest_name_of_a_field_wins_and_another_text_becomes_an_attribute() -> None:
    found = product(name="MG-1", product_title="A mug", updated_at="2025-01-31", version=3)
    assert (found.title, found.version) == ("Mug", 3)
    assert found.attributes == {"name": "MG-1", "product_title": "A mug"}


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("A > B>C", ("A", "B", "C")),
        ("A|B", ("A", "B")),
        ("A / B", ("A", "B")),
        ("A/B > C", ("A/B", "C")),
        (["A", " ", "B/C"], ("A", "B/C")),
        ([{"name": "A"}, "B"], ("A", "B")),
        (7, ("7",)),
        (" > ", ()),
    ],
)
def test_category_paths(written: object, path: tuple[str, ...]) -> None:
    assert product(category=written).category == path


def test_texts_lose_what_no_store_can_hold() -> None:
    assert product(title=" A\x00B\ud83d ").title == "AB\ufffd"
    assert product(title="\ud83d\ude00 pair").title == "😀 pair"
    assert product(description="a\tb\nc\u200bd").description == "a\tb\nc\u200bd"
    assert product(title=1984).title == "1984"


def test_attributes_keep_their_types() -> None:
    found = product(colour="red", size=42, new=True, tags=["a", 1, True, None, "a"])
    assert found.attributes == {"colour": "red", "size": 42.0, "new": True, "tags": ("a", "1", "true")}


@pytest.mark.parametrize(
    "written",
    [
        {"colour": "red", "attr_n_kg": "2"},
        '{"colour": "red", "attr_n_kg": 2}',
        [{"name": "colour", "value": "red"}, {"name": "attr_n_kg", "value": 2}, 3],
    ],
)
def test_an_attributes_column_is_an_object_a_list_of_pairs_or_json(written: object) -> None:
    assert product(attributes=written).attributes == {"colour": "red", "kg": 2.0}


def test_nested_objects_become_dotted_names() -> None:
    assert product(size={"w": 1, "box": {"h": 2}}, attributes={"a": {"b": "c"}}).attributes == {
        "size.w": 1.0,
        "size.box.h": 2.0,
        "a.b": "c",
    }
    assert product(attributes="plain text").attributes == {"attributes": "plain text"}


def test_what_no_attribute_can_hold_is_left_out_and_said_once() -> None:
    rows = [
        {"id": number, "title": "Mug"}
        | {"deep": {"a": {"b": {"c": {"d": 1}}}}, "long": "x" * 2000, "many": list(range(200))}
        | dict.fromkeys("pqrstu", "v")
        for number in range(3)
    ]
    with structlog.testing.capture_logs() as events:
        found = check(*rows)
    for row in found:
        assert isinstance(row, Product)
        assert {name: len(str(value)) for name, value in row.attributes.items() if name == "long"} == {"long": 1000}
        assert list(row.attributes) == ["long", "many", "p", "q"]
        many = row.attributes["many"]
        assert isinstance(many, tuple)
        assert len(many) == 100
    assert sorted(event["what"].split(" ")[0] for event in events) == ["more", "texts", "values", "values"]


def test_rows_that_are_no_objects_are_rejected_by_place() -> None:
    found = check({"id": "1", "title": "Mug"}, ["1", "Mug"], "text", None)
    assert [(row.line, row.reason, row.value) for row in found if isinstance(row, Rejected)] == [
        (2, "is no object with fields", "(list of 2)"),
        (3, "is no object with fields", "text"),
        (4, "is no object with fields", ""),
    ]


def test_a_column_name_that_is_no_text_is_taken_as_one() -> None:
    (found,) = check({"id": "1", "title": "Mug", 7: "x"})
    assert isinstance(found, Product)
    assert found.attributes == {"7": "x"}


@pytest.mark.parametrize(
    ("column", "value", "since"),
    [
        ("since", "1970-01-02", 86_400_000_000),
        ("available_since", "1970-01-02T01:00:00+01:00", 86_400_000_000),
        ("g:availability_date", "1970-01-02T01:00+0100", 86_400_000_000),
        ("Published At", "1970-01-02 00:00:00", 86_400_000_000),
        ("date_released", "1970-01-02T00:00:00Z", 86_400_000_000),
        ("created_at", "19700102", 86_400_000_000),
        ("上架时间", "1970-01-02", 86_400_000_000),
        ("release_date", 19_700_102, 86_400_000_000),
        ("since", "", None),
    ],
)
def test_when_it_came(column: str, value: object, since: int | None) -> None:
    found = product(**{column: value})
    assert found.since == since
    assert not found.attributes


@pytest.mark.parametrize("value", ["spring 2025", "2025-02-30", "31.01.2025", 1_700_000_000, True])
def test_a_date_that_is_none_stays_as_an_attribute_and_is_remarked_once(value: object) -> None:
    with structlog.testing.capture_logs() as logs:
        first, second = check({"id": "1", "title": "Mug", "release_date": value}, {"id": "2", "title": "Cup", "release_date": value})
    assert isinstance(first, Product)
    assert isinstance(second, Product)
    assert (first.since, second.since) == (None, None)
    assert first.attributes.keys() == {"release_date"}
    assert [log["event"] for log in logs] == ["date_unread"]


def test_of_two_dates_the_surer_name_is_taken_and_the_other_kept() -> None:
    found = product(created_at="2024-12-01", published_at="2025-01-31")
    assert found.since == 1_738_281_600_000_000
    assert found.attributes == {"created_at": "2024-12-01"}
