"""`fusedex search`: a query of text, photo or both, answered as a table or as one JSON object."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.build.reading import build_searcher
from indexer.errors import UnusablePhoto
from indexer.money import price_at, shown
from indexer.photos.read import read
from indexer.query.filters import parse_filters
from indexer.rank.as_json import answer_json
from indexer.records import Answer, Blend, FacetValue, Hit, Query, Strategy
from indexer.settings import Settings

FACET_VALUES = 8
"""Values of one facet that the table shows; --json has them all."""


def search(
    text: Annotated[str, typer.Argument(help="What to look for, in any language; leave it out to browse.")] = "",
    *,
    image: Annotated[Path | None, typer.Option("--image", "-i", help="A photo to look for: JPEG, PNG, WebP or GIF.")] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            "-f",
            help="brand=Nike, brand!=Nike, 'price<1500', price=100..200, 'colour=red|blue'; prices in major units; repeatable.",
        ),
    ] = None,
    facets: Annotated[
        list[str] | None, typer.Option("--facet", help="Count the candidates by brand, category or an attribute; repeatable.")
    ] = None,
    page: Annotated[int, typer.Option(help="Which page, from 1.")] = 1,
    per_page: Annotated[int, typer.Option(help="Hits on a page.")] = 10,
    strategy: Annotated[Strategy | None, typer.Option(help="How candidates are found and scored; default: the setting's.")] = None,
    blend: Annotated[Blend | None, typer.Option(help="How BM25 and cosine become one score; default: the setting's.")] = None,
    text_weight: Annotated[float, typer.Option(help="How much the words count beside a photo.")] = 1.0,
    photo_weight: Annotated[float, typer.Option(help="How much the photo counts beside words.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")] = False,
) -> None:
    """Search products by words, by a photo, or by both, and show what each score is made of."""
    query = Query(
        text=text,
        text_weight=text_weight,
        photo_weight=photo_weight,
        filters=parse_filters(filters or ()),
        facets=tuple(facets or ()),
        page=page,
        per_page=per_page,
        strategy=strategy,
        blend=blend,
    )
    settings = Settings.load()
    photo = None if image is None else photo_bytes(image, limit_bytes=settings.feed.photo_bytes)
    with build_searcher(settings) as searcher:
        if (text or photo) and strategy != "lexical":
            searcher.warm(photos=photo is not None)  # loading a model is not part of the search's time
        answer = searcher.search(replace(query, photo=photo))
    if as_json:
        print(json.dumps(answer_json(answer, moment=time.time_ns() // 1000), ensure_ascii=False))
    else:
        show(answer, Console())


def photo_bytes(path: Path, *, limit_bytes: int) -> bytes:
    """The file's bytes. Raises UnusablePhoto where there is no such file, or one that is too large."""
    try:
        return read(path, limit_bytes=limit_bytes)
    except FileNotFoundError as error:
        raise UnusablePhoto(f"There is no photo at {path}.") from error


def show(answer: Answer, console: Console) -> None:
    """Print the hits as a table, the facets below it, and what the counts mean."""
    if answer.hits:
        console.print(hits_table(answer))
    for name, values in answer.facets.items():
        console.print(facet_line(name, values), highlight=False, soft_wrap=True)
    console.print(summary(answer), highlight=False, soft_wrap=True)


def hits_table(answer: Answer) -> Table:
    """One row a hit: rank over all pages, id, title, price, score, and the terms that add up to it."""
    table = Table(header_style="bold", expand=False)
    for heading, justify in (("#", "right"), ("id", "left"), ("title", "left"), ("price", "right"), ("score", "right"), ("terms", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    first = (answer.page - 1) * answer.per_page + 1
    for rank, hit in enumerate(answer.hits, first):
        now = price_at(hit.product.price, hit.product.sale, moment=time.time_ns() // 1000)
        price = shown(now) if now else ""
        table.add_row(str(rank), escape(hit.id), escape(hit.product.title), price, f"{hit.score:.3f}", terms_text(hit))
    return table


def terms_text(hit: Hit) -> str:
    """The terms in words: share of the score, and the raw figure it comes from."""
    units = {"lexical": "BM25", "vector": "cosine"}
    return " + ".join(f"{term.name} {term.value:.3f} ({units.get(term.name, 'raw')} {term.raw:.2f})" for term in hit.terms)


def facet_line(name: str, values: tuple[FacetValue, ...]) -> str:
    """A facet's first values with their counts, and how many more there are."""
    told = ", ".join(f"{escape(one.value)} ({one.count})" for one in values[:FACET_VALUES]) or "no candidate has it"
    more = f", and {len(values) - FACET_VALUES} more" if len(values) > FACET_VALUES else ""
    return f"[bold]{escape(name)}[/bold]: {told}{more}"


def summary(answer: Answer) -> str:
    """The total in words, and how and how fast the answer came."""
    total = "No candidates" if not answer.total else "1 candidate in all" if answer.total == 1 else f"{answer.total} candidates in all"
    last = -(-answer.total // answer.per_page)
    pages = f"; page {answer.page} of {last}" if last > 1 or answer.page > 1 else ""
    blended = f" {answer.blend}" if answer.strategy in ("blend", "rerank") else ""
    return f"{total}{pages} ({answer.strategy}{blended}, {answer.took_ms:.0f} ms)."
