"""The page as the server draws it, without any script."""

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from selectolax.lexbor import LexborNode as Node

from tests.data.catalogue import PHOTOS
from tests.unit.service.web import EVIL, png, web_app


def tree(client: TestClient, address: str) -> HTMLParser:
    response = client.get(address)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return HTMLParser(response.text)


def titles(page: HTMLParser) -> list[str]:
    return [node.text(strip=True) for node in page.css(".card h3")]


def one(page: HTMLParser, selector: str) -> Node:
    found = page.css_first(selector)
    assert found is not None, selector
    return found


def facet(page: HTMLParser, field: str) -> dict[str, str]:
    """Value to count, as the page shows them."""
    labels = [label for label in page.css("label.tick") if label.css_first(f'input[name="f.{field}"]')]
    return {value_of(label): "".join(count.text(strip=True) for count in label.css(".count")) for label in labels}


def value_of(label: Node) -> str:
    box = label.css_first("input")
    assert box is not None
    return box.attributes["value"] or ""


def test_the_front_page_shows_everything_and_how_to_begin(client: TestClient) -> None:
    page = tree(client, "/")
    assert len(titles(page)) == 24
    assert "31 products" in one(page, ".hero").text()
    assert one(page, "#total").text(strip=True).startswith("31 products")
    assert one(page, 'label[for="image"]')
    assert not page.css(".bar")  # nothing was asked, so there is no score to explain


def test_words_find_products_and_every_score_is_explained(client: TestClient) -> None:
    page = tree(client, "/?q=running+shoes")
    assert titles(page)[:2] == ["Running shoes Gale 3", "Running shoes Gale 3 Trail"]
    first = one(page, ".card")
    shares = [float(node.text().lstrip("+")) for node in first.css(".share")]
    assert sum(shares) == pytest.approx(float(one(page, ".score").text()), abs=0.011)
    assert "BM25" in first.text()
    assert "cosine" in first.text()
    assert one(page, "#q").attributes["value"] == "running shoes"
    assert one(page, "title").text() == "running shoes · fusedex"


def test_chinese_words_find_chinese_titles_which_say_their_language(client: TestClient) -> None:
    page = tree(client, "/?q=沙发")
    assert titles(page)[0] == "北欧布艺沙发 三人位 灰色"
    assert one(page, ".card h3").attributes["lang"] == "zh"
    assert "¥2,999.00" in one(page, ".card").text()


def test_a_ticked_facet_narrows_and_keeps_its_own_other_values(client: TestClient) -> None:
    page = tree(client, "/?f.brand=Stride")
    assert titles(page) == ["Running shoes Gale 3", "Running shoes Gale 3 Trail"]
    brands = facet(page, "brand")
    assert brands["Stride"] == "2"
    assert brands["Marigold"] == "3"  # counted as if no brand were ticked, so that it can be added
    both = tree(client, "/?f.brand=Stride&f.brand=Marigold")
    assert one(both, "#total").text(strip=True).startswith("5 products")
    assert [box.attributes["value"] for box in both.css("input[type=checkbox][checked]")] == ["Marigold", "Stride"]


def test_categories_are_a_tree(client: TestClient) -> None:
    page = tree(client, "/?f.category=Electronics")
    assert list(facet(page, "category"))[:2] == ["Home", "Home > Living room"]
    labels = [(node.text(strip=True)) for node in page.css(".depth-1 .name")]
    assert "Cameras" in labels
    assert [node.text(strip=True) for node in page.css(".chips a")] == ["Electronics"]


@pytest.mark.parametrize("colour", ["true", "0.52"])
def test_values_that_are_no_text_are_found_again_by_their_tick(client: TestClient, colour: str) -> None:
    field = "in_season" if colour == "true" else "weight_kg"
    page = tree(client, f"/?f.{field}={colour}")
    assert len(titles(page)) == (15 if colour == "true" else 1)


def test_prices_bound_from_both_sides_and_say_so(client: TestClient) -> None:
    page = tree(client, "/?min=1,000&max=1300")
    assert set(titles(page)) == {"Mirrorless camera Vela X2", "Laptop Aero 14"}
    assert [node.text(strip=True) for node in page.css(".chips a")] == ["Price 1,000 – 1300"]


def test_filters_of_the_grammar_work_too_and_stay_through_the_form(client: TestClient) -> None:
    page = tree(client, "/?filter=stock%3C%3D0")
    assert titles(page) == ["Cotton T-shirt, black"]
    assert one(page, 'input[name="filter"]').attributes["value"] == "stock<=0"
    assert "Out of stock" in one(page, ".card").text()


def test_chips_lead_to_the_page_without_their_filter(client: TestClient) -> None:
    page = tree(client, "/?q=shirt&f.brand=Plainwear&max=50&page=1")
    chips = {node.text(strip=True): node.attributes["href"] for node in page.css(".chips a")}
    assert parse_qs(urlsplit(chips["Plainwear"] or "").query) == {"q": ["shirt"], "max": ["50"]}
    assert chips["Clear all"] == "/?q=shirt"


def test_pages_follow_each_other_without_overlap(client: TestClient) -> None:
    first, second = tree(client, "/"), tree(client, "/?page=2")
    assert len(set(titles(first)) | set(titles(second))) == 31
    links = [(node.text(), node.attributes.get("href")) for node in first.css(".pager a")]
    assert links == [("2", "/?page=2"), ("Next", "/?page=2")]
    assert one(second, ".pager [aria-current]").text() == "2"


def test_a_page_past_the_end_says_so(client: TestClient) -> None:
    page = tree(client, "/?page=9")
    assert "past the end" in one(page, ".empty").text()
    assert one(page, ".empty a").attributes["href"] == "/"


def test_no_hits_is_a_page_too(client: TestClient) -> None:
    page = tree(client, "/?q=sofa&f.brand=Stride&max=1")
    assert "Nothing fits all of that" in one(page, ".empty").text()


def test_texts_of_products_and_visitors_are_text(client: TestClient) -> None:
    for address in ("/?q=mug", "/", f"/?q={EVIL}", f"/?f.brand={EVIL}&min=3", f"/?filter=colour={EVIL.replace('=', '')}"):
        text = client.get(address).text
        assert "<script>window" not in text
        assert "<img src=x" not in text
        drawn = HTMLParser(text)
        assert not [name for node in drawn.css("*") for name in node.attributes if name.startswith("on")]
        assert all((node.attributes["src"] or "").startswith("/") for node in drawn.css("script, img"))
    page = tree(client, "/?q=mug")
    assert f"Mug {EVIL}" in titles(page)


def test_the_form_ends_in_an_address_that_asks_the_same(client: TestClient) -> None:
    fields = {"q": "  running   shoes ", "f.brand": ["Stride", "Marigold"], "max": "200", "min": "", "page": "7", "lean": "50"}
    response = client.post("/", data=fields, follow_redirects=False)
    assert response.status_code == 303
    asked = parse_qs(urlsplit(response.headers["location"]).query)
    assert asked == {"q": ["running shoes"], "f.brand": ["Stride", "Marigold"], "max": ["200"]}


def test_a_photo_finds_its_product_and_has_an_address_to_page_through(client: TestClient) -> None:
    photo = (PHOTOS / "0020.png").read_bytes()
    response = client.post("/", files={"image": ("p.png", photo, "image/png")}, data={"q": ""})
    page = HTMLParser(response.text)
    assert titles(page)[0] == "Mirrorless camera Vela X2"
    token = one(page, 'input[name="photo"]').attributes["value"]
    assert client.get(f"/uploads/{token}").headers["content-type"] == "image/webp"
    again = tree(client, f"/?photo={token}&page=2")
    assert titles(again)
    assert not set(titles(again)) & set(titles(page))


def test_the_slider_leans_between_words_and_photo(client: TestClient) -> None:
    photo = (PHOTOS / "0020.png").read_bytes()
    address = str(client.post("/", files={"image": ("p.png", photo, "image/png")}, data={"q": "teapot"}).url)
    assert titles(tree(client, address + "&lean=0"))[0] == "Kettle-shaped teapot, cast iron"
    assert titles(tree(client, address + "&lean=100"))[0] == "Mirrorless camera Vela X2"
    assert one(tree(client, address + "&lean=30"), "#lean").attributes["value"] == "30"


def test_a_photo_that_is_gone_is_said_to_be(client: TestClient) -> None:
    response = client.get("/?photo=never-was&q=mug")
    assert response.status_code == 410
    page = HTMLParser(response.text)
    assert "no longer kept" in one(page, "[data-detail]").text()
    assert one(page, "#q").attributes["value"] == "mug"


def test_bytes_that_are_no_photo_are_refused_with_a_reason(client: TestClient) -> None:
    response = client.post("/", files={"image": ("p.png", b"hello", "image/png")})
    assert response.status_code == 400
    assert "JPEG, PNG, WebP or GIF" in response.text


def test_an_empty_file_field_is_no_photo(client: TestClient) -> None:
    response = client.post("/", files={"image": ("", b"", "application/octet-stream")}, data={"q": "mug"}, follow_redirects=False)
    assert response.headers["location"] == "/?q=mug"


@pytest.mark.parametrize(
    ("address", "word"),
    [("/?min=cheap", "no price"), ("/?page=0", "whole number"), ("/?f.colour_of=red", "colour_of"), ("/?filter=nothing", "no filter")],
)
def test_what_can_not_be_asked_is_answered_with_a_friendly_page(client: TestClient, address: str, word: str) -> None:
    response = client.get(address)
    assert response.status_code == 400
    page = HTMLParser(response.text)
    assert word in one(page, "[data-detail]").text()
    assert response.headers["x-request-id"] in one(page, ".id").text()


def test_too_many_choices_and_too_many_words_are_refused(client: TestClient) -> None:
    assert client.get("/?" + "&".join(f"f.brand={n}" for n in range(80))).status_code == 400
    assert client.get("/?q=" + "a" * 501).status_code == 400


def test_an_empty_shop_says_what_to_do() -> None:
    client = TestClient(web_app(catalogue=[]), raise_server_exceptions=False)
    response = client.get("/")
    assert response.status_code == 503
    assert "no products yet" in response.text
    assert png()[:4] not in response.content
