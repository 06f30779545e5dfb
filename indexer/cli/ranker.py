"""`fusedex ranker`: learn from judgments to put the best hits in order, in a folder that search loads."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from indexer.build.reading import build_searcher
from indexer.cli.progress import display
from indexer.evaluate.asking import Asking
from indexer.evaluate.folder import check_folder, write_folder
from indexer.evaluate.measures import need
from indexer.evaluate.queries import judged_texts
from indexer.evaluate.ranker import Ranker, RankerHow, learn_ranking
from indexer.rank.learned import MODEL, SPEC, need_lightgbm
from indexer.settings import Settings
from indexer.text.cleaning import Cleaning

PARTLY = 3
FILES = {MODEL, SPEC}
PATIENCE_S = 60.0
"""A search may take so long at least: a busy machine must not change what is learned."""
USED = 8
"""Figures that the terminal names, the most useful first."""


def ranker(
    judgments: Annotated[
        Path, typer.Argument(help="Judgments: CSV with the header query,product_id,grade, or TREC qrels.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder for model.txt and spec.json.", show_default=False)],
    queries: Annotated[
        Path | None, typer.Option(help="CSV with query_id, query and perhaps kind and language: the texts behind ids.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, max=20, help="Parts of the queries by which learning is stopped in time.")] = 5,
    holdout: Annotated[float, typer.Option(min=0.05, max=0.9, help="Share of the queries that nothing is learned from.")] = 0.3,
    relevant: Annotated[int, typer.Option(min=1, help="From which grade on a product is relevant.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="For parts and trees; the same seed gives the same model.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier ranking in that folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="What spec.json holds on standard output, nothing else.")] = False,
) -> None:
    """Learn a ranking from judged queries, and compare it with the current one on queries that were held out.

    Search with it by FUSEDEX_SEARCH__RERANK=learned and FUSEDEX_SEARCH__RANKER_FOLDER. Exit code 3: some queries were refused.
    """
    need("ir_measures")
    need_lightgbm()
    folder = check_folder(out, files=FILES, force=force)
    settings = Settings.load()
    judged = judged_texts(judgments, queries)
    how = RankerHow(
        folds=folds, holdout=holdout, relevant=relevant, depth=settings.search.rerank_depth, weight=settings.search.rerank_weight, seed=seed
    )
    patient = {"rerank": "none", "encode_s": PATIENCE_S, "timeout_s": PATIENCE_S}
    search = settings.search.model_copy(update=patient)
    with build_searcher(settings.model_copy(update={"search": search})) as searcher, display() as shown:
        if search.strategy != "lexical":
            searcher.warm(photos=False)
        shown.begin("searching", total=len(judged[1]))
        asking = Asking(searcher, per_page=search.per_page_cap)
        learned = learn_ranking(asking, judged, how=how, cleaning=Cleaning.load(settings.text), on_query=shown.at)
        shown.end()
    written = write_folder(folder, {MODEL: learned.model, SPEC: learned.spec_json()}, files=FILES, force=force)
    if as_json:
        print(json.dumps(learned.spec(), ensure_ascii=False))
    else:
        show(learned, Console())
        for path in written:
            print(f"written: {path}")
    if learned.refused:
        raise typer.Exit(PARTLY)


def show(learned: Ranker, console: Console) -> None:
    """Print the held-out comparison, the most useful figures, and the verdict."""
    table = Table(
        "nDCG@10, held out", *(run.name for run in learned.held.runs), title=f"{learned.trees} trees from {learned.pairs} judged hits"
    )
    for view in ("full", "condensed"):
        table.add_row(view, *(f"{figures[view, 'nDCG@10'].mean:.3f}" for figures in learned.held.figures))
    console.print(table)
    total = sum(learned.gains.values()) or 1.0
    best = sorted(learned.gains.items(), key=lambda pair: -pair[1])[:USED]
    console.print("decided by: " + ", ".join(f"{name} {gain / total:.0%}" for name, gain in best if gain), soft_wrap=True)
    console.print(learned.verdict(), highlight=False, soft_wrap=True)
