"""`fusedex demo`: the main job from end to end on real products, then the page."""

import logging
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from indexer.build.reading import build_searcher
from indexer.build.writing import build_indexer
from indexer.cli.feed import FAILED, Rejects
from indexer.cli.feed import run as feed
from indexer.cli.feed import show as show_fed
from indexer.cli.search import hits_table, summary
from indexer.cli.serve import listening, page_address
from indexer.cli.serve import run as serve
from indexer.demo.catalogue import Catalogue, catalogue
from indexer.demo.tour import Question, questions
from indexer.embedded.stack import Endpoints, Stack, stack_from
from indexer.feed.sources.opening import recognise
from indexer.observe import configure_logs
from indexer.read_path import Searcher
from indexer.records import Answer
from indexer.settings import Settings

PATIENCE_S = 600
"""Without progress for so long, the feed is given up: a first run loads the models meanwhile."""
LOOPBACK = "127.0.0.1"
LOG_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells what happens, with the seconds since the command began."""

    console: Console
    begun: float

    def say(self, text: str) -> None:
        """One line of progress."""
        self.console.print(f"[dim]{self.seconds:6.1f} s[/dim]  {escape(text)}", highlight=False, soft_wrap=True)

    def head(self, text: str) -> None:
        """The beginning of a chapter."""
        self.console.print(f"\n[bold]{escape(text)}[/bold]", highlight=False)

    @property
    def seconds(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self.begun


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the searches, without serving the page.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The page's port; default: 8000, or a free one.")] = None,
) -> None:
    """Start everything, feed 54 real products through the queue, search them by words and photos, and serve the page.

    What this command started it stops at its end; the data stay, so a second run is quick.
    """
    settings = Settings.load()
    configure_logs(settings.log, level=logging.WARNING)
    # A log has no width of its own; the tables want some.
    clock = Clock(Console(width=None if sys.stdout.isatty() else LOG_WIDTH), time.monotonic())
    stack = stack_from(settings)
    before = any(engine.running for engine in stack.status())
    try:
        _tour(settings, stack, clock, show_page=None if once else port or 0)
    finally:
        if not before:
            clock.head("Stopping what this demo started; the data stay")
            stack.down(clock.say)


def _tour(settings: Settings, stack: Stack, clock: Clock, *, show_page: int | None) -> None:
    clock.head("1. The engines of this machine")
    places = stack.up(clock.say)
    clock.say("OpenSearch, broker and workers are up")
    # Two processes need the models: the worker for products, this one for queries. They load them at the same time.
    with build_searcher(settings) as searcher, ThreadPoolExecutor(1) as beside:
        words, photos = beside.submit(searcher.warm, photos=False), beside.submit(searcher.warm)
        clock.head("2. Real products, through the queue")
        products = _catalogue(stack, clock)
        _feed(settings, products)
        clock.head("3. Searches")
        words.result()
        _search(searcher, products, clock, photos)
    _where(stack, places, partial(clock.console.print, highlight=False, soft_wrap=True))
    if show_page is not None:
        with closing(listening(LOOPBACK, show_page or None)) as door:
            clock.head(f"The page: {page_address(LOOPBACK, door)}   (Ctrl-C ends it)")
            sys.stdout.flush()
            serve(door, settings, host=LOOPBACK)


def _catalogue(stack: Stack, clock: Clock) -> Catalogue:
    found = catalogue(stack.home.folder / "demo")
    came = "fetched from the npm registry" if found.fetched else "kept from the last time"
    clock.say(f"{found.products} products with photos ({came}): {found.feed}")
    return found


def _feed(settings: Settings, products: Catalogue) -> None:
    with closing(build_indexer(settings)) as indexer:
        done = feed(indexer, [recognise(products.feed)], Rejects(), job=None, patience_s=PATIENCE_S)
    show_fed(done, None)
    if not done.searchable:
        raise typer.Exit(FAILED)


def _search(searcher: Searcher, products: Catalogue, clock: Clock, photos_ready: Future[None]) -> None:
    for number, question in enumerate(questions(products)):
        if question.query.photo is not None:
            photos_ready.result()
        answer = searcher.search(question.query)
        if not number:
            clock.say(f"the first answer, {clock.seconds:.1f} s after the start")
        _show(question, answer, clock.console)


def _show(question: Question, answer: Answer, console: Console) -> None:
    console.print(f"\n[bold]{escape(question.title)}[/bold]", highlight=False)
    console.print(f"[dim]fusedex {escape(question.command)}[/dim]", highlight=False, soft_wrap=True)
    console.print(hits_table(answer))
    console.print(summary(answer), highlight=False, soft_wrap=True)


def _where(stack: Stack, places: Endpoints, tell: Callable[[str], None]) -> None:
    folder = escape(str(stack.home.folder))
    tell("\n[bold]Where everything is[/bold]")
    tell(f"  home        {folder}")
    tell(f"  logs        {folder}/logs")
    tell(f"  OpenSearch  {escape(places.opensearch_url)}")
    command = escape(_command())
    tell("\n[bold]How to go on with your own products[/bold]")
    tell(f"  {command} up                   the engines, until `{command} down`")
    tell(f"  {command} feed products.csv    JSON Lines works too; --help tells what is read")
    tell(f'  {command} search "red shoes" --filter "price<100"')
    tell(f"  {command} serve                this page, over your products")
    tell(f"  {command} reset                delete this home's data, the demo's products with them")


def _command() -> str:
    """How this shell would start the command: by name where it is on the path, else by its place."""
    beside = Path(sys.executable).with_name("fusedex")
    if shutil.which("fusedex") or not beside.is_file():
        return "fusedex"
    return str(beside.relative_to(Path.cwd())) if beside.is_relative_to(Path.cwd()) else str(beside)
