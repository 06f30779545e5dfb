"""The page of a tuning: one HTML file that holds all it shows, in the manner of the evaluation's report."""

from collections.abc import Iterator
from html import escape

from indexer.evaluate import sections
from indexer.evaluate.plots import differences_plot, letter, means_plot
from indexer.evaluate.report import whole_page
from indexer.evaluate.sections import table
from indexer.evaluate.tune import Tuning
from indexer.evaluate.tune_plots import curves, curves_plot, folds_plot
from indexer.evaluate.tuned import differing, fold_means
from indexer.settings import SearchSettings

FIRST_TRIALS = 15
_NESTED_TOLD = (
    "<b>Nested estimate</b>: each fold in turn is left out, the best settings are searched with the other folds alone, and scored on "
    "the one left out (Varma and Simon 2006). It says what choosing like this gains, not what one choice does."
)
_PARTED = (
    "Queries are parted by a seed, alike by kind and language; queries of one text stay together. The current settings always take part. "
    "Of settings that score equally the nearest to the current ones are chosen."
)
_READING = (
    "<b>Trials</b> are scored on the tuning queries. The best of many looks better there than it is, because it was chosen there.",
    _NESTED_TOLD,
    "<b>Held-out queries</b> were seen by no trial, and once at the end by the chosen and the current settings.",
    _PARTED,
    "A gain is called shown where the 95% interval (bootstrap over queries) lies above zero and p (randomisation test) is below 0.05.",
)


def tuning_page(tuning: Tuning) -> str:
    """The HTML page; every text from outside is escaped, and nothing is loaded from anywhere."""
    title = f"Tuning: {tuning.how.name}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="{"soft" if tuning.shown or not tuning.changed else "warn"}"><b>{escape(tuning.verdict())}</b></p>',
        _introduction(tuning),
        "<h2>Settings</h2>",
        _settings_table(tuning),
        *_curves(tuning),
        "<h2>Best trials</h2>",
        _trials_table(tuning),
        "<h2>Nested estimate</h2>",
        *_nested(tuning),
        "<h2>Held-out queries: B tuned against A current</h2>",
        *_held_out(tuning),
        "<h2>How to read this</h2>",
        f"<ul>{''.join(f'<li>{one}</li>' for one in _READING)}</ul>",
        sections.reading(tuning.held),
        "<h2>What it came from</h2>",
        _came_from(tuning),
    ]
    return whole_page(title, parts)


def settings_text(settings: SearchSettings, tuning: Tuning) -> str:
    """The values on the axes that have more than one: blend=rrf, lexical_weight=0.3."""
    varied = [axis.name for axis in tuning.space.axes if len({getattr(one.settings, axis.name) for one in tuning.trials}) > 1]
    return ", ".join(f"{name}={_short(value)}" for name, value in differing(settings, tuning).items() if name in varied)


def requests_text(tuning: Tuning) -> str:
    """What the trials asked of the store."""
    first, others = tuning.trials[0].requests, [one.requests for one in tuning.trials[1:]]
    each = sum(others) / len(others) if others else 0.0
    return f"requests: {first:,} for the first trial, {each:.3g} for each of {len(others):,} others"


def _introduction(tuning: Tuning) -> str:
    how, parts = tuning.how, tuning.split
    left = f" {len(tuning.left_out)} queries without a relevant product are left out." if tuning.left_out else ""
    refused = f" {len(tuning.refused)} queries were refused by some trial and scored zero there." if tuning.refused else ""
    method = f"Bayesian search (TPE), {how.trials} steps each" if how.method == "bayes" else "all combinations"
    return (
        f'<p class="soft">Tuned by {how.goal.measure} in the {how.goal.view} view, relevant from grade {how.goal.relevant} on: '
        f"{len(parts.tuning)} queries in {len(parts.folds)} folds to choose by, {len(parts.held)} held out, seed {how.seed}; {method}, "
        f"{len(tuning.trials)} settings tried; {requests_text(tuning)}.{left}{refused}</p>"
    )


def _settings_table(tuning: Tuning) -> str:
    rows = []
    for axis in tuning.space.axes:
        before, after = (getattr(one, axis.name) for one in (tuning.current, tuning.chosen))
        rows.append(
            (f"<code>{axis.name}</code>", escape(_short(before)), f"<b>{escape(_short(after))}</b>" if before != after else "the same")
        )
    return table(("setting", "current", "tuned"), rows)


def _curves(tuning: Tuning) -> Iterator[str]:
    found = curves(tuning)
    if found is not None:
        yield f"<h2>The score along {found.along}</h2>"
        yield curves_plot(tuning, found)
        yield '<p class="soft">Each point is the best over all other settings, on the tuning queries.</p>'


def _trials_table(tuning: Tuning) -> str:
    best = sorted(enumerate(tuning.trials), key=lambda pair: (pair[1] is not tuning.winner, -pair[1].mean, pair[0]))[:FIRST_TRIALS]
    shown = dict(best) | {0: tuning.trials[0]}
    rows = []
    for place, trial in shown.items():
        marks = [name for name, it in (("current", not place), ("chosen", trial is tuning.winner)) if it]
        told = escape(settings_text(trial.settings, tuning))
        rows.append((told, ", ".join(marks), f"<b>{trial.mean:.4f}</b>", *(f"{one:.3f}" for one in fold_means(trial, tuning))))
    return table(("settings", "", "#mean", *(f"#fold {place + 1}" for place in range(len(tuning.split.folds)))), rows)


def _nested(tuning: Tuning) -> Iterator[str]:
    found = tuning.nested
    seen = tuning.winner.mean - tuning.trials[0].mean
    yield (
        f"<p>Choosing like this gains <b>{found.mean:+.3f}</b> ({found.low:+.3f} to {found.high:+.3f}, p = {found.p:.4f}) on queries "
        f"that the choice had not seen; on those it was made by, {seen:+.3f}.</p>"
    )
    yield folds_plot(tuning)
    rows = [
        (str(place), escape(settings_text(one.choice, tuning)), f"{one.inner:.3f}", f"{one.chosen.mean():.3f}", f"{one.current.mean():.3f}")
        for place, one in enumerate(tuning.folds, 1)
    ]
    yield table(("fold", "best on the other folds", "#there", "#on this fold", "#current on this fold"), rows)


def _held_out(tuning: Tuning) -> Iterator[str]:
    held = tuning.held
    (one,) = held.against
    yield f"<p><b>{escape(tuning.verdict())}</b></p>"
    yield from sections.remarks(held)
    yield means_plot(held)
    yield sections.means_table(held)
    yield differences_plot(held, one.place)
    yield f'<p class="soft">{letter(0)} current, {letter(1)} tuned.</p>'
    yield sections.comparison_table(held, one)
    yield sections.moved_tables(held, one.place, first=10)
    yield from sections.groups_tables(held)


def _came_from(tuning: Tuning) -> str:
    rows = [
        ("judgments", escape(tuning.how.name), f"<code>{tuning.given.digest}</code>"),
        ("index", escape(tuning.description.index), f"{tuning.description.products:,} products"),
        ("seed", "", str(tuning.how.seed)),
    ]
    return table(("what", "name", ""), rows)


def _short(value: object) -> str:
    return "the encoder's" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
