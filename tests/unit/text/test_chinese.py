"""Chinese: one way of writing, words that stay whole, and no harm to what only looks like a name."""

import doctest
import importlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.text.chinese import Segmenter, has_kana, segmenter, simplified, simplified_han
from indexer.text.shop_words import MAINLAND, WHOLE

WORDS = segmenter()


@pytest.mark.parametrize("module", ["chinese", "clean", "sizes", "stop_words", "units"])
def test_the_examples_in_docstrings_hold(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"indexer.text.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("traditional", "here"),
    [
        ("無線滑鼠", "无线鼠标"),
        ("滑鼠墊", "鼠标垫"),
        ("紅色洋裝", "红色连衣裙"),
        ("連身裙", "连衣裙"),
        ("隨身碟 64GB", "U盘 64GB"),
        ("雷射印表機", "激光打印机"),
        ("文件櫃", "文件柜"),
        ("頭髮護理", "头发护理"),
        ("皇后的後蓋", "皇后的后盖"),
        ("乾隆 乾電池", "乾隆 干电池"),
        ("男士皮夾", "男士钱包"),
    ],
)
def test_traditional_becomes_the_mainlands(traditional: str, here: str) -> None:
    assert simplified(traditional) == here
    assert simplified_han(traditional) == here


@pytest.mark.parametrize(
    "text",
    [
        "文件柜",
        "程序员",
        "互联网路由器",
        "系列印花T恤",
        "海洋装饰",
        "皮夹克",
        "柔软体验",
        "气泡面膜",
        "白银包邮",
        "电锅炉",
        "制冷气体",
        "连帽T恤",
        "sofa",
        "",
        "T恤",
        "ソファ",
        "소파",
    ],
)
def test_what_only_looks_like_a_name_stays(text: str) -> None:
    assert simplified_han(text) == text


def test_japanese_stays_for_encoders_and_is_folded_for_comparison() -> None:
    assert has_kana("無線マウス")
    assert simplified("無線マウス") == "無線マウス"
    assert simplified_han("無線マウス") == "无线マウス"


def test_names_lead_to_the_mainland_and_stay_there() -> None:
    assert {name: simplified_han(name) for name in MAINLAND} == dict(MAINLAND)
    assert not set(MAINLAND) & set(MAINLAND.values())


@pytest.mark.parametrize("word", WHOLE)
def test_shop_words_stay_whole(word: str) -> None:
    assert WORDS.words(word) == [word]
    assert word.casefold() in WORDS.stored(word)


@pytest.mark.parametrize(
    ("text", "stored", "asked"),
    [
        ("黑色T恤", ("黑色", "t恤"), ("黑色", "t恤")),
        ("连衣裙 红色", ("连衣", "衣裙", "连衣裙", "红色"), ("连衣裙", "红色")),
        ("宜舍沙发", ("宜舍", "宜", "舍", "沙发"), ("宜舍", "沙发")),
        ("鞋", ("鞋",), ("鞋",)),
        ("好看的鞋", ("好看", "鞋"), ("好看", "鞋")),
        ("的了", (), ()),
        ("USB-C 数据线 3.5 mm", ("usb", "c", "数据", "数据线", "3.5", "mm"), ("usb", "c", "数据线", "3.5", "mm")),
        ("Nike 运动鞋", ("nike", "运动", "运动鞋"), ("nike", "运动鞋")),
        ("沙发 沙发", ("沙发", "沙发"), ("沙发",)),
        ("无线マウス", (), ()),
        ("sofa", (), ()),
        ("", (), ()),
    ],
)
def test_words_as_stored_and_as_asked(text: str, stored: tuple[str, ...], asked: tuple[str, ...]) -> None:
    assert WORDS.stored(text) == stored
    assert WORDS.asked(text) == asked


def test_a_word_is_cut_alike_whatever_stands_beside_it() -> None:
    for beside in ("", "红色", "男士 ", "2024新款", "宜舍"):
        assert "连衣裙" in WORDS.stored(f"{beside}连衣裙")
        assert "中长款" in WORDS.stored(f"{beside}中长款羽绒服")


def test_a_segmenter_knows_the_words_it_is_given() -> None:
    assert "云鹿灯语" not in WORDS.asked("云鹿灯语台灯")
    assert Segmenter(("云鹿灯语",)).asked("云鹿灯语台灯") == ("云鹿灯语", "台灯")
    assert segmenter(("云鹿灯语",)) is segmenter(("云鹿灯语",))


def test_parts_of_speech() -> None:
    tags = dict(WORDS.tagged("黑色 T恤 的 显瘦"))
    assert tags["T恤"] == "n"
    assert tags["的"].startswith("u")
    assert WORDS.tagged("  ") == []


def test_words_apart() -> None:
    assert WORDS.apart("北欧连衣裙 USB-C") == "北欧 连衣裙 USB-C"
    assert WORDS.apart("無線マウス") == "無線マウス"
    assert WORDS.apart("plain text") == "plain text"


def test_threads_may_begin_at_once() -> None:
    fresh = Segmenter()
    texts = ["无线蓝牙耳机降噪", "黑色T恤男士", "滑鼠墊"] * 40
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(fresh.stored, texts)) == [WORDS.stored(text) for text in texts]
        assert list(pool.map(simplified, texts)) == [simplified(text) for text in texts]


def test_nothing_is_loaded_before_the_first_chinese_text() -> None:
    code = (
        "import sys; from indexer.text import DEFAULT; DEFAULT.indexed('A plain 10-inch screen, <b>bold</b>'); "
        "sys.exit(any(name in sys.modules for name in ('opencc', 'rjieba')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
