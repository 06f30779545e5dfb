"""`fusedex check`: whether cluster, index and settings fit, and where two strategies answer differently."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.build.places import build_encoders, endpoints
from indexer.build.reading import build_searcher
from indexer.errors import EvaluationError
from indexer.evaluate.agreement import DEPTH, Agreement, Difference, side_by_side
from indexer.operate.check import Check, sampled_titles
from indexer.operate.check import check as looked_at
from indexer.records import Strategy
from indexer.settings import Settings
from indexer.store.opensearch import OpenSearchStore

FAILED, PARTLY = 1, 3
FIRST = 3
"""Hits of each side that a difference shows."""


def check(
    *,
    queries: Annotated[Path | None, typer.Option(help="A file of queries, one a line; else titles of the index's products.")] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Titles drawn where no file is given.")] = 50,
    strategy: Annotated[Strategy, typer.Option(metavar="WAY", help="The first of the two strategies that are compared.")] = "msearch",
    against: Annotated[Strategy, typer.Option(metavar="WAY", help="The other one.")] = "hybrid",
    seed: Annotated[int, typer.Option(min=0, help="For the titles: the same seed draws the same ones.")] = 0,
    worst: Annotated[int, typer.Option(min=1, help="Queries shown, the most different first.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")] = False,
) -> None:
    """Look at the cluster, its index and the settings, and search by two strategies side by side.

    Exit code 0: all fits; 1: something can't work as it is set; 3: some searches of the comparison failed.
    """
    settings = Settings.load()
    texts = None if queries is None else read_queries(queries)
    store = OpenSearchStore(SecretStr(endpoints(settings).opensearch_url), settings.index)
    try:
        found = looked_at(store, settings, fits=build_encoders(settings).check)
        if texts is None and found.index is not None:
            texts = sampled_titles(store, count=count, seed=seed)
    finally:
        store.close()
    why = why_not(found, (strategy, against), texts or [])
    compared = None if why else _compared(settings, texts or [], (strategy, against))
    if as_json:
        print(json.dumps(as_object(found, compared, why=why, worst=worst), ensure_ascii=False))
    else:
        show(found, compared, why=why, worst=worst)
    if found.wrong:
        raise typer.Exit(FAILED)
    if compared is not None and compared.failed:
        raise typer.Exit(PARTLY)


def read_queries(path: Path) -> list[str]:
    """The file's lines that are not empty, each once. Raises EvaluationError where it can't be read or holds none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"The queries {path} can't be read: {error}") from error
    texts = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not texts:
        raise EvaluationError(f"{path} holds no query.", cure="Write one a line.")
    return texts


def why_not(found: Check, strategies: tuple[Strategy, Strategy], texts: list[str]) -> str:
    """Why nothing is compared; empty where it can be."""
    if "hybrid" in strategies and not found.server.hybrid:
        other = next((one for one in strategies if one != "hybrid"), "msearch")
        return f"this server has no neural-search, so there is no hybrid to compare {other} with (--against rescore compares another)"
    if strategies[0] == strategies[1]:
        return f"both strategies are {strategies[0]}"
    if found.index is None or found.index.products < 1 or not texts:
        return "the index holds no product"
    if any(one.wrong and one.what in ("encoders", "index", "k-NN") for one in found.findings):
        return "searches can't work before the above is cured"
    return ""


def as_object(found: Check, compared: Agreement | None, *, why: str, worst: int) -> dict[str, Any]:
    """What --json prints."""
    server, index = found.server, found.index
    return {
        "ok": not found.wrong,
        "server": {
            "cluster": server.cluster,
            "version": server.version,
            "embedded": server.embedded,
            "knn": server.knn,
            "hybrid": server.hybrid,
            "ltr": server.ltr,
            "icu": server.icu,
            "smartcn": server.smartcn,
            "plugins": list(server.plugins),
        },
        "index": None if index is None else {"name": index.index, "products": index.products, "width": index.identity.width},
        "findings": [
            {"what": one.what, "told": one.told, "cure": one.cure, "wrong": one.wrong, "there": one.there} for one in found.findings
        ],
        "not_compared": why,
        "compared": None if compared is None else _comparison(compared, worst),
    }


def show(found: Check, compared: Agreement | None, *, why: str, worst: int) -> None:
    """The findings as a table, then the comparison or why there is none."""
    console, table = Console(), Table(show_header=False, box=None, pad_edge=False)
    for one in found.findings:
        mark = "[red]wrong" if one.wrong else "[green]ok" if one.there else "[yellow]absent"
        table.add_row(mark, escape(one.what), escape(f"{one.told.rstrip('.')}. {one.cure}".strip() if one.cure else one.told))
    console.print(table)
    if compared is None:
        console.print(f"Not compared: {escape(why)}.", highlight=False, soft_wrap=True)
        return
    console.print(summary(compared), highlight=False, soft_wrap=True)
    for difference in compared.differences[:worst]:
        if difference.rbo < 1:
            for line in difference_lines(difference, compared.strategies):
                console.print(line, highlight=False, soft_wrap=True)
    for strategy, query, reason in compared.failed[:worst]:
        console.print(f"[red]failed[/red] {strategy} {escape(repr(query))}: {escape(reason)}", highlight=False, soft_wrap=True)


def summary(compared: Agreement) -> str:
    """The comparison in one sentence."""
    one, other = compared.strategies
    return (
        f"{one} against {other} over {len(compared.differences)} queries: the same hits in the same order for {compared.same}, "
        f"overlap@{DEPTH} {compared.overlap:.3f}, rank-biased overlap {compared.rbo:.3f}; "
        f"median {compared.took_ms[0]:.0f} and {compared.took_ms[1]:.0f} ms; degraded {compared.degraded[0]} and {compared.degraded[1]}."
    )


def difference_lines(one: Difference, strategies: tuple[Strategy, Strategy]) -> list[str]:
    """A query whose answers differ, with the first hits of both sides."""
    head = f"[bold]{escape(one.query)}[/bold]  overlap {one.overlap:.2f}, rank-biased {one.rbo:.2f}"
    sides = zip(strategies, one.ids, one.totals, strict=True)
    return [head, *(f"  {name}: {escape(', '.join(ids[:FIRST])) or 'nothing'} (of {total})" for name, ids, total in sides)]


def _compared(settings: Settings, texts: list[str], strategies: tuple[Strategy, Strategy]) -> Agreement:
    with build_searcher(settings) as searcher:
        if set(strategies) != {"lexical"}:
            searcher.warm(photos=False)
        return side_by_side(searcher.search, texts, strategies=strategies)


def _comparison(compared: Agreement, worst: int) -> dict[str, Any]:
    return {
        "strategies": list(compared.strategies),
        "queries": len(compared.differences),
        "same": compared.same,
        f"overlap@{DEPTH}": compared.overlap,
        "rbo": compared.rbo,
        "took_ms": list(compared.took_ms),
        "degraded": list(compared.degraded),
        "failed": [{"strategy": strategy, "query": query, "reason": reason} for strategy, query, reason in compared.failed],
        "differences": [
            {"query": one.query, "overlap": one.overlap, "rbo": one.rbo, "hits": [list(ids) for ids in one.ids], "totals": list(one.totals)}
            for one in compared.differences[:worst]
        ],
    }
