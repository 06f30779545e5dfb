"""`fusedex judgments`: judgments out of click logs, and known items out of a feed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from indexer.evaluate.clicks import USUAL, Clicked, ClickHow, ctr_line, judged_by_clicks, read_clicks, steps_of
from indexer.evaluate.known_items import known_items
from indexer.evaluate.queries import topics_csv
from indexer.evaluate.report import writable, write_text
from indexer.feed.read import read_feed
from indexer.records import Product
from indexer.settings import Settings

judgments = typer.Typer(no_args_is_help=True, help="Judgments: from clicks, and from known items.")

Out = Annotated[Path, typer.Option(help="Where the judgments go: CSV by the ending .csv, else TREC.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


@judgments.command("clicks")
def clicks(
    log: Annotated[
        Path,
        typer.Argument(
            help="Click log: CSV or JSON Lines with query, product_id, rank and impressions, clicks (or clicked).", show_default=False
        ),
    ],
    *,
    out: Out,
    least: Annotated[int, typer.Option(min=1, help="Impressions below which a product is not judged for a query.")] = USUAL.least,
    prior: Annotated[float, typer.Option(min=0, help="Expected clicks added to both sides, against luck.")] = USUAL.prior,
    steps: Annotated[str, typer.Option(help="Clicks over expected clicks from which the grades 1, 2, ... begin.")] = ",".join(
        f"{step:g}" for step in USUAL.steps
    ),
    as_json: AsJson = False,
) -> None:
    """Judge products by clicks, without what is clicked only for standing first: clicks over the clicks that their ranks get anyway."""
    writable([out])
    found = judged_by_clicks(read_clicks(log), ClickHow(least=least, prior=prior, steps=steps_of(steps)))
    write_text(out, found.judgments.csv() if out.suffix.lower() == ".csv" else found.judgments.trec())
    told = _told(found, out)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"clicks at rank {ctr_line(found.ctr)}")
    print(f"{told['pairs']:,} pairs of {told['queries']:,} queries judged; {told['rare']:,} were shown too rarely.")
    print("grades: " + ", ".join(f"{grade}: {count:,}" for grade, count in found.graded().items()))
    print(f"written: {out}")


@judgments.command("known-items")
def known_items_(
    feed: Annotated[Path, typer.Argument(help="The products: any feed that `fusedex feed` reads.", show_default=False)],
    *,
    out: Out,
    queries: Annotated[Path | None, typer.Option(help="Write the queries with their kinds too, for `evaluate --queries`.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Queries at most.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Which products are drawn; the same seed draws the same.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make queries with one right answer each out of a feed's titles and codes: whether what is there can be found."""
    writable([path for path in (out, queries) if path])
    found = known_items(_products(feed), count=count, seed=seed)
    write_text(out, found.judgments.csv() if out.suffix.lower() == ".csv" else found.judgments.trec())
    if queries:
        write_text(queries, topics_csv(found.topics))
    kinds = {kind: sum(topic.kind == kind for topic in found.topics) for kind in ("title", "code")}
    if as_json:
        print(json.dumps({"queries": len(found.topics), "kinds": kinds, "written": str(out)}, ensure_ascii=False))
        return
    print(f"{len(found.topics):,} queries: {kinds['title']:,} by words of a title, {kinds['code']:,} by a code.")
    print(f"written: {out}")


def _products(feed: Path) -> Iterator[Product]:
    return (one for one in read_feed([feed], Settings.load().feed) if isinstance(one, Product))


def _told(found: Clicked, out: Path) -> dict[str, object]:
    return {
        "queries": len(found.judgments.queries),
        "pairs": found.judgments.pairs,
        "rare": found.rare,
        "grades": found.graded(),
        "ctr": {str(rank): share for rank, share in sorted(found.ctr.items())},
        "written": str(out),
    }
