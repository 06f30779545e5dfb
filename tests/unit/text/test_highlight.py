"""Highlighting: which words are hit, in which fields, and what a snippet shows."""

import doctest
import importlib

import pytest

from indexer.records import Marked, Product
from indexer.settings import TextSettings
from indexer.store.tokens import CJK_RUN as STORED_RUN
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.text.highlight import GAP, READ_CAP, highlights, html, marked, snippet
from indexer.text.stems import CJK_RUN

LONG = (
    "Our sofas are made by hand. "
    + "Nothing to see in this sentence at all. " * 20
    + "A grey sofa for two, in grey wool. "
    + "The end. " * 30
)


def shown(text: str, query: str, cleaning: Cleaning = DEFAULT) -> str:
    """The text with its hits in brackets."""
    return "".join(f"[{one.text}]" if one.hit else one.text for one in marked(text, query, cleaning))


@pytest.mark.parametrize("module", ["highlight", "origins", "stems"])
def test_the_examples_in_docstrings_hold(module: str) -> None:
    found = importlib.import_module(f"indexer.text.{module}")
    result = doctest.testmod(found, extraglobs={"DEFAULT": DEFAULT})
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("a grey sofa", "[Grey] [Sofas], 2 seats"),
        ("nike cafe", "[Ｎｉｋｅ] [CAFÉ] [cafe\u0301s]"),
        ("NIKE CAFÉ", "[nike] [cafe]"),
        ("women shoe", "[Women's] [shoes]"),
        ("running shoes", "[run], [Shoe]!"),
        ("strasse", "[Straße] [STRASSE]"),
        ("fine viii", "[Ⅷ] [ﬁne]"),
        ("usb c", "[usb]-[c] cable"),
        ("sofa", "sofabed so fa"),
        ("किताब", "हिन्दी [किताब]"),
        ("кухня", "Стол [КУХНЯ]"),
    ],
)
def test_a_word_is_hit_whatever_its_case_width_accents_and_plural(query: str, text: str) -> None:
    assert shown(text.replace("[", "").replace("]", ""), query) == text


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("3.5 mm jack", "[Jack] [3.5mm]"),
        ("cola 500ml", "[Cola] [0.5l]"),
        ("17 inch", '[17"] screen'),
        ("XL shirt", "[Shirt] [X-Large], XXL, [xl]"),
        ("2xl", "X-Large, [XXL]"),
        ("42码 鞋", "[EU42] [鞋]"),
    ],
)
def test_amounts_and_sizes_are_hit_in_any_spelling(query: str, text: str) -> None:
    assert shown(text.replace("[", "").replace("]", ""), query) == text


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("黑色T恤", "經典[黑色T恤]衫 男"),
        ("黑色 T恤", "[T恤]衫，[黑色]，T形"),
        ("无线鼠标", "羅技[無線滑鼠]靜音"),
        ("無線滑鼠", "罗技[无线鼠标]静音"),
        ("手机", "智慧型[手機]殼"),
        ("出租车", "[計程車]玩具"),
        ("鼠标 手机", "無線[滑鼠]和智慧型[手機]殼"),
        ("钱包", "[皮夾]，皮夾克"),
        ("T恤", "NOT恤 [T恤] AT恤"),
        ("鞋", "红[鞋] 靴"),
        ("的 沙发", "我的[沙發]"),
        ("Nike 鞋", "[NIKE] 运动[鞋]"),
    ],
)
def test_chinese_is_hit_by_words_in_either_script(query: str, text: str) -> None:
    assert shown(text.replace("[", "").replace("]", ""), query) == text


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("無線マウス", "静音 [無線]の[マウス]"),
        ("무선 마우스", "[무선] 게이밍 [마우스]패드"),
        ("ガラス", "ﾏｳｽ [ｶﾞﾗｽ]"),
        ("マグ", "マット グラス"),
        ("靴", "黒い[靴]"),
    ],
)
def test_japanese_and_korean_are_hit_by_two_characters_and_more(query: str, text: str) -> None:
    assert shown(text.replace("[", "").replace("]", ""), query) == text


@pytest.mark.parametrize("query", ["the for with", "", "  ", "!!!", "🛋️", "boat"])
def test_stop_words_and_nothing_mark_nothing(query: str) -> None:
    assert marked("The sofa for the home, with a boot", query, DEFAULT) == (Marked("The sofa for the home, with a boot", hit=False),)
    assert marked("", query, DEFAULT) == ()


def test_stop_words_beside_others_mark_nothing_in_any_language() -> None:
    assert shown("The sofa for the home", "the sofa for") == "The [sofa] for the home"
    assert shown("chaussures pour la plage", "chaussures pour la course") == "[chaussures] pour la plage"


def test_words_of_the_shop_are_whole(tmp_path_factory: pytest.TempPathFactory) -> None:
    words = tmp_path_factory.mktemp("words") / "words.txt"
    words.write_text("云鹿灯语\n", encoding="utf-8")
    own = Cleaning.load(TextSettings(zh_words=words))
    assert shown("云鹿台灯 云鹿灯语", "云鹿灯语", own) == "云鹿台灯 [云鹿灯语]"
    assert shown("云鹿台灯 云鹿灯语", "云鹿灯语") == "[云鹿]台灯 [云鹿灯语]"


def test_the_steps_of_the_settings_decide_what_is_equal() -> None:
    plain = Cleaning.load(TextSettings(indexed=("width", "spaces")))
    assert shown("無線滑鼠 3.5mm", "无线鼠标 3.5 mm", plain) == "無線滑鼠 3.5mm"
    assert shown("无线滑鼠 3.5mm", "无线 3.5mm", plain) == "[无线]滑鼠 [3.5mm]"


def test_the_characters_in_pairs_are_the_stores() -> None:
    assert CJK_RUN.pattern == STORED_RUN.pattern


def test_only_fields_with_a_hit_are_given() -> None:
    product = Product(
        id="p1",
        title="Grey sofa",
        brand="Sofa & Co",
        description="<p>A <b>comfortable</b>\n sofa</p>",
        attributes={"colour": "grey", "material": ("wool", "Sofa fabric"), "seats": 2.0, "title": "sofa", "new": True, "style": "modern"},
    )
    found = highlights(product, "sofas", DEFAULT)
    assert {name: html(stretches) for name, stretches in found.items()} == {
        "title": "Grey <mark>sofa</mark>",
        "brand": "<mark>Sofa</mark> &amp; Co",
        "description": "A comfortable <mark>sofa</mark>",
        "material": "wool, <mark>Sofa</mark> fabric",
    }
    assert list(highlights(product, "grey", DEFAULT)) == ["title", "colour"]
    assert highlights(product, "boat", DEFAULT) == {}


def test_a_description_is_a_snippet_and_a_title_is_whole() -> None:
    found = highlights(Product(id="p1", title=LONG, description=LONG, attributes={"about": LONG}), "grey sofa", DEFAULT, length=60)
    assert "".join(one.text for one in found["title"]) == LONG
    for name in ("description", "about"):
        assert html(found[name]) == "…at all. A <mark>grey</mark> <mark>sofa</mark> for two, in <mark>grey</mark> wool. The end.…"


def test_a_description_is_read_so_far_and_may_hold_anything() -> None:
    far = Product(id="p1", title="x", description="x " * READ_CAP + "sofa")
    assert highlights(far, "sofa", DEFAULT) == {}
    odd = Product(id="p1", title="x", description="\ud83d sofa \x00 <script>alert(1)</script>")
    assert html(highlights(odd, "sofa", DEFAULT)["description"]).startswith("<mark>sofa</mark>")


@pytest.mark.parametrize(
    ("text", "query", "length", "expected"),
    [
        ("short sofa", "sofa", 20, "short [sofa]"),
        ("one two three four five sofa six seven eight nine", "sofa", 20, "…five [sofa] six…"),
        ("sofa one two three four five six", "sofa", 12, "[sofa] one two…"),
        ("one two three four five six sofa", "sofa", 12, "…six [sofa]"),
        ("sofa sofa sofa one two three grey sofa four five six", "grey sofa", 16, "…[grey] [sofa]…"),
        ("one two three four five six", "boat", 12, "one two…"),
        ("我们的新款商品非常好看，红色连衣裙适合夏天穿，欢迎大家购买", "连衣裙", 9, "…，红色[连衣裙]适合夏…"),
        ("a " + "x" * 100 + "sofa " + "y" * 100, "sofa", 30, "a…"),
        ("x" * 100, "sofa", 30, "x" * 30 + GAP),
        ("x" * 100 + "，红色沙发", "沙发", 8, "…红色[沙发]"),
    ],
)
def test_a_snippet_is_cut_between_words_around_the_densest_hits(text: str, query: str, length: int, expected: str) -> None:
    cut = snippet(marked(text, query, DEFAULT), length=length)
    assert "".join(f"[{one.text}]" if one.hit else one.text for one in cut) == expected


def test_a_hit_longer_than_the_snippet_is_cut() -> None:
    assert snippet((Marked("see ", hit=False), Marked("supercalifragilistic", hit=True)), length=5) == (
        Marked(GAP, hit=False),
        Marked("super", hit=True),
        Marked(GAP, hit=False),
    )
