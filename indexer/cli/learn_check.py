"""`fusedex learn check`: near-duplicates, wrong kinds, odd prices and photos of a feed, each with its evidence."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.build.places import build_encoders
from indexer.cli.progress import display
from indexer.evaluate.report import write_whole
from indexer.feed.read import read_feed
from indexer.learn.check_page import page, unusable
from indexer.learn.checks import Seen
from indexer.learn.checks import check as check_listings
from indexer.learn.findings import CHECKS, Checked
from indexer.learn.listings import read_listings
from indexer.settings import Settings
from indexer.text import Cleaning


def check(
    feed: Annotated[list[Path], typer.Argument(help="Files, folders or patterns, as `fusedex feed` takes them.", show_default=False)],
    *,
    kind: Annotated[
        str, typer.Option(help="The field that tells a product's kind: category, or an attribute; else it is looked for.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write the report into this file (HTML), and the same as JSON beside it.")] = None,
    first: Annotated[int, typer.Option(min=1, help="Findings of each check that the table shows.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")] = False,
) -> None:
    """Look for near-duplicates, wrong kinds, odd prices and odd photos in a feed. Nothing is changed; each finding is a suspicion."""
    settings = Settings.load()
    listings, field = read_listings(read_feed(feed, settings.feed), Cleaning.load(settings.text), kind=kind)
    with display() as shown:

        def progress(what: str, done: int, total: int) -> None:
            if not done:
                shown.begin(what, total=total)
            shown.at(done)

        seen = Seen(build_encoders(settings), settings.feed, progress=progress)
        checked = check_listings(listings, seen, kind_field=field)
        shown.end()
    written = _written(checked, out, name=", ".join(path.name for path in feed)) if out else ()
    if as_json:
        print(json.dumps(checked.as_object(), ensure_ascii=False))
        return
    show(checked, Console(), first=first)
    for path in written:
        print(f"written: {path}")


def show(checked: Checked, console: Console, *, first: int) -> None:
    """Print how many of each kind were found, what was left out, and the most suspicious."""
    kinds = f", {checked.kinds:,} kinds by {checked.kind_field}" if checked.kind_field else ""
    console.print(f"{checked.listings:,} listings{escape(kinds)}.", highlight=False, soft_wrap=True)
    table = Table("check", "found", "listing", "score", "why")
    for check in CHECKS:
        found = checked.of(check)
        for place, one in enumerate(found[:first]):
            told = (check, f"{len(found):,}") if not place else ("", "")
            table.add_row(*told, escape(one.id), f"{one.score:.2f}", escape(one.reason), end_section=place == min(first, len(found)) - 1)
        if not found:
            why = checked.left_out.get(check)
            table.add_row(check, "–" if why else "0", "", "", escape(f"left out: {why}" if why else ""), end_section=True)
    console.print(table)
    if checked.unusable:
        console.print(escape(unusable(checked)), style="yellow", highlight=False, soft_wrap=True)


def _written(checked: Checked, out: Path, *, name: str) -> tuple[Path, ...]:
    content = json.dumps(checked.as_object(), ensure_ascii=False, indent=1) + "\n"
    return write_whole(out, page(checked, name=name).encode()), write_whole(out.with_suffix(".json"), content.encode())
