"""A match as one picture: photos under their heat, and a bar for each word that counts."""

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from indexer.errors import ModelUnavailable
from indexer.evaluate.plots import GAIN, LOSS, STYLE
from indexer.explain.fonts import UNDRAWN, drawable, families
from indexer.explain.match import Match, Part
from indexer.explain.regions import Heat
from indexer.explain.words import Attribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, FigureBase

BARS = 10
"""Words drawn for each text, those that move the cosine most."""
PHOTOS = 4
"""Photos drawn; the others are in the table."""
WIDTH, DOTS = 11.0, 120
_NARROW, _WORD = 4.2, 24


def png(match: Match) -> bytes:
    """The picture as PNG; what no font here can draw stands as a box, and a line says so. Raises ModelUnavailable without matplotlib."""
    if find_spec("matplotlib") is None:
        raise ModelUnavailable("Pictures need the package 'matplotlib', which is not installed.", cure="pip install 'fusedex[explain]'")
    texts = [part for part in match.parts if isinstance(part.why, Attribution)]
    photos = [part for part in match.parts if isinstance(part.why, Heat)][:PHOTOS]
    with _styled():
        from matplotlib.figure import Figure

        height = 1.0 + max(sum(_tall(part) for part in texts), 3.3 * len(photos), 1.5)
        figure = Figure(figsize=(WIDTH if photos and texts else WIDTH - _NARROW, height), layout="constrained")
        left, right = _columns(figure, photos=bool(photos), texts=bool(texts))
        for part, axes in zip(photos, _stacked(left, [1.0] * len(photos)), strict=True):
            _photo(axes, part)
        for part, axes in zip(texts, _stacked(right, [_tall(part) for part in texts]), strict=True):
            _words(axes, part)
        figure.suptitle(_title(match), fontsize=11, x=0.01, ha="left")
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=DOTS, metadata={"Software": None})
        return out.getvalue()


def undrawn(match: Match) -> bool:
    """Whether the picture has boxes where the machine lacks a font: the page shows all characters that a browser knows."""
    texts = [match.query, match.product.title, *(part.why.text for part in match.parts if isinstance(part.why, Attribution))]
    return any(UNDRAWN in drawable(text) and UNDRAWN not in text for text in texts)


def _title(match: Match) -> str:
    asked = drawable(_short(match.query, 50)) or "a photo"
    title = f"{asked}  →  {drawable(_short(match.product.title, 70))}\ncosine {match.cosine:.3f}"
    return f"{title}      ({UNDRAWN}: no font on this machine)" if undrawn(match) else title


def _columns(figure: "Figure", *, photos: bool, texts: bool) -> "tuple[FigureBase, FigureBase]":
    if not (photos and texts):
        return figure, figure
    left, right = np.asarray(figure.subfigures(1, 2, width_ratios=[_NARROW, WIDTH - _NARROW])).tolist()
    return left, right


def _stacked(figure: "FigureBase", heights: Sequence[float]) -> "list[Axes]":
    if not heights:
        return []
    found: list[Axes] = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False).ravel().tolist()
    return found


def _tall(part: Part) -> float:
    words = min(BARS, len(part.why.words)) if isinstance(part.why, Attribution) else 0
    return 0.75 + 0.24 * max(2, words)


def _photo(axes: "Axes", part: Part) -> None:
    if part.pixels is None or not isinstance(part.why, Heat):
        return
    height, width = part.pixels.shape[:2]
    grey = part.pixels.astype(np.float64).mean(axis=2)
    axes.imshow(grey, cmap="gray", vmin=-60, vmax=255, extent=(0, width, height, 0))
    reach = max(float(np.abs(part.why.values).max()), 1e-9)
    axes.imshow(
        part.why.values / reach, cmap=_heat(), vmin=-1, vmax=1, extent=(0, width, height, 0), interpolation="bicubic", aspect="equal"
    )
    left, top, right, bottom = part.why.most
    axes.plot(
        [one * width for one in (left, right, right, left, left)],
        [one * height for one in (top, top, bottom, bottom, top)],
        color="#20262b",
        linewidth=1.2,
    )
    axes.set_title(f"{part.side} photo: cosine {part.cosine:.3f}, gives {part.gain:+.3f}", loc="left", fontsize=9)
    axes.set_xlabel(f"red: hidden, it costs (box: {part.why.loss:+.3f}); blue: hidden, it helps", fontsize=8)
    axes.set(xticks=[], yticks=[], xlim=(0, width), ylim=(height, 0))
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)


def _words(axes: "Axes", part: Part) -> None:
    if not isinstance(part.why, Attribution):
        return
    strongest = part.why.strongest(BARS)
    values = [value for _, value in strongest]
    axes.barh(range(len(values)), values, color=[GAIN if value > 0 else LOSS for value in values], height=0.72)
    axes.set_yticks(range(len(values)), [drawable(_short(word.text, _WORD)) for word, _ in strongest])
    axes.invert_yaxis()
    axes.axvline(0, color="#20262b", linewidth=0.8)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.margins(x=0.12)
    for place, value in enumerate(values):
        side = "left" if value >= 0 else "right"
        axes.annotate(
            f"{value:+.3f}", (value, place), (4 if value >= 0 else -4, 0), textcoords="offset points", ha=side, va="center", fontsize=8
        )
    rest = len(part.why.words) - len(strongest)
    more = f"; {rest} weaker words are in the table" if rest else ""
    named = f"{part.side} {part.kind}" if part.kind != "text" else "query words"
    axes.set_title(f"{named}: cosine {part.cosine:.3f}, gives {part.gain:+.3f}", loc="left", fontsize=9)
    axes.set_xlabel(f"{part.why.method}{more}", fontsize=8)


def _heat() -> "Colormap":
    from matplotlib.colors import LinearSegmentedColormap

    stops = [(0.0, (0.12, 0.37, 0.66, 0.75)), (0.5, (1, 1, 1, 0.0)), (1.0, (0.80, 0.10, 0.12, 0.78))]
    return LinearSegmentedColormap.from_list("heat", stops)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _styled() -> AbstractContextManager[None]:
    from matplotlib import rc_context

    return rc_context(STYLE | {"font.family": list(families())})
