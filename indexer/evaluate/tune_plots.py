"""Drawings of a tuning, as SVG texts for its page: the score along a setting, and each fold's turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.evaluate.measures import need
from indexer.evaluate.plots import COLOURS, GAIN, TIED, as_svg, styled, wide_figure
from indexer.evaluate.space import Axis, Range, Values
from indexer.evaluate.tune import Trial, Tuning

INK = "#20262b"


@dataclass(frozen=True, slots=True)
class Curves:
    """The best mean for each value of a setting, over all other settings: by the other setting's value, points from left to right."""

    along: str
    by: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


def curves(tuning: Tuning) -> Curves | None:
    """The curves along lexical_weight, or else the first setting of numbers that was varied, a line a blend; None where none was."""
    axes = sorted(tuning.space.axes, key=lambda axis: axis.name != "lexical_weight")
    along = next((axis.name for axis in axes if _numbers(axis)), None)
    if along is None:
        return None
    axes = sorted(tuning.space.axes, key=lambda axis: axis.name != "blend")
    by = next((axis.name for axis in axes if isinstance(axis, Values) and not axis.ordered and len(axis.values) > 1), "")
    best: dict[str, dict[float, float]] = {}
    for trial in tuning.trials:
        where = getattr(trial.settings, along)
        if where is not None and _inside(trial, tuning):
            line = best.setdefault(str(getattr(trial.settings, by)) if by else "all", {})
            line[float(where)] = max(line.get(float(where), 0.0), trial.mean)
    return Curves(along, by, {name: sorted(points.items()) for name, points in sorted(best.items())})


def curves_plot(tuning: Tuning, found: Curves) -> str:
    """A line for each value of `by`; dashed what the current settings score, a ring around the chosen ones."""
    need("matplotlib")
    with styled():
        figure = wide_figure(3.0)
        axes = figure.subplots()
        joined = "-" if tuning.how.method == "grid" else "None"
        for place, (name, points) in enumerate(found.lines.items()):
            across, up = zip(*points, strict=True)
            label = f"{found.by}={name}" if found.by else "best of the others"
            (line,) = axes.plot(across, up, linestyle=joined, markersize=4, label=label)
            line.set_marker("os^Dv*"[place % 6])
            line.set_color(COLOURS[place % len(COLOURS)])
        axes.axhline(tuning.trials[0].mean, color=INK, linewidth=1.0, linestyle="--", label="current settings")
        where = getattr(tuning.chosen, found.along)
        if where is not None:
            axes.plot([where], [tuning.winner.mean], "o", markersize=12, fillstyle="none", color=INK, linestyle="", label="chosen")
        axes.set_xlabel(found.along)
        axes.set_ylabel(f"mean {tuning.how.goal.measure}")
        figure.legend(loc="outside upper left", ncols=6, frameon=False)
        return as_svg(figure)


def folds_plot(tuning: Tuning) -> str:
    """Two bars a fold: the current settings, and what was best on the other folds, both on this fold's queries."""
    need("matplotlib")
    with styled():
        figure = wide_figure(2.6)
        axes = figure.subplots()
        places = range(len(tuning.folds))
        current = [float(one.current.mean()) for one in tuning.folds]
        chosen = [float(one.chosen.mean()) for one in tuning.folds]
        inner = [one.inner for one in tuning.folds]
        axes.bar([place - 0.2 for place in places], current, 0.38, color=TIED, label="current, on this fold")
        axes.bar([place + 0.2 for place in places], chosen, 0.38, color=GAIN, label="chosen on the others, on this fold")
        axes.plot(
            [place + 0.2 for place in places], inner, "_", markersize=16, color=INK, linestyle="", label="the same, where it was chosen"
        )
        axes.set_xticks(list(places), [f"fold {place + 1}\n{len(one.chosen)} queries" for place, one in enumerate(tuning.folds)])
        axes.set_ylabel(f"mean {tuning.how.goal.measure}")
        axes.set_ylim(0, 1.05)
        figure.legend(loc="outside upper left", ncols=3, frameon=False)
        return as_svg(figure)


def _numbers(axis: Axis) -> bool:
    return isinstance(axis, Range) or (axis.ordered and len(axis.values) > 1)


def _inside(trial: Trial, tuning: Tuning) -> bool:
    """Whether the trial is of the space: the current settings may lie outside, and belong to no line then."""
    return all(
        (getattr(trial.settings, axis.name) in axis.values)
        if isinstance(axis, Values)
        else (axis.low <= float(getattr(trial.settings, axis.name) or 0.0) <= axis.high)
        for axis in tuning.space.axes
    )
