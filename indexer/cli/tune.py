"""`fusedex tune`: better search settings from judgments, with what they stand on, in a folder of three files."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.build.places import build_encoders, endpoints
from indexer.cli.progress import Display, display
from indexer.evaluate.folder import check_folder, write_folder
from indexer.evaluate.measures import Measure, View, need
from indexer.evaluate.queries import judged_texts
from indexer.evaluate.remember import Searches
from indexer.evaluate.space import Space, default_space, read_space
from indexer.evaluate.trials import Goal, Method
from indexer.evaluate.tune import TuneHow, Tuning
from indexer.evaluate.tune import tune as tuned_by
from indexer.evaluate.tune_page import requests_text, settings_text, tuning_page
from indexer.evaluate.tuned import EVIDENCE, FILES, PAGE, SETTINGS, evidence, evidence_json, settings_toml
from indexer.settings import Settings
from indexer.store.opensearch import OpenSearchStore
from indexer.text.cleaning import Cleaning

PARTLY = 3
SHOWN = 5
"""Best trials in the terminal's table."""
TRIALS = 60


def tune(
    judgments: Annotated[
        Path, typer.Argument(help="Judgments: CSV with the header query,product_id,grade, or TREC qrels.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder for tuned.toml, evidence.json and report.html.", show_default=False)],
    queries: Annotated[
        Path | None, typer.Option(help="CSV with query_id, query and perhaps kind and language: the texts behind ids.")
    ] = None,
    space: Annotated[Path | None, typer.Option(help="TOML with a table \\[space]; default: blend and lexical_weight.")] = None,
    measure: Annotated[Measure, typer.Option(help="What is made as high as can be.")] = "nDCG@10",
    view: Annotated[View, typer.Option(help="Over which products: all, or without (condensed, rerank) those that nobody judged.")] = "full",
    method: Annotated[Method, typer.Option(help="All combinations, or Bayesian search.")] = "grid",
    trials: Annotated[int | None, typer.Option(min=2, help=f"Steps of each Bayesian search; default {TRIALS}.")] = None,
    folds: Annotated[int, typer.Option(min=2, max=20, help="Parts of the tuning queries for the nested estimate.")] = 5,
    holdout: Annotated[float, typer.Option(min=0.05, max=0.9, help="Share of the queries that no trial sees.")] = 0.3,
    relevant: Annotated[int, typer.Option(min=1, help="From which grade on a product is relevant.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="For parts, search and tests; the same seed gives the same choice.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier tuning in that folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The evidence as one JSON object on standard output, nothing else.")] = False,
) -> None:
    """Find better search settings: chosen on some judged queries, checked once on others that no trial saw.

    Exit code 3: some queries were refused. The folder is written whole at the end, or not at all.
    """
    if trials is not None and method == "grid":
        raise typer.BadParameter("A grid tries all combinations.", param_hint="--trials")
    need("ir_measures", "matplotlib", *(("optuna",) if method == "bayes" else ()))
    folder = check_folder(out, files=FILES, force=force)
    settings = Settings.load()
    wanted = read_space(space, settings.search) if space else default_space()
    judged = judged_texts(judgments, queries)
    how = TuneHow(
        name=judgments.name,
        goal=Goal(measure=measure, view=view, relevant=relevant),
        method=method,
        trials=trials or TRIALS,
        folds=folds,
        holdout=holdout,
        seed=seed,
    )
    with searching(settings, queries=len(judged[1])) as searches, display() as shown:
        tuning = tuned_by(searches, judged, (wanted, settings.search), how=how, on_trial=_telling(shown, wanted, how))
        shown.end()
    texts = {SETTINGS: settings_toml(tuning), EVIDENCE: evidence_json(tuning), PAGE: tuning_page(tuning)}
    written = write_folder(folder, texts, files=FILES, force=force)
    if as_json:
        print(json.dumps(evidence(tuning), ensure_ascii=False))
    else:
        _show(tuning, Console(), written)
    if tuning.refused or any(run.refused for run in tuning.held.runs):
        raise typer.Exit(PARTLY)


@contextmanager
def searching(settings: Settings, *, queries: int) -> Iterator[Searches]:
    """Searches of this home's index, whose encoders keep the rows of so many queries; the store is closed at the end."""
    cleaning = Cleaning.load(settings.text)
    url = SecretStr(endpoints(settings).opensearch_url)
    store = OpenSearchStore(url, settings.index, timeout_s=max(settings.search.timeout_s, 60.0), cleaning=cleaning)
    try:
        encoders = build_encoders(settings, query_cache=4 * queries + 16)
        yield Searches(store, encoders, photo_pixels=settings.feed.photo_pixels, cleaning=cleaning)
    finally:
        store.close()


def _telling(shown: Display, space: Space, how: TuneHow) -> Callable[[str], None]:
    """Moves the display by a trial; the parts follow each other."""
    each = 1 + (how.trials if how.method == "bayes" else space.size or 0)
    totals = {"trials": each, "nested": each * how.folds}
    done = dict.fromkeys(totals, 0)

    def on_trial(part: str) -> None:
        if not done[part]:
            if part == "nested":
                shown.end()
            shown.begin(part, total=totals[part])
        done[part] += 1
        shown.at(done[part])

    return on_trial


def _show(tuning: Tuning, console: Console, written: Sequence[Path]) -> None:
    console.print(_table(tuning))
    for text in (
        f"nested estimate: choosing like this gains {tuning.nested.spread} on queries that the choice had not seen",
        requests_text(tuning),
        *(f"written: {path}" for path in written),
    ):
        console.print(escape(text), highlight=False, soft_wrap=True)
    if tuning.refused:
        console.print(f"{len(tuning.refused)} queries were refused by some trial: zero there.", style="yellow", soft_wrap=True)
    console.print(escape(tuning.verdict()), style="bold", highlight=False, soft_wrap=True)


def _table(tuning: Tuning) -> Table:
    """The best trials and the current settings, by the tuning queries; the two that were held against each other also there."""
    goal = tuning.how.goal
    table = Table(header_style="bold", title_justify="left", title_style="bold", title=f"{goal.measure} ({goal.view} view)")
    table.add_column("settings", overflow="fold")
    table.add_column("")
    for head in (f"{len(tuning.split.tuning)} tuning queries", f"{len(tuning.split.held)} held out"):
        table.add_column(head, justify="right")
    best = sorted(enumerate(tuning.trials), key=lambda pair: (pair[1] is not tuning.winner, -pair[1].mean, pair[0]))[:SHOWN]
    for place, trial in (dict(best) | {0: tuning.trials[0]}).items():
        marks = {"chosen": trial is tuning.winner, "current": not place}
        held = [tuning.held.measured[1 if name == "chosen" else 0].mean(goal.view, goal.measure) for name, it in marks.items() if it]
        told = ", ".join(name for name, it in marks.items() if it)
        table.add_row(escape(settings_text(trial.settings, tuning)), told, f"{trial.mean:.4f}", *(f"{one:.4f}" for one in held[:1]))
    return table
