"""The picture can be decoded, draws what it can, and the page escapes what came from outside and loads nothing."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.errors import EvaluationError
from indexer.evaluate.report import write_whole
from indexer.explain import fonts
from indexer.explain.fonts import UNDRAWN, cjk_file, drawable
from indexer.explain.page import page, write
from indexer.explain.picture import png, undrawn
from indexer.records import Product
from tests.unit.explain.matched import match, picture


def opened(picture: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(picture))
    image.load()
    return image


@pytest.mark.parametrize(("query", "photos", "taller"), [("black shoes", 1, 300), ("black shoes", 0, 300), ("", 2, 600)])
def test_words_photos_and_both_have_a_picture(query: str, photos: int, taller: int) -> None:
    found = match(query, photo=None if query else picture(), photos=photos)
    image = opened(png(found))
    assert image.format == "PNG"
    assert image.height > taller
    assert image.width > 700


def test_the_patch_that_counts_is_red_in_the_picture() -> None:
    found = match("", photo=picture(), product=Product(id="a", title=""), photos=1)
    colours = np.asarray(opened(png(found)).convert("RGB")).astype(int)
    reddish = (colours[..., 0] > colours[..., 1] + 60) & (colours[..., 0] > colours[..., 2] + 60)
    assert reddish.mean() > 0.01


def test_the_same_match_gives_the_same_bytes() -> None:
    assert png(match()) == png(match())


def test_chinese_is_drawn_where_the_machine_has_a_font() -> None:
    found = match("黑色 跑鞋", product=Product(id="a", title="李宁 黑色 跑鞋"))
    png(found)  # a glyph that is missing is a warning, and so an error here
    assert undrawn(found) == (len(fonts.families()) == 1)


def test_what_no_font_has_is_a_box_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.explain.fonts._characters", lambda: frozenset(map(ord, "abcdefghijklmnopqrstuvwxyz BR.:0123456789")))
    assert drawable("abc 跑鞋") == f"abc {UNDRAWN}{UNDRAWN}"
    found = match("黑色 shoes", product=Product(id="a", title="黑色 shoes"))
    assert undrawn(found)
    assert "no font for some characters" in page(found, b"")
    assert "黑色" in page(found, b"")  # the page shows them as they are


def test_a_price_is_no_formula() -> None:
    assert drawable("$5 or $6") == r"\$5 or \$6"
    png(match("$5 $6 shoes_x^2", product=Product(id="a", title=r"$5 $\frac shoes")))


@pytest.mark.parametrize(
    ("files", "best"),
    [
        (["/f/DejaVuSans.ttf"], None),
        (["/f/wqy-zenhei.ttc", "/f/NotoSansCJK-Bold.ttc", "/f/NotoSansCJK-Regular.ttc"], "/f/NotoSansCJK-Regular.ttc"),
        (["/f/NotoSansCJK-Bold.ttc"], "/f/NotoSansCJK-Bold.ttc"),
        (["/f/NotoSansCJK-Regular.ttc", "/f/NotoSansSC-Regular.otf"], "/f/NotoSansSC-Regular.otf"),
        ([], None),
    ],
)
def test_the_font_for_chinese_is_chosen_by_its_name(files: list[str], best: str | None) -> None:
    assert cjk_file(files) == best


def test_the_page_escapes_and_loads_nothing() -> None:
    found = match('<script>alert("q")</script>', product=Product(id="<i>", title="<b>shoes</b>", description="<img src=x> script"))
    html = page(found, png(found))
    assert not re.search(r"<script|<b>shoes|<img src=x", html)
    assert not re.search(r"""(src|href)=["'](?!data:)""", html)
    assert "&lt;b&gt;shoes" in html


def test_the_coloured_text_is_the_text() -> None:
    title = "Black  running-shoes, (men) & 黑色跑鞋"
    html = page(match(product=Product(id="a", title=title)), b"")
    (shown,) = re.findall(r"<h3>product: title</h3><p>(.*?)</p>", html)
    assert re.sub(r"<[^>]+>", "", shown).replace("&amp;", "&") == title


def test_three_files_are_written(tmp_path: Path) -> None:
    found = match()
    paths = write(found, tmp_path / "deep" / "why")
    assert [path.name for path in paths] == ["match.png", "match.html", "match.json"]
    assert sorted(path.name for path in (tmp_path / "deep" / "why").iterdir()) == ["match.html", "match.json", "match.png"]
    assert json.loads(paths[2].read_text()) == json.loads(json.dumps(found.as_object()))
    assert opened(paths[0].read_bytes()).format == "PNG"


def test_a_place_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match="can't be written"):
        write_whole(tmp_path / "file" / "match.png", b"")
