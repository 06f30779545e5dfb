"""`fusedex search`: a query of text, photo or both, answered as a table or as one JSON object."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.build.reading import build_searcher
from indexer.cli import search_options as options
from indexer.errors import UnusablePhoto
from indexer.money import price_at, shown
from indexer.photos.read import read
from indexer.query.normalise import as_query
from indexer.query.parts import parse_part
from indexer.query.sorts import parse_sort
from indexer.rank.as_json import answer_json
from indexer.records import NEARS, Answer, Boundary, FacetValue, Hit, Query, QueryPart
from indexer.settings import Settings

FACET_VALUES = 8
"""Values of one facet that the table shows; --json has them all."""


def search(
    text: options.Text = "",
    *,
    image: options.Image = None,
    filters: options.Filters = None,
    facets: options.Facets = None,
    sort: options.Sorts = None,
    like: options.Like = None,
    unlike: options.Unlike = None,
    page: options.Page = 1,
    per_page: options.PerPage = 10,
    strategy: options.Way = None,
    blend: options.Blending = None,
    bound: options.End = None,
    rerank: options.Reranking = None,
    group: options.Grouped = None,
    diversity: options.Diverse = None,
    in_stock_first: options.InStockFirst = None,
    text_weight: options.TextWeight = 1.0,
    photo_weight: options.PhotoWeight = 1.0,
    photo_share: options.PhotoShare = 0.0,
    explain: options.Explain = False,
    highlight: options.Highlight = False,
    freeze: options.Freeze = False,
    cursor: options.Cursor = "",
    as_json: options.AsJson = False,
) -> None:
    """Search products by words, by a photo, by what they are like, and show what each score is made of."""
    paged = Query(page=page, per_page=per_page, explain=explain, highlight=highlight, freeze=freeze, cursor=cursor)
    query = replace(
        paged,
        text=text,
        text_weight=text_weight,
        photo_weight=photo_weight,
        photo_share=photo_share,
        parts=parts_of(like or (), unlike or ()),
        sort=tuple(map(parse_sort, sort or ())),
        strategy=strategy,
        blend=blend,
        bound=bound,
        rerank=rerank,
        group=group,
        diversity=diversity,
        in_stock_first=in_stock_first,
    )
    asked = as_query(query, filters=filters or (), facets=facets or (), page=page, per_page=per_page)
    tell(answer_to(asked, image), as_json=as_json)


def tell(answer: Answer, *, as_json: bool) -> None:
    """Print the answer as one JSON object, or for people."""
    if as_json:
        print(json.dumps(answer_json(answer, moment=time.time_ns() // 1000), ensure_ascii=False))
    else:
        show(answer, Console())


def answer_to(query: Query, image: Path | None) -> Answer:
    """The answer of the index that the settings name."""
    settings = Settings.load()
    if query.rerank is not None:  # so that it is warmed too; where it can't be loaded the command says so at once
        settings = settings.model_copy(update={"search": settings.search.model_copy(update={"rerank": query.rerank})})
    photo = None if image is None else photo_bytes(image, limit_bytes=settings.feed.photo_bytes)
    with build_searcher(settings, once=True) as searcher:
        if (query.text or photo or query.parts) and (query.strategy != "lexical" or query.rerank):
            searcher.warm(photos=photo is not None)  # loading a model is not part of the search's time
        return searcher.search(replace(query, photo=photo))


def parts_of(like: Sequence[str], unlike: Sequence[str]) -> tuple[QueryPart, ...]:
    """What the answer is to be like, and unlike."""
    return (*(parse_part(one, kind="id") for one in like), *(parse_part(one, kind="text", sign=-1.0) for one in unlike))


def photo_bytes(path: Path, *, limit_bytes: int) -> bytes:
    """The file's bytes. Raises UnusablePhoto where there is no such file, or one that is too large."""
    try:
        return read(path, limit_bytes=limit_bytes)
    except FileNotFoundError as error:
        raise UnusablePhoto(f"There is no photo at {path}.") from error


def show(answer: Answer, console: Console) -> None:
    """Print the hits as a table, what explains them, the facets below it, and what the counts mean."""
    if answer.hits:
        console.print(hits_table(answer))
    for hit in answer.hits:
        for line in hit_lines(hit):
            console.print(line, highlight=False, soft_wrap=True)
    for name, values in answer.facets.items():
        console.print(facet_line(name, values), highlight=False, soft_wrap=True)
    for lack in answer.degraded:
        console.print(f"[bold]Without {escape(lack.part)}[/bold]: {escape(lack.reason)}", highlight=False, soft_wrap=True)
    console.print(summary(answer), highlight=False, soft_wrap=True)
    if answer.cursor:
        console.print(f"--cursor {answer.cursor}", highlight=False, soft_wrap=True)


def hit_lines(hit: Hit) -> Iterator[str]:
    """What was asked for beside the table: variants, highlights, the explanation."""
    if not (hit.variants or hit.highlights or hit.explanation):
        return
    yield f"[bold]{escape(hit.id)}[/bold] {escape(hit.product.title)}"
    if hit.variants:
        yield f"  variants: {escape(', '.join(hit.variants))}"
    for field, marked in hit.highlights.items():
        yield f"  {field}: " + "".join(f"[reverse]{escape(one.text)}[/reverse]" if one.hit else escape(one.text) for one in marked)
    for line in hit.explanation:
        yield f"  {'  ' * line.depth}{line.figure:+.4f}  {escape(line.what)}"


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
    units = {"lexical": "BM25", **dict.fromkeys(NEARS, "cosine")}
    return " + ".join(f"{term.name} {term.value:.3f} ({units.get(term.name, 'raw')} {term.raw:.2f})" for term in hit.terms)


def facet_line(name: str, values: tuple[FacetValue, ...]) -> str:
    """A facet's first values with their counts, and how many more there are."""
    told = ", ".join(f"{escape(one.value)} ({one.count})" for one in values[:FACET_VALUES]) or "no product here has it"
    more = f", and {len(values) - FACET_VALUES} more" if len(values) > FACET_VALUES else ""
    return f"[bold]{escape(name)}[/bold]: {told}{more}"


def summary(answer: Answer) -> str:
    """The total in words, where the answer ends, and how and how fast it came."""
    what = "groups" if answer.total < answer.boundary.relevant else "relevant products"
    total = "Nothing relevant" if not answer.total else "1 relevant product" if answer.total == 1 else f"{answer.total} {what}"
    last = -(-answer.total // answer.per_page)
    pages = f"; page {answer.page} of {last}" if last > 1 or answer.page > 1 else ""
    blended = f" {answer.blend}" if answer.strategy in ("msearch", "rescore", "exact") else ""
    return f"{total}{pages} ({answer.strategy}{blended}; {boundary_words(answer.boundary)}; {answer.took_ms:.0f} ms)."


def boundary_words(boundary: Boundary) -> str:
    """Where the answer ends, in words."""
    looked = f"of {boundary.candidates} candidates" + (", and there may be more" if boundary.capped else "")
    if boundary.kind == "score" and boundary.limit is not None:
        return f"all that the words match, else cosine at least {boundary.limit:.2f}, {looked}"
    if boundary.kind == "gap":
        return f"up to the widest gap, {looked}" if boundary.limit is not None else f"no gap, {looked}"
    if boundary.kind == "top" and boundary.limit is not None:
        return f"the first {boundary.limit:.0f} {looked}"
    return f"all {looked}"
