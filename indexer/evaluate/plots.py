"""Plots as SVG texts that stand inside a page: the same bytes for the same figures, no date, no address, nothing to load."""

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.evaluate.evaluation import MAIN, Evaluation
from indexer.evaluate.measures import TELLING, VIEWS, View, need

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#1f5fa8", "#d9730d", "#3a8f5c", "#8a4fb0", "#b3323f", "#5b6770", "#b08a00", "#2a9d9d")
"""One for each run, told apart in grey print and by most colour-blind eyes; more runs begin again."""
GAIN, LOSS, TIED = "#3a8f5c", "#b3323f", "#8a949c"
WIDTH = 9.0
STYLE: dict[Any, Any] = {  # matplotlib types each key as a literal of its own
    "svg.hashsalt": "fusedex",
    "svg.fonttype": "path",
    "font.size": 9,
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": TIED,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#e3e7ea",
}


def letter(place: int) -> str:
    """What a run is called in plots and narrow tables: A, B, ... Z, A2, ..."""
    return chr(ord("A") + place % 26) + (str(place // 26 + 1) if place >= 26 else "")


def colour(place: int) -> str:
    """A run's colour."""
    return COLOURS[place % len(COLOURS)]


def means_plot(evaluation: Evaluation) -> str:
    """A panel a view: each telling measure's mean as a bar a run, with its interval; the rerank panel marks what chance scores."""
    need("matplotlib")
    with styled():
        figure = wide_figure(2.9)
        widths = [len(TELLING[view]) for view in VIEWS]
        panels: Sequence[Axes] = figure.subplots(1, len(VIEWS), sharey=True, width_ratios=widths).ravel().tolist()
        for view, axes in zip(VIEWS, panels, strict=True):
            _bars(axes, evaluation, view)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=8, frameon=False)
        return as_svg(figure)


def spread_plot(evaluation: Evaluation) -> str:
    """A histogram a run: how many queries have which nDCG@10 in the full view, and the mean as a line."""
    need("matplotlib")
    with styled():
        figure = wide_figure(0.6 + 1.15 * len(evaluation.runs))
        panels: list[Axes] = np.atleast_1d(figure.subplots(len(evaluation.runs), 1, sharex=True, sharey=True)).tolist()
        for place, axes in enumerate(panels):
            values = evaluation.measured[place].of("full", MAIN)
            axes.hist(values, bins=[step / 20 for step in range(21)], color=colour(place), rwidth=0.9)
            axes.axvline(float(values.mean()), color="#20262b", linewidth=1.2, linestyle="--")
            axes.set_ylabel(f"{letter(place)}: queries")
        panels[-1].set_xlabel(f"{MAIN} of a query (full view); the dashed line is the mean")
        panels[-1].set_xlim(0, 1)
        return as_svg(figure)


def differences_plot(evaluation: Evaluation, place: int) -> str:
    """Each query's difference in nDCG@10 (full view) between a run and the first, sorted from loss to gain."""
    need("matplotlib")
    differences = np.sort(evaluation.measured[place].of("full", MAIN) - evaluation.measured[0].of("full", MAIN))
    with styled():
        figure = wide_figure(2.4)
        axes = figure.subplots()
        colours = [GAIN if one > 0 else LOSS for one in differences]
        axes.bar(range(differences.size), differences, color=colours, width=0.85)
        axes.axhline(0, color="#20262b", linewidth=0.8)
        axes.axhline(float(differences.mean()), color="#20262b", linewidth=1.0, linestyle="--")
        axes.set_ylabel(f"{MAIN}: {letter(place)} − {letter(0)}")
        axes.set_xlabel("queries, from the biggest loss to the biggest gain; the dashed line is the mean")
        axes.set_xticks([])
        axes.set_xlim(-0.6, differences.size - 0.4)
        reach = max(0.05, float(np.abs(differences).max()) * 1.08)
        axes.set_ylim(-reach, reach)
        return as_svg(figure)


def _bars(axes: "Axes", evaluation: Evaluation, view: View) -> None:
    width = 0.8 / len(evaluation.runs)
    middles = np.arange(len(TELLING[view]))
    for place, figures in enumerate(evaluation.figures):
        found = [figures[view, name] for name in TELLING[view]]
        means = np.array([one.mean for one in found])
        whiskers = np.abs(np.array([[one.low, one.high] for one in found]).T - means)
        axes.bar(
            middles + (place - (len(evaluation.runs) - 1) / 2) * width,
            means,
            width * 0.92,
            yerr=whiskers,
            color=colour(place),
            error_kw={"elinewidth": 0.9, "ecolor": "#20262b", "capsize": 1.5},
            label=letter(place),
        )
    if view == "rerank":
        for middle, name in enumerate(TELLING[view]):
            axes.hlines(evaluation.chance[name], middle - 0.42, middle + 0.42, color="#20262b", linestyle=":", linewidth=1.4)
    axes.set_title(view if view != "rerank" else "rerank (dotted: chance)", fontsize=9, loc="left", fontweight="bold")
    axes.set_xticks(middles, TELLING[view], rotation=30, ha="right", rotation_mode="anchor")
    axes.set_ylim(0, 1.05)


def wide_figure(height: float) -> "Figure":
    """An empty drawing as wide as a page's column, so many inches high."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout="constrained")


def styled() -> AbstractContextManager[None]:
    """Inside, drawings look alike."""
    from matplotlib import rc_context

    return rc_context(STYLE)


def as_svg(figure: "Figure") -> str:
    """The drawing alone: no prologue, no metadata, no name spaces (a page's own parser knows them), no ids but those referred to."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawing = text.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", drawing, count=2)
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'<g id="[^"]*"', "<g", drawing)
    drawing = re.sub(r"<!--.*?-->\s*", "", drawing, flags=re.DOTALL)
    return re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", drawing, count=1).replace("<svg ", '<svg role="img" ', 1)
