"""`fusedex suggest`: what someone who has typed so much may mean."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from indexer.build.reading import build_searcher
from indexer.cli import search_options as options
from indexer.query.filters import parse_filters
from indexer.records import Suggestion
from indexer.settings import Settings


def suggest(
    text: Annotated[str, typer.Argument(help="What has been typed so far.")],
    *,
    size: Annotated[int, typer.Option(min=1, max=50, help="Suggestions at most.")] = 8,
    filters: options.Filters = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list on standard output, nothing else.")] = False,
) -> None:
    """Show brands, categories and titles that what has been typed may become. Runs no model."""
    with build_searcher(Settings.load()) as searcher:
        told = searcher.suggest(text, size=size, filters=parse_filters(filters or ()))
    if as_json:
        print(json.dumps([asdict(one) for one in told], ensure_ascii=False))
    else:
        show(told, Console())


def show(suggestions: Sequence[Suggestion], console: Console) -> None:
    """Print suggestions, a line each."""
    for one in suggestions:
        console.print(f"[dim]{one.kind:>8}[/dim]  {escape(one.text)}", highlight=False, soft_wrap=True)
    if not suggestions:
        console.print("Nothing there begins so.")
