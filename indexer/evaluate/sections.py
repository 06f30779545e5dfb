"""The parts of the report's page: HTML tables and sentences; whatever came from a file or an index is escaped here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from indexer.evaluate.evaluation import MAIN, Against, Evaluation
from indexer.evaluate.measures import MEASURES, TELLING, VIEWS, Measure, View, graded
from indexer.evaluate.plots import colour, letter
from indexer.evaluate.slices import ALL, Moved, moved, worst

SURE = 0.05
"""Below this p a difference is called one."""
SHOWN_HITS = 6

_VIEWS_TOLD = (
    "<b>full</b>: the run as it is; a product that nobody judged counts as not relevant.",
    "<b>condensed</b>: products that nobody judged are taken out first.",
)
_MEASURES_TOLD = (
    "<b>nDCG@10</b>: gain by grade, discounted by rank, over the best possible order.",
    "<b>RR@10</b>: 1 over the rank of the first relevant product among ten; its mean is MRR@10.",
    "<b>R@100</b>: the share of the relevant products among the first hundred. <b>P@10</b>: relevant products among ten.",
    "<b>Judged@10</b>: how many of the first ten anybody judged; where it is low, the full view is unsure.",
)


def introduction(evaluation: Evaluation) -> str:
    """What was measured, in a sentence or two."""
    given = evaluation.given
    text = (
        f"{len(evaluation.topics):,} queries, {evaluation.judgments.pairs:,} judged pairs of query and product; "
        f"a product is relevant from grade {evaluation.relevant} on."
    )
    if evaluation.left_out:
        listed = ", ".join(escape(one.text) for one in evaluation.left_out[:12]) + (", …" if len(evaluation.left_out) > 12 else "")
        text += (
            f" {len(evaluation.left_out)} of the {len(given.queries)} judged queries have no relevant product; "
            f"every search scores zero on them, so they are left out: {listed}."
        )
    return f'<p class="soft">{text}</p>'


def runs_table(evaluation: Evaluation) -> str:
    """The runs, by the letter that they have in plots."""
    rows = [
        (
            key(place),
            escape(run.name),
            _settings(run.settings, evaluation.runs[0].settings if place else {}),
            str(evaluation.silent(run)),
            str(len(run.refused)),
            str(len(run.degraded)),
        )
        for place, run in enumerate(evaluation.runs)
    ]
    return table(("", "run", "settings", "#found nothing", "#refused", "#degraded"), rows)


def remarks(evaluation: Evaluation) -> Iterator[str]:
    """Warnings: queries that were refused or answered without a part, so that no figure hides them."""
    for place, run in enumerate(evaluation.runs):
        for what, told in (("refused, at score zero", run.refused), ("answered without a part of the search", run.degraded)):
            if told:
                query, reason = next(iter(told.items()))
                yield (
                    f'<p class="warn">{key(place)} {len(told)} {"query was" if len(told) == 1 else "queries were"} {what}; the first: '
                    f"<b>{escape(evaluation.text(query))}</b> ({escape(reason)})</p>"
                )


def means_table(evaluation: Evaluation) -> str:
    """Each view's means with their intervals, a row a run."""
    rows: list[tuple[str, ...]] = []
    for view in VIEWS:
        for place, figures in enumerate(evaluation.figures):
            cells = [
                f"<b>{figures[view, name].mean:.3f}</b> <small>{figures[view, name].low:.3f}–{figures[view, name].high:.3f}</small>"
                if name in TELLING[view]
                else "–"
                for name in MEASURES
            ]
            rows.append((view if not place else "", key(place), *cells))
    return table(("view", "", *(f"#{name}" for name in MEASURES)), rows, starts=len(evaluation.runs))


def verdict(one: Against) -> str:
    """What the comparison says of the main measure in the full view, in words."""
    found = one.comparisons["full", MAIN]
    corrected = one.corrected["full", MAIN]
    sure, holm = corrected < SURE, f" ({corrected:.4f} by Holm)" if corrected != found.p else ""
    side = "better" if found.mean > 0 else "worse"
    says = (
        f"{letter(one.place)} is {side} than {letter(0)}" if sure else f"No difference between {letter(one.place)} and {letter(0)} is shown"
    )
    return (
        f"<p><b>{says}</b> by {MAIN} in the full view: {found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f}), p = {found.p:.4f}{holm}; "
        f"{found.wins} queries win, {found.ties} tie, {found.losses} lose.</p>"
    )


def comparison_table(evaluation: Evaluation, one: Against) -> str:
    """Each view and measure: mean difference, interval, p, and how many queries won, tied and lost."""
    several = len(evaluation.against) > 1
    rows: list[tuple[str, ...]] = []
    for view in VIEWS:
        for place, name in enumerate(TELLING[view]):
            found = one.comparisons[view, name]
            chances = [f"{found.p:.4f}"] + ([f"{one.corrected[view, name]:.4f}"] if several else [])
            told = (signed(found.mean), f"{found.low:+.3f} to {found.high:+.3f}", *chances)
            rows.append((view if not place else "", name, *told, str(found.wins), str(found.ties), str(found.losses)))
    heads = ("#difference", "#95% interval", "#p", *(("#p (Holm)",) if several else ()), "#wins", "#ties", "#losses")
    return table(("view", "measure", *heads), rows)


def moved_tables(evaluation: Evaluation, place: int, *, first: int) -> str:
    """The queries that lose most and those that win most, with both runs' figures."""
    before, after = (evaluation.measured[which].of("full", MAIN) for which in (0, place))
    losers, winners = moved(before, after, first=first)
    heads = ("query", f"#{letter(0)}", f"#{letter(place)}", "#difference")
    parts: list[str] = []
    for title, rows in (("Biggest losses", losers), ("Biggest gains", winners)):
        told = table(heads, [_moved_row(evaluation, one) for one in rows]) if rows else '<p class="soft">None.</p>'
        parts.append(f"<div><h3>{title} ({MAIN}, full view)</h3>{told}</div>")
    return f'<div class="two">{"".join(parts)}</div>'


def groups_tables(evaluation: Evaluation) -> Iterator[str]:
    """Means of the groups of queries, where there are any beside all."""
    if len(evaluation.groups) < 2:
        return
    yield "<h2>By kind and language</h2>"
    views: tuple[tuple[View, Measure], ...] = (("full", MAIN), ("condensed", MAIN), ("rerank", MAIN), ("full", "RR@10"), ("full", "R@100"))
    rows: list[tuple[str, ...]] = []
    for name, places in evaluation.groups.items():
        for place, one in enumerate(evaluation.measured):
            cells = [f"{one.mean(*which, among=places):.3f}" for which in views]
            rows.append((escape(name) if not place else "", str(len(places)) if not place else "", key(place), *cells))
    yield table(("group", "#queries", "", *(f"#{name} {view}" for view, name in views)), rows, starts=len(evaluation.measured))


def slices_table(evaluation: Evaluation) -> Iterator[str]:
    """Which share of the relevant products of each slice of the catalogue is found, and how much of the first ten hits it has."""
    if not evaluation.slices:
        return
    yield "<h2>By brand size, price and photo of the products</h2>"
    rows: list[tuple[str, ...]] = []
    for one in evaluation.slices:
        told = (escape(one.group), escape(one.name), f"{one.products:,}", f"{one.relevant:,}")
        for place, share in enumerate(one.runs):
            cells = [shared(share.at_10), shared(share.at_100), shared(share.exposure)]
            rows.append((*(told if not place else ("",) * 4), key(place), *cells))
    heads = ("group", "slice", "#products", "#relevant pairs", "", "#found at 10", "#found at 100", "#part of first 10")
    yield table(heads, rows, starts=len(evaluation.runs) if len(evaluation.runs) > 1 else 0)
    yield '<p class="soft">Shares are over pairs of query and relevant product; a slice with few pairs says little.</p>'


def shared(share: float | None) -> str:
    """A share for people; a dash where there is none."""
    return "–" if share is None else f"{share:.3f}"


def worst_table(evaluation: Evaluation, place: int, *, first: int) -> str:
    """A run's worst queries, with their first hits and the grades of these."""
    run, one = evaluation.runs[place], evaluation.measured[place]
    rows: list[tuple[str, ...]] = []
    for where in worst(one.of("full", MAIN), among=evaluation.groups[ALL], first=first):
        topic = evaluation.topics[where]
        grades = evaluation.judgments.grades[topic.id]
        hits = [
            f"{escape(hit.id)}&nbsp;<small>{'?' if grade is None else grade}</small>"
            for hit, grade in graded(run, topic.id, grades, first=SHOWN_HITS)
        ]
        figures = [f"{one.of(view, MAIN)[where]:.3f}" for view in VIEWS]
        relevant = str(evaluation.judgments.relevant(topic.id, least=evaluation.relevant))
        rows.append((escape(topic.text), *figures, relevant, ", ".join(hits) or '<span class="soft">found nothing</span>'))
    heads = ("query", *(f"#{view}" for view in VIEWS), "#relevant", "first hits, each with its grade (?: not judged)")
    return f"<h3>{key(place)} {escape(run.name)}: lowest {MAIN}</h3>{table(heads, rows)}"


def reading(evaluation: Evaluation) -> str:
    """The views, the measures and the tests, explained."""
    rerank = (
        "<b>rerank</b>: only judged products, in the run's order; those that it lacks follow in an order that knows no grades. Judged "
        f"products in an order by chance score {MAIN} {evaluation.chance[MAIN]:.3f} there: read that view from this floor."
    )
    tests = (
        "Intervals: bootstrap over queries, 10,000 resamples, 95%. p: randomisation test of the paired differences, two-sided, by flips "
        f"of sign (all of them up to 13 differences, else 10,000), seed {evaluation.seed}. Holm: corrected for several runs. With few "
        "queries only large differences can be shown."
    )
    told = (*_VIEWS_TOLD, rerank, *_MEASURES_TOLD, "A query that found nothing, or was refused, scores zero in every view.", tests)
    return f"<ul>{''.join(f'<li>{one}</li>' for one in told)}</ul>"


def digests(evaluation: Evaluation) -> str:
    """Digests of judgments and runs: equal ones mean equal contents."""
    rows = [("judgments", escape(evaluation.name), f"<code>{evaluation.given.digest}</code>")]
    rows += [("run", f"{key(place)} {escape(run.name)}", f"<code>{run.digest}</code>") for place, run in enumerate(evaluation.runs)]
    return table(("what", "name", "sha-256"), rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, starts: int = 0) -> str:
    """An HTML table; heads that begin with # are of numbers. Cells are HTML. Every `starts` rows a stronger line."""
    numbers = [head.startswith("#") for head in heads]
    head = "".join(f"<th{' class=n' * number}>{escape(name.removeprefix('#'))}</th>" for name, number in zip(heads, numbers, strict=True))
    body = "".join(
        f"<tr{' class=first' * bool(starts and not place % starts)}>"
        + "".join(f"<td{' class=n' * number}>{cell}</td>" for cell, number in zip(row, numbers, strict=True))
        + "</tr>\n"
        for place, row in enumerate(rows)
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>'


def key(place: int) -> str:
    """A run's letter in its colour."""
    return f'<span class="key" style="background:{colour(place)}">{letter(place)}</span>'


def signed(number: float) -> str:
    """A difference, coloured by its side."""
    return f'<span class="{"gain" if number > 0 else "loss" if number < 0 else "soft"}">{number:+.3f}</span>'


def _moved_row(evaluation: Evaluation, one: Moved) -> tuple[str, ...]:
    return escape(evaluation.topics[one.place].text), f"{one.before:.3f}", f"{one.after:.3f}", signed(one.by)


def _settings(settings: Mapping[str, object], first: Mapping[str, object]) -> str:
    """A run's settings; those of the first run are told once, and of the others what differs from them."""
    if not settings:
        return '<span class="soft">a file</span>'
    changed = {name: value for name, value in settings.items() if not first or first.get(name) != value}
    pairs = ", ".join(f"{escape(str(name))}={escape(str(value))}" for name, value in changed.items())
    return f"<small>{'as A, but ' if first else ''}{pairs or 'in nothing'}</small>"
