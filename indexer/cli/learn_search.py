"""`fusedex learn search`: settings for `learn fuse`, looked for with a budget, and asked once on photos that no trial saw."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.cli.learn_fuse import USUAL, items_of, judged_items
from indexer.cli.progress import Display, display
from indexer.encode.catalog import lite0, make_text_encoder
from indexer.encode.image import ImageEncoder
from indexer.evaluate.space import Value
from indexer.learn.fuse_items import Item
from indexer.learn.fuse_search import SPACE, Nested, changed, gains, nested, reported, subset, trained
from indexer.learn.fuse_train import FuseHow
from indexer.learn.rows import RowTable
from indexer.learn.search import SHARES, Attempt, Budget, best_of, search
from indexer.learn.search_page import PAGE, SETTINGS, Searched, files
from indexer.settings import Settings
from indexer.whole import check_absent, new_files


def search_settings(
    feed: Annotated[
        list[Path] | None, typer.Argument(help="A catalogue with photos on this disk: what `fusedex feed` takes.", show_default=False)
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder for settings.toml, trials.json and report.html; must not exist.", show_default=False)],
    classes: Annotated[Path | None, typer.Option(help="Instead of a catalogue: a folder with a folder of photos for each class.")] = None,
    texts: Annotated[Path | None, typer.Option(help="CSV with the header class,text: the words of each class.")] = None,
    judgments: Annotated[Path | None, typer.Option(help="Judgments or clicks (CSV query,product_id,grade).")] = None,
    relevant: Annotated[int, typer.Option(min=1, help="From which grade on a judged product must be found.")] = 1,
    trials: Annotated[int, typer.Option(min=2, help="Settings that are tried.")] = 20,
    minutes: Annotated[float | None, typer.Option(min=0, help="After them no new trial begins; default: no bound.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Of each training, at most.")] = 12,
    views: Annotated[int, typer.Option(min=1, max=12, help="Views of each photo.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="For parts, trials and trainings.")] = 0,
    state: Annotated[Path | None, typer.Option(help="Folder that keeps the trials, so that an interrupted search goes on.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON object on standard output, nothing else.")] = False,
) -> None:
    """Look for better settings of `learn fuse`: each on a quarter of the photos first, the better half on more.

    A fifth of the photos is kept from all trials and asked once at the end, by the usual and by the chosen settings.
    `learn fuse --settings` reads what was found. The folder is written whole at the end, or not at all.
    """
    check_absent(out, what="search")
    settings = Settings.load()
    items = judged_items(items_of(feed or [], (classes, texts), settings), judgments, relevant)
    how = FuseHow(loop=replace(USUAL.loop, epochs=epochs, seed=seed), task=USUAL.task)
    sources = [path for path in (*(feed or []), classes, texts, judgments) if path]
    with display() as shown:
        parts = parted(items, settings, (views, seed), shown)
        found = attempts(parts, how, Budget(trials=trials, minutes=minutes), shown, state=state)
        searched = measured(parts, how, found, name=sources[0].name)
    new_files(out, files(searched))
    if as_json:
        print(json.dumps(searched.told(), ensure_ascii=False))
        return
    show(searched, out)


def parted(items: list[Item], settings: Settings, numbers: tuple[int, int], shown: Display) -> Nested:
    """The photos' rows in their parts; `numbers` are views and seed."""
    encode, (views, seed) = settings.encode, numbers
    network = lite0(encode)
    table = RowTable(make_text_encoder(encode), ImageEncoder(network), settings.home / "learn")
    try:
        shown.begin("photos", total=0)
        return nested(items, table, views=views, seed=seed)
    finally:
        shown.end()
        table.close()


def attempts(parts: Nested, how: FuseHow, budget: Budget, shown: Display, *, state: Path | None) -> list[Attempt]:
    """All trials; the display moves with each training."""
    seed, done = how.loop.seed, 0
    shown.begin("trainings", total=0)

    def score(settings: dict[str, Value], share: float) -> float:
        nonlocal done
        _, found = trained(subset(parts.inner, share, seed=seed), changed(how, settings))
        done += 1
        shown.at(done)
        return found

    told = {"data": parts.inner.digest, "report": len(parts.report), "loop": how.loop.told(), "shares": list(SHARES)}
    found = search(lambda settings, share: score(dict(settings), share), SPACE, budget, seed=seed, state=(state, told) if state else None)
    shown.end()
    return found


def measured(parts: Nested, how: FuseHow, found: list[Attempt], *, name: str) -> Searched:
    """The one look at the photos to report on."""
    usual, chosen = reported(parts, how), reported(parts, changed(how, best_of(found).settings))
    counts = {"photos to learn from": len(parts.inner.learn), "to choose by": len(parts.inner.apart), "to report on": len(parts.owner)}
    seed = how.loop.seed
    return Searched(name=name, seed=seed, attempts=found, usual=usual, chosen=chosen, gains=gains(usual, chosen, seed=seed), counts=counts)


def show(searched: Searched, out: Path) -> None:
    """The trials that came farthest, and what was found."""
    console = Console()
    table = Table(header_style="bold", title=f"{len(searched.attempts)} trials", title_justify="left", title_style="bold")
    table.add_column("trial", justify="right")
    table.add_column("settings", overflow="fold")
    for share in SHARES:
        table.add_column(f"{share:.0%}", justify="right")
    for one, told, scores in searched.ordered():
        table.add_row(str(one.number + 1), escape(told), *scores, style="bold" if one is searched.best else None)
    console.print(table)
    for text in (searched.verdict(), f"written: {out / PAGE}", f"use it: fusedex learn fuse ... --settings {out / SETTINGS}"):
        console.print(escape(text), highlight=False, soft_wrap=True)
