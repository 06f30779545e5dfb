"""Highlighting holds for any text: the text stays what it was, and no markup gets through."""

import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.records import Marked, Product
from indexer.store.tokens import fold
from indexer.text.cleaning import DEFAULT
from indexer.text.highlight import GAP, highlights, html, marked, snippet
from indexer.text.origins import origins
from indexer.text.stems import fold_letters

anything = st.text(st.characters(), max_size=60) | st.text(
    "<>&;#/!-'\"=xbp amp lt gt 1０＜＞＆；\u200b\ufe0f\x00沙🛋\u0301\u3099ßİ", max_size=60
)
pieces = st.sampled_from(
    [
        *(
            "Sofas",
            "sofa",
            "GREY",
            "the",
            "3.5mm",
            "3.5",
            " mm",
            "X-Large",
            "XL",
            '17"',
            "Müller",
            "Straße",
            "<b>",
            "</b>",
            "&amp;",
            " ",
            " ",
            ", ",
        ),
        *(
            "黑色",
            "T恤",
            "衫",
            "無線",
            "滑鼠",
            "鼠标",
            "智慧型手機",
            "マウス",
            "ｶﾞﾗｽ",
            "무선",
            "加大码",
            "，",
            "EU42",
            "0.5l",
            "\u0301",
            "-",
        ),
    ]
)
shop_texts = st.lists(pieces, max_size=12).map("".join)
texts = anything | shop_texts
unhurried = settings(deadline=None)  # whoever comes first loads the dictionaries


@unhurried
@given(texts, texts)
@example("sofa", "sofa")
@example("İİ<b>İ</b>", "i̇")
@example("<script>alert('sofa')</script>", "script alert")
def test_the_stretches_are_the_text_in_turns(text: str, query: str) -> None:
    stretches = marked(text, query, DEFAULT)
    assert "".join(one.text for one in stretches) == text
    assert all(one.text for one in stretches)
    assert all(left.hit != right.hit for left, right in pairwise(stretches))


class Tags(HTMLParser):
    """Every tag, comment and declaration that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(f"{tag}{attrs or ''}")

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.seen.append(f"!{data}")

    def handle_decl(self, decl: str) -> None:
        self.seen.append(f"!{decl}")

    def unknown_decl(self, data: str) -> None:
        self.seen.append(f"!{data}")

    def handle_pi(self, data: str) -> None:
        self.seen.append(f"?{data}")


@unhurried
@given(texts, texts)
@example("<mark>sofa</mark>", "sofa mark")
@example("<img src=x onerror=alert(1)>", "img alert")
def test_as_html_it_holds_no_tag_but_mark(text: str, query: str) -> None:
    written = html(marked(text, query, DEFAULT))
    parser = Tags()
    parser.feed(written)
    parser.close()
    assert set(parser.seen) <= {"mark", "/mark"}
    bare = re.sub(r"</?mark>", "", written)
    assert not set("<>\"'") & set(bare)
    if "\x00" not in text and not re.search(r"&#", text):  # what unescape itself would change
        assert unescape(bare) == text


@unhurried
@given(texts)
def test_a_text_asked_with_its_own_words_is_hit(text: str) -> None:
    # Letters of ASCII only, so that no rule of the language or of cleaning stands between.
    word = "".join(re.findall("[a-z]", text.lower()))[:12] or "sofa"
    text = f"{text} qu{word}k"
    assert any(one.hit for one in marked(text, f"qu{word}k", DEFAULT))


@unhurried
@given(shop_texts, shop_texts, st.integers(1, 40))
@example("sofa " * 30, "sofa", 10)
def test_a_snippet_is_a_short_piece_of_the_text_with_a_hit_where_there_is_one(text: str, query: str, length: int) -> None:
    stretches = marked(text, query, DEFAULT)
    cut = snippet(stretches, length=length)
    written = "".join(one.text for one in cut)
    assert len(written) <= length + 2 * len(GAP)
    assert written.removeprefix(GAP).removesuffix(GAP) in text
    assert any(one.hit for one in cut) == any(one.hit for one in stretches)
    assert all(left.hit != right.hit for left, right in pairwise(cut))
    if len(text) <= length:
        assert cut == stretches


@unhurried
@given(st.lists(st.builds(Marked, st.text(min_size=1, max_size=9), st.booleans()), max_size=9), st.integers(1, 30))
def test_a_snippet_of_any_stretches_is_short(stretches: list[Marked], length: int) -> None:
    cut = snippet(stretches, length=length)
    assert sum(len(one.text) for one in cut) <= length + 2 * len(GAP)
    assert any(one.hit for one in cut) == any(one.hit for one in stretches)


@unhurried
@given(st.builds(Product, id=st.just("p1"), title=texts, brand=texts, description=texts), texts)
def test_a_field_is_given_when_it_is_hit(product: Product, query: str) -> None:
    found = highlights(product, query, DEFAULT, length=20)
    assert all(any(one.hit for one in stretches) for stretches in found.values())
    for name, text in (("title", product.title), ("brand", product.brand)):
        stretches = marked(text, query, DEFAULT)
        assert (name in found) == any(one.hit for one in stretches)
        assert found.get(name, stretches) == stretches


@unhurried
@given(texts)
def test_a_character_of_a_cleaned_text_came_from_a_place_in_the_text(text: str) -> None:
    cleaned = " ".join(fold_letters(piece) for piece in DEFAULT.indexed(text).split())
    starts, ends = origins(text, cleaned)
    assert len(starts) == len(ends) == len(cleaned)
    assert list(starts) == sorted(starts)
    assert list(ends) == sorted(ends)
    assert all(0 <= start <= end <= len(text) for start, end in zip(starts, ends, strict=True))


@unhurried
@given(st.text(st.characters(categories=["L", "N"]), max_size=8) | st.text("éßøİﬁＡが\u0301\u3099’'", max_size=6))
def test_letters_are_folded_as_the_stores_tokens_are(word: str) -> None:
    assert fold_letters(word) == fold(word)
