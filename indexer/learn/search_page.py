"""What a search of settings leaves: the best as TOML that `learn fuse --settings` reads, all of it as JSON, a page to look at."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

from indexer.errors import SettingsError
from indexer.evaluate.compare import Comparison
from indexer.evaluate.plots import COLOURS, TIED, as_svg, styled, wide_figure
from indexer.evaluate.report import whole_page
from indexer.evaluate.sections import table
from indexer.evaluate.space import Value
from indexer.learn.fuse_measures import Floats
from indexer.learn.packages import need
from indexer.learn.search import SHARES, Attempt, best_of

SETTINGS, TRIALS, PAGE = "settings.toml", "trials.json", "report.html"
TABLE = "fuse"
SURE = 0.05
"""Below this p, and with an interval above zero, a gain is called shown."""
READING = (
    "<b>Trials</b> all learn from a quarter of the photos; the better half of them from a half, and of these the better half from all.",
    "<b>Scores</b> are of photos that choose epoch and trial, though none learned from them: the best of many looks better than it is.",
    "<b>Reported</b> photos were seen by no trial; the usual settings and the chosen ones are asked for them once, at the end.",
    "A gain is called shown where the 95% interval (bootstrap) lies above zero and p (randomisation test) is below 0.05.",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Searched:
    """All trials, and both settings on what no trial saw: by measure a number for each photo or text."""

    name: str
    seed: int
    attempts: Sequence[Attempt]
    usual: Mapping[str, Floats]
    chosen: Mapping[str, Floats]
    gains: Mapping[str, Comparison]
    counts: Mapping[str, int]

    @property
    def best(self) -> Attempt:
        """The trial whose settings are chosen."""
        return best_of(self.attempts)

    def ordered(self) -> Iterator[tuple[Attempt, str, tuple[str, ...]]]:
        """The trials that came farthest first, each with its settings and, for each share of the data, its score as text."""
        for one in sorted(self.attempts, key=lambda one: (-max(one.scores), -one.score, one.number)):
            told = ", ".join(f"{name}={value}" for name, value in one.settings.items())
            yield one, told, tuple(f"{one.scores[share]:.4f}" if share in one.scores else "" for share in SHARES)

    def verdict(self) -> str:
        """One sentence: what was found, and how sure it is."""
        told = ", ".join(f"{name} {one.mean:+.3f} ({one.low:+.3f} to {one.high:+.3f}, p {one.p:.4f})" for name, one in self.gains.items())
        better = [name for name, one in self.gains.items() if one.low > 0 and one.p < SURE]
        worse = [name for name, one in self.gains.items() if one.high < 0 and one.p < SURE]
        if worse:
            return f"Worse by {' and '.join(worse)} on photos that no trial saw, so keep the usual settings: {told}."
        if better:
            return f"Better by {' and '.join(better)}, shown on photos that no trial saw: {told}."
        return f"A gain over the usual settings is not shown on photos that no trial saw: {told}."

    def told(self) -> dict[str, Any]:
        """As a JSON object."""
        both = {"usual": self.usual, "chosen": self.chosen}
        return {
            "verdict": self.verdict(),
            "settings": dict(self.best.settings),
            "best_trial": self.best.number + 1,
            "seed": self.seed,
            "data": dict(self.counts),
            "report": {name: {measure: float(values.mean()) for measure, values in one.items()} for name, one in both.items()},
            "gains": {name: asdict(one) for name, one in self.gains.items()},
            "trials": [
                {"trial": one.number + 1, "settings": dict(one.settings), "scores": {str(s): v for s, v in one.scores.items()}}
                for one in self.attempts
            ],
        }


def files(searched: Searched) -> dict[str, bytes]:
    """The files of the folder by name. Raises ModelUnavailable without matplotlib."""
    told = json.dumps(searched.told(), indent=1, ensure_ascii=False) + "\n"
    return {SETTINGS: settings_toml(searched).encode(), TRIALS: told.encode(), PAGE: page(searched).encode()}


def settings_toml(searched: Searched) -> str:
    """A table [fuse] with the chosen settings."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in searched.best.settings.items()]
    return "\n".join([f"# {searched.verdict()}", f"# Use it: fusedex learn fuse ... --settings {SETTINGS}", f"[{TABLE}]", *lines]) + "\n"


def read_settings(file: Path) -> dict[str, Value]:
    """The table [fuse] of a TOML file. Raises SettingsError for any other file."""
    try:
        with file.open("rb") as stream:
            told = tomllib.load(stream).get(TABLE)
    except OSError as error:
        raise SettingsError(f"{file} can't be read: {error.strerror}.", cure=f"Name the {SETTINGS} of `fusedex learn search`.") from error
    except ValueError as error:
        raise SettingsError(f"{file} is no TOML: {error}.", cure="Mend the file.") from error
    if not isinstance(told, dict) or not all(isinstance(value, str | int | float) for value in told.values()):
        raise SettingsError(f"{file} has no table [{TABLE}] of texts and numbers.", cure=f"Name the {SETTINGS} of `fusedex learn search`.")
    return told


def page(searched: Searched) -> str:
    """The HTML page, which loads nothing; every text from outside is escaped."""
    title = f"Search of settings: {searched.name}"
    whole = sum(one.whole for one in searched.attempts)
    counts = ", ".join(f"{count:,} {name}" for name, count in searched.counts.items())
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft"><b>{escape(searched.verdict())}</b></p>',
        f'<p class="soft">{len(searched.attempts)} trials, {whole} of them on all photos; {escape(counts)}; seed {searched.seed}.</p>',
        "<h2>Trials</h2>",
        trials_plot(searched.attempts),
        _trials_table(searched),
        "<h2>Usual and chosen settings on photos that no trial saw</h2>",
        _report_table(searched),
        "<h2>How to read this</h2>",
        f"<ul>{''.join(f'<li>{one}</li>' for one in READING)}</ul>",
    ]
    return whole_page(title, parts)


def trials_plot(attempts: Sequence[Attempt]) -> str:
    """An SVG drawing: left, each trial's score as far as it came; right, how the scores grew with the data."""
    need("matplotlib")
    best = best_of(attempts)
    with styled():
        figure = wide_figure(3.2)
        left, right = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True).ravel().tolist()
        for place, share in enumerate(SHARES):
            some = [one for one in attempts if max(one.scores) == share]
            label = f"ended at {share:.0%} of the photos" if share < 1 else "tried on all photos"
            left.plot([one.number + 1 for one in some], [one.score for one in some], "vso"[place], color=COLOURS[place], label=label)
        left.plot([best.number + 1], [best.score], "o", markersize=13, fillstyle="none", color="#20262b", label="chosen")
        left.set(xlabel="trial", ylabel="score")
        left.xaxis.get_major_locator().set_params(integer=True)
        for one in attempts:
            shown = {"color": COLOURS[2], "zorder": 3, "linewidth": 2.0} if one is best else {"color": TIED, "linewidth": 0.8}
            right.plot(list(one.scores), list(one.scores.values()), marker=".", **shown)
        right.set(xlabel="share of the photos to learn from", xticks=SHARES, xticklabels=[f"{share:.0%}" for share in SHARES])
        figure.legend(loc="outside upper left", ncols=4, frameon=False)
        return as_svg(figure)


def _trials_table(searched: Searched) -> str:
    rows = [
        (str(one.number + 1), escape(told), "chosen" if one is searched.best else "", *scores) for one, told, scores in searched.ordered()
    ]
    return table(("#trial", "settings", "", *(f"#{share:.0%}" for share in SHARES)), rows)


def _report_table(searched: Searched) -> str:
    rows = []
    for name, one in searched.gains.items():
        usual, chosen = searched.usual[name], searched.chosen[name]
        rows.append((name, f"{len(usual):,}", f"{usual.mean():.3f}", f"{chosen.mean():.3f}", one.spread, f"{one.p:.4f}"))
    return table(("measure", "#photos or texts", "#usual", "#chosen", "#difference (95%)", "#p"), rows)
