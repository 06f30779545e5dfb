"""The page in Chromium, with scripts and without."""

import base64
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.data.catalogue import PHOTOS
from tests.unit.service.web import EVIL

pytestmark = pytest.mark.pages

CAMERA = PHOTOS / "0020.png"
DROP = """([data, kind]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "photo", { type: kind }));
  for (const name of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
PASTE = """([data, kind]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "photo", { type: kind }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}"""


def first(page: Page) -> str:
    return page.locator(".card h3").first.inner_text()


def coded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def mark(page: Page) -> None:
    """A sign that is gone if the page is loaded anew."""
    page.evaluate("window.sign = 'same page'")


def marked(page: Page) -> bool:
    return bool(page.evaluate("window.sign === 'same page'"))


def test_words_from_the_box_without_loading_the_page_anew(page: Page) -> None:
    page.goto("/")
    mark(page)
    page.fill("#q", "running shoes")
    page.press("#q", "Enter")
    expect(page.locator("#heading")).to_have_text("“running shoes”")
    assert first(page) == "Running shoes Gale 3"
    assert page.url.endswith("/?q=running+shoes")
    assert page.title() == "running shoes · fusedex"
    expect(page.locator("#said")).to_contain_text("products")
    page.go_back()
    expect(page.locator("#heading")).to_have_text("All products")
    expect(page.locator("#q")).to_have_value("")
    page.go_forward()
    expect(page.locator("#heading")).to_have_text("“running shoes”")
    assert marked(page)


def test_without_scripts_words_filters_photos_and_pages_work(plain: Page) -> None:
    plain.goto("/")
    plain.get_by_role("link", name="Next").click()
    assert plain.url.endswith("/?page=2")
    plain.fill("#q", "t-shirt")
    plain.press("#q", "Enter")
    assert "q=t-shirt" in plain.url
    plain.get_by_label("Plainwear").check()
    plain.fill("#max", "50")
    plain.get_by_role("button", name="Apply filters").click()
    assert plain.locator(".chips a").first.inner_text() == "Plainwear"
    assert plain.locator(".card").count() == 2
    plain.get_by_role("link", name="Clear all").click()
    plain.set_input_files("#image", CAMERA)
    plain.fill("#q", "")
    plain.get_by_role("button", name="Search", exact=True).click()
    assert first(plain) == "Mirrorless camera Vela X2"
    plain.get_by_role("link", name="Remove photo").click()
    assert plain.locator(".tray").count() == 0


@pytest.mark.parametrize("way", [DROP, PASTE])
def test_a_photo_is_dropped_or_pasted(page: Page, way: str) -> None:
    page.goto("/")
    mark(page)
    page.evaluate(way, [coded(CAMERA), "image/png"])
    expect(page.locator(".tray img")).to_be_visible()
    assert first(page) == "Mirrorless camera Vela X2"
    assert "photo=" in page.url
    page.wait_for_function("document.querySelector('.tray img').naturalWidth > 0")  # visible is not loaded yet
    assert not page.evaluate("document.documentElement.classList.contains('dropping')")
    assert marked(page)


def test_words_lean_against_the_photo(page: Page) -> None:
    page.goto("/?q=teapot")
    page.set_input_files("#image", CAMERA)
    slider = page.get_by_label("How much the photo counts")
    expect(slider).to_be_visible()
    slider.focus()
    slider.press("Home")
    page.wait_for_url("**lean=0")
    expect(page.locator(".card h3").first).to_have_text("Kettle-shaped teapot, cast iron")
    expect(slider).to_be_focused()  # the keyboard stays where it was
    slider.press("End")
    expect(page.locator(".card h3").first).to_have_text("Mirrorless camera Vela X2")


def test_a_large_photo_is_made_smaller_before_it_travels(page: Page) -> None:
    page.goto("/")
    noise = """async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 2400, height: 2400 });
      const context = canvas.getContext("2d"), image = context.createImageData(2400, 2400);
      for (let at = 0; at < image.data.length; at += 1) image.data[at] = at % 4 === 3 ? 255 : Math.random() * 256;
      context.putImageData(image, 0, 0);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      const transfer = new DataTransfer();
      transfer.items.add(new File([blob], "big.png", { type: "image/png" }));
      const input = document.getElementById("image");
      input.files = transfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      return blob.size;
    }"""
    assert page.evaluate(noise) > 8_000_000
    expect(page.locator(".tray img")).to_be_visible()


@pytest.mark.parametrize(("kind", "word"), [("text/plain", "no photo we can read"), ("image/png", "can't be decoded")])
def test_what_is_no_photo_is_said_and_the_results_stay(browser: Browser, address: str, kind: str, word: str) -> None:
    """The browser reports the server's refusal in its console, so this one has a page whose complaints are not counted."""
    with browser.new_context(base_url=address) as context:
        page = context.new_page()
        page.goto("/?q=mug")
        before = page.locator(".card h3").all_inner_texts()
        page.evaluate(DROP, [base64.b64encode(b"hello").decode(), kind])
        expect(page.locator("#notice")).to_contain_text(word)
        assert page.locator(".card h3").all_inner_texts() == before
        assert page.url.endswith("/?q=mug")


def test_a_facet_narrows_at_once_and_another_value_can_be_added(page: Page) -> None:
    page.goto("/")
    mark(page)
    page.get_by_role("checkbox", name="Stride").check()
    expect(page.locator("#total")).to_contain_text("2 products")
    expect(page.get_by_role("checkbox", name="Stride")).to_be_focused()
    page.get_by_role("checkbox", name="Marigold").check()
    expect(page.locator("#total")).to_contain_text("5 products")
    page.fill("#max", "100")
    page.press("#max", "Enter")
    expect(page.locator(".chips a")).to_have_count(4)
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator(".chips")).to_have_count(0)
    assert marked(page)


def test_the_score_opens_into_its_terms(page: Page) -> None:
    page.goto("/?q=running+shoes")
    card = page.locator(".card").first
    expect(card.locator(".terms")).to_be_hidden()
    card.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(card.locator(".terms")).to_be_visible()
    expect(card.locator(".terms")).to_contain_text("BM25")
    expect(card.locator(".terms")).to_contain_text("cosine")
    assert card.locator(".bar rect").count() == 2


def test_an_attack_in_a_title_is_shown_as_text(page: Page) -> None:
    page.goto("/?q=mug")
    expect(page.locator(".card h3", has_text="<script>")).to_have_text(f"Mug {EVIL}")
    page.locator(".card", has_text="<script>").locator("summary").click()
    page.fill("#q", EVIL)
    page.press("#q", "Enter")
    expect(page.locator("#heading")).to_contain_text("<script>")
    page.goto("/?" + urlencode({"f.brand": EVIL, "q": "mug"}))
    expect(page.locator(".chips a").first).to_contain_text("<script>")
    assert page.evaluate("window.hit") is None


def test_the_policy_stops_inline_scripts(browser: Browser, address: str) -> None:
    with browser.new_context(base_url=address) as context:
        page = context.new_page()
        page.goto("/")
        page.evaluate(
            """() => { const s = document.createElement("script"); s.textContent = "window.hit = 1"; document.body.append(s); }"""
        )
        assert page.evaluate("window.hit") is None


def test_the_slash_key_leads_to_the_box(page: Page) -> None:
    page.goto("/?q=mug")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("sofa")
    page.keyboard.press("Enter")
    expect(page.locator("#heading")).to_have_text("“sofa”")


def test_photos_are_shown_and_their_absence_has_a_placeholder(page: Page) -> None:
    page.goto("/?q=Mirrorless+camera")
    expect(page.locator(".card img").first).to_be_visible()
    page.wait_for_function("document.querySelector('.card img').naturalWidth > 0")
    page.goto("/?q=gift+card")
    card = page.locator(".card", has_text="Gift card")
    assert card.locator("img").count() == 0
    expect(card.locator(".letter")).to_have_text("G")


def test_a_phone_has_everything_within_reach(phone: Page) -> None:
    phone.goto("/?q=camera")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(phone.locator(".side")).to_be_hidden()
    phone.locator(".foldbutton").tap()
    expect(phone.locator(".side")).to_be_visible()
    phone.get_by_label("Optaro").check()
    expect(phone.locator(".chips a")).to_have_count(1)
    expect(phone.locator(".side")).to_be_visible()  # it stays open while filters are chosen


def test_everything_has_a_name_and_a_contrast(page: Page) -> None:
    page.goto("/?q=running+shoes&max=500")
    nameless = page.evaluate(NAMELESS)
    assert nameless == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for selector in ("#heading", "#total", ".card h3", ".price", ".maker", ".stock", ".tick .count", ".go", ".chips a", ".foot p"):
            assert page.evaluate(CONTRAST, selector) >= 4.5, (scheme, selector)


NAMELESS = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), summary")]
  .filter((thing) => !(thing.textContent.trim() || thing.getAttribute("aria-label") || thing.labels?.length || thing.title))
  .map((thing) => thing.outerHTML)"""

# Contrast of the text against the first opaque ground behind it (WCAG 2.2, 1.4.3).
CONTRAST = """(selector) => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data]; };
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, share, at) => { const v = c[at] / 255;
    return sum + share * (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); }, 0);
  const thing = document.querySelector(selector);
  let ground = thing;
  while (ground.parentElement && rgb(getComputedStyle(ground).backgroundColor)[3] < 255) ground = ground.parentElement;
  const pair = [light(rgb(getComputedStyle(thing).color)), light(rgb(getComputedStyle(ground).backgroundColor))].sort((a, b) => b - a);
  return (pair[0] + 0.05) / (pair[1] + 0.05);
}"""


def test_a_server_that_is_gone_is_said_so(page: Page) -> None:
    page.goto("/?q=mug")
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('network')); }")
    page.fill("#q", "sofa")
    page.press("#q", "Enter")
    expect(page.locator("#notice")).to_contain_text("can’t be reached")
    assert not page.evaluate("document.documentElement.classList.contains('busy')")
