"""Whom a ranking serves: slices of a catalogue, counted on small numbers that can be checked by hand."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from indexer.cli import make_app
from indexer.evaluate.evaluation import evaluated
from indexer.evaluate.exposure import BANDS, ProductSlice, Share, product_slices, traits_of
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import joined
from indexer.evaluate.report import page
from indexer.evaluate.runs import Listed, Run
from indexer.evaluate.sections import shared
from indexer.records import Money, Photo, Product


def product(id_: str, brand: str = "", cents: int | None = None, *, photo: bool = False, language: str = "") -> Product:
    price = None if cents is None else Money(cents, "USD")
    return Product(id=id_, title=id_, brand=brand, price=price, photos=(Photo("a.jpg"),) if photo else (), language=language)


def run(**lists: str) -> Run:
    return Run(name="r", lists={query: tuple(Listed(one, -float(rank)) for rank, one in enumerate(ids)) for query, ids in lists.items()})


def by_name(slices: tuple[ProductSlice, ...]) -> dict[str, ProductSlice]:
    return {f"{one.group}: {one.name}": one for one in slices}


CATALOGUE = [
    *(product(one, "Big", 1000 + place, photo=True) for place, one in enumerate("abcde")),
    *(product(one, "Mid", 2000 + place, photo=True) for place, one in enumerate("fgh")),
    product("i", "Tiny", 9000),
    product("j"),
]
JUDGED = Judgments({"q": {"a": 2, "i": 1, "j": 1, "f": 0}, "r": {"b": 1, "i": 2, "unknown": 1}})


def test_shares_are_over_pairs_of_query_and_relevant_product() -> None:
    found = by_name(product_slices(CATALOGUE, JUDGED, [run(q="af", r="bi")]))
    assert found["brand size: large"].runs == (Share(1.0, 1.0, 0.5),)
    assert (found["brand size: small"].products, found["brand size: small"].relevant) == (1, 2)
    assert found["brand size: small"].runs[0].at_10 == 0.5  # found for r and not for q
    assert found["brand size: no brand"].runs[0] == Share(0.0, 0.0, 0.0)
    assert found["photo: without a photo"].runs[0].at_100 == pytest.approx(1 / 3)
    assert found["photo: with a photo"].runs[0].exposure == 0.75


def test_a_slice_without_relevant_products_has_no_share() -> None:
    medium = by_name(product_slices(CATALOGUE, JUDGED, [run(q="f")]))["brand size: medium"]
    assert (medium.relevant, medium.runs[0].at_10, medium.runs[0].exposure) == (0, None, 1.0)
    assert (shared(None), shared(0.5)) == ("–", "0.500")


def test_ten_and_a_hundred_are_told_apart() -> None:
    catalogue = [product(f"p{number}") for number in range(120)]
    judged = Judgments({"q": {f"p{number}": 1 for number in range(120)}})
    lists = {"q": tuple(Listed(f"p{number}", -float(number)) for number in range(120))}
    (share,) = by_name(product_slices(catalogue, judged, [Run(name="r", lists=lists)]))["price: no price"].runs
    assert share.at_10 == pytest.approx(10 / 120)
    assert share.at_100 == pytest.approx(100 / 120)


def test_grades_below_the_line_are_not_relevant() -> None:
    found = by_name(product_slices(CATALOGUE, JUDGED, [run(q="a")], relevant=2))
    assert found["brand size: small"].relevant == 1
    assert found["brand size: no brand"].relevant == 0


def test_a_run_that_found_nothing_scores_zero_everywhere() -> None:
    slices = product_slices(CATALOGUE, JUDGED, [run()])
    assert {one.runs[0].exposure for one in slices} == {0.0}
    assert {one.runs[0].at_100 for one in slices} <= {0.0, None}


def test_slices_come_in_a_fixed_order() -> None:
    names = [(one.group, one.name) for one in product_slices(CATALOGUE, JUDGED, [run()])]
    assert names == [
        *(("brand size", name) for name in ("large", "medium", "small", "no brand")),
        *(("price", name) for name in (*BANDS, "no price")),
        *(("photo", name) for name in ("with a photo", "without a photo")),
    ]


def test_languages_are_a_slice_where_there_are_two() -> None:
    one = [product("a", language="en"), product("b")]
    assert not [of for of in traits_of(one).values() if ("language", "en") in of]
    two = traits_of([*one, product("c", language="zh")])
    assert [of[-1] for of in two.values()] == [("language", "en"), ("language", "unknown"), ("language", "zh")]


def test_currencies_have_thirds_of_their_own() -> None:
    yen = [Product(id=f"y{number}", title="y", price=Money(100_000 + number, "JPY")) for number in range(3)]
    traits = traits_of([*(product(str(number), cents=number) for number in range(1, 4)), *yen])
    assert [of[1][1] for of in traits.values()] == [*BANDS, *BANDS]


@given(st.lists(st.sampled_from("ABCDEF"), max_size=60))
def test_large_brands_hold_half_and_small_ones_at_most_a_fifth(brands: list[str]) -> None:
    counts = Counter(of[0][1] for of in traits_of([product(str(place), brand) for place, brand in enumerate(brands)]).values())
    assert counts["large"] >= len(brands) / 2
    assert counts["small"] <= len(brands) / 5


def test_the_evaluation_tells_them_in_json_and_on_its_page() -> None:
    judged, topics = joined(JUDGED, None)
    plain = evaluated(judged, topics, [run(q="af", r="bi")])
    assert plain.as_object()["product_slices"] == []
    assert "By brand size" not in page(plain)
    sliced = plain.among(CATALOGUE)
    told = json.loads(json.dumps(sliced.as_object()))["product_slices"]
    assert told[0] | {"runs": None} == {"group": "brand size", "name": "large", "products": 5, "relevant": 2, "runs": None}
    assert told[0]["runs"] == [{"at_10": 1.0, "at_100": 1.0, "exposure": 0.5}]
    assert "By brand size, price and photo of the products" in page(sliced)
    assert "dearest third" in page(sliced)


def test_the_command_reads_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "judged.csv").write_text("query,product_id,grade\nsofa,0001,3\nsofa,0002,1\n")
    (tmp_path / "run.csv").write_text("query,product_id,rank\nsofa,0001,1\n")
    (tmp_path / "shop.csv").write_text("id,title,brand,price\n0001,Sofa,Oak,10 EUR\n0002,Couch,Pine,20 EUR\n")
    words = ["evaluate", str(tmp_path / "judged.csv"), "--run", str(tmp_path / "run.csv"), "--products", str(tmp_path / "shop.csv")]
    shown = CliRunner().invoke(make_app("evaluate"), words, env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.exception
    assert "Relevant products found, by what they are" in shown.stdout
    told = json.loads(CliRunner().invoke(make_app("evaluate"), [*words, "--json"]).stdout)["product_slices"]
    assert {one["name"]: one["runs"][0]["at_10"] for one in told if one["group"] == "photo"} == {"without a photo": 0.5}
