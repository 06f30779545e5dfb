"""Fonts that can draw a text: the plots' own one, and one for Chinese, Japanese and Korean if the machine has any."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

OWN = "DejaVu Sans"
"""Comes with matplotlib."""

CJK = (
    "notosanssc",
    "notosanscjk",
    "sourcehansans",
    "wqy",
    "wenquanyi",
    "droidsansfallback",
    "pingfang",
    "msyh",
    "simhei",
    "arplumingcn",
    "uming",
)
"""How the files of fonts with Chinese begin, the best first; letters alone count."""

UNDRAWN = "□"


@cache
def families() -> tuple[str, ...]:
    """The families to draw with, in this order; one for CJK is added to matplotlib's list when it is found."""
    from matplotlib import font_manager

    found = cjk_file(font_manager.findSystemFonts())
    if found is None:
        return (OWN,)
    font_manager.fontManager.addfont(found)
    return (OWN, font_manager.FontProperties(fname=found).get_name())


def cjk_file(files: Iterable[str]) -> str | None:
    """The best of some font files for CJK by their names, upright and of plain weight where there is a choice."""
    ranked: list[tuple[int, bool, str]] = []
    for file in files:
        name = "".join(filter(str.isalnum, Path(file).stem.lower()))
        rank = next((place for place, known in enumerate(CJK) if name.startswith(known)), None)
        if rank is not None:
            ranked.append((rank, any(heavy in name for heavy in ("bold", "black", "light", "thin", "italic")), file))
    return min(ranked)[2] if ranked else None


@cache
def _characters() -> frozenset[int]:
    from matplotlib import font_manager

    files = [font_manager.findfont(font_manager.FontProperties(family=one), fallback_to_default=True) for one in families()]
    return frozenset(code for file in files for code in font_manager.get_font(file).get_charmap())


def drawable(text: str) -> str:
    """The text with UNDRAWN for each character that no font here has, and nothing in it read as a formula."""
    known = _characters()
    return "".join(one if ord(one) in known else UNDRAWN for one in text).replace("$", r"\$")
