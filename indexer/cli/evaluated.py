"""What `fusedex evaluate` found, as tables for the terminal."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.evaluate.evaluation import MAIN, Against, Evaluation
from indexer.evaluate.measures import MEASURES, TELLING, VIEWS
from indexer.evaluate.plots import letter
from indexer.evaluate.sections import shared
from indexer.evaluate.slices import ALL, worst


def show(evaluation: Evaluation, console: Console, *, worst: int = 10, written: Sequence[Path] = ()) -> None:
    """Print what was measured, the means, the comparisons, the groups, the worst queries, and where the report lies."""
    told = f"{len(evaluation.topics):,} queries, {evaluation.judgments.pairs:,} judged pairs; relevant from grade {evaluation.relevant} on."
    if evaluation.left_out:
        told += f" {len(evaluation.left_out)} queries without a relevant product are left out."
    console.print(told, highlight=False, soft_wrap=True)
    console.print(means_table(evaluation))
    for one in evaluation.against:
        console.print(comparison_table(evaluation, one))
    if len(evaluation.groups) > 1:
        console.print(groups_table(evaluation))
    if evaluation.slices:
        console.print(slices_table(evaluation))
    console.print(worst_table(evaluation, first=worst))
    for line in warnings(evaluation):
        console.print(escape(line), style="yellow", highlight=False, soft_wrap=True)
    for path in written:
        console.print(f"written: {escape(str(path))}", highlight=False, soft_wrap=True)


def means_table(evaluation: Evaluation) -> Table:
    """A row a view and run: each measure's mean; what says nothing in a view is a dash."""
    table = _table("view", "run", *(f"#{name}" for name in MEASURES))
    for view in VIEWS:
        for place, run in enumerate(evaluation.runs):
            means = [f"{evaluation.figures[place][view, name].mean:.3f}" if name in TELLING[view] else "–" for name in MEASURES]
            table.add_row(
                "" if place else view, f"{letter(place)} {escape(run.name)}", *means, end_section=place == len(evaluation.runs) - 1
            )
    return table


def comparison_table(evaluation: Evaluation, one: Against) -> Table:
    """A run against the first by the main measure in each view: difference, interval, p (by Holm with several), wins, ties, losses."""
    table = _table("view", f"#{MAIN}", "#95%", "#p", "#wins", "#ties", "#losses")
    table.title = f"{letter(one.place)} {escape(evaluation.runs[one.place].name)} against {letter(0)} {escape(evaluation.runs[0].name)}"
    for view in VIEWS:
        found = one.comparisons[view, MAIN]
        counts = str(found.wins), str(found.ties), str(found.losses)
        spread = f"{found.low:+.3f} to {found.high:+.3f}"
        table.add_row(view, f"{found.mean:+.3f}", spread, f"{one.corrected[view, MAIN]:.4f}", *counts)
    return table


def groups_table(evaluation: Evaluation) -> Table:
    """Each group of queries: the main measure in the full view, a column a run."""
    table = _table("group", "#queries", *(f"#{letter(place)}" for place in range(len(evaluation.runs))))
    table.title = f"{MAIN} by group (full view)"
    for name, places in evaluation.groups.items():
        table.add_row(escape(name), str(len(places)), *(f"{one.mean('full', MAIN, among=places):.3f}" for one in evaluation.measured))
    return table


def slices_table(evaluation: Evaluation) -> Table:
    """Each slice of the catalogue's products: the share of its relevant pairs among the first 10 and 100 hits, a column a run."""
    runs = range(len(evaluation.runs))
    table = _table("products", "#number", "#relevant", *(f"#{letter(place)} {at}" for place in runs for at in ("at 10", "at 100")))
    table.title = "Relevant products found, by what they are"
    for one in evaluation.slices:
        shares = [shared(share) for run in one.runs for share in (run.at_10, run.at_100)]
        table.add_row(escape(f"{one.group}: {one.name}"), f"{one.products:,}", f"{one.relevant:,}", *shares)
    return table


def worst_table(evaluation: Evaluation, *, first: int) -> Table:
    """The first run's worst queries by the main measure in the full view, with what the other runs made of them."""
    table = _table("query", *(f"#{letter(place)}" for place in range(len(evaluation.runs))), "#relevant", "#judged")
    table.title = f"Worst queries of {letter(0)} ({MAIN}, full view)"
    columns = [one.of("full", MAIN) for one in evaluation.measured]
    for place in worst(columns[0], among=evaluation.groups[ALL], first=first):
        topic = evaluation.topics[place]
        judged = evaluation.judgments.relevant(topic.id, least=evaluation.relevant), len(evaluation.judgments.grades[topic.id])
        table.add_row(escape(topic.text), *(f"{column[place]:.3f}" for column in columns), *map(str, judged))
    return table


def warnings(evaluation: Evaluation) -> list[str]:
    """A line for each run with queries that found nothing, were refused, or were answered without a part."""
    lines: list[str] = []
    for place, run in enumerate(evaluation.runs):
        if silent := evaluation.silent(run):
            lines.append(f"{letter(place)}: {_queries(silent)} found nothing: zero in every view.")
        for what, told in (("refused, at score zero", run.refused), ("answered without a part of the search", run.degraded)):
            if told:
                query, reason = next(iter(told.items()))
                were = "was" if len(told) == 1 else "were"
                lines.append(f"{letter(place)}: {_queries(len(told))} {were} {what}; the first, {evaluation.text(query)!r}: {reason}")
    return lines


def _queries(count: int) -> str:
    return "1 query" if count == 1 else f"{count} queries"


def _table(*heads: str) -> Table:
    table = Table(header_style="bold", title_justify="left", title_style="bold")
    for head in heads:
        table.add_column(head.removeprefix("#"), justify="right" if head.startswith("#") else "left", overflow="fold")
    return table
