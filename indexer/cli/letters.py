"""`fusedex letters`: what could not be indexed and why; set it to work again, or forget it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.build.places import endpoints
from indexer.errors import IndexerError
from indexer.ledger.base import Ledger, Letter
from indexer.ledger.open import open_ledger
from indexer.publish.base import Publisher
from indexer.publish.celery import CeleryPublisher
from indexer.publish.hints import Hints
from indexer.settings import Settings

FAILED = 1
LISTED = 20
"""Letters that a dry run names; it counts all of them."""
PAGE = 1000
COUNTED = 100_000
"""Letters that a dry run and a question look at; more are more than these."""

Error = Annotated[str, typer.Option("--error", metavar="NAME", help="Only letters of this error, as `list` names it.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Products; or --all.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="All letters, or all of the named error.")]

letters = typer.Typer(no_args_is_help=True, help="Dead letters: list, show, replay, discard.")


@letters.command("list")
def list_(
    *,
    error: Error = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="The latest so many.")] = LISTED,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array on standard output.")] = False,
) -> None:
    """List the latest dead letters: the products that could not be indexed, each with its cause."""
    with _ledger() as ledger:
        found, total = ledger.letters(limit=limit, error=error), ledger.counts().letters
    if as_json:
        print(json.dumps([asdict(letter) for letter in found], ensure_ascii=False))
        return
    if not found:
        print(f"No dead letters of the error {error}." if error and total else "No dead letters.")
        return
    table = Table("product", "error", "reason", "attempts", "last seen", title=f"Dead letters, {total:,} in all", title_justify="left")
    for letter in found:
        table.add_row(*map(escape, (letter.id, letter.error, letter.reason, str(letter.attempts), clock_text(letter.last_seen))))
    Console().print(table)


@letters.command("show")
def show(
    product_id: Annotated[str, typer.Argument(metavar="ID", help="The product.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Show one letter whole, with the product it is about. Exit code 1: it has none."""
    with _ledger() as ledger:
        found = describe(ledger, product_id)
    if found is None:
        print(f"The product {product_id} has no dead letter.")
        raise typer.Exit(FAILED)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    table = Table(show_header=False, title=f"Dead letter of {product_id}", title_justify="left")
    for name, value in found.items():
        shown = clock_text(value) if name.endswith("_seen") and isinstance(value, int) else str(value)
        table.add_row(name.replace("_", " "), escape(shown))
    Console().print(table)


@letters.command("replay")
def replay(
    ids: Ids = None,
    *,
    every: All = False,
    error: Error = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be set to work again.")] = False,
) -> None:
    """Set buried products to work again, attempts cleared. Exit code 1: some of the named ones have no letter."""
    settings = Settings.load()
    with _ledger(settings) as ledger:
        wanted = choose(ledger, ids or [], every=every, error=error)
        if dry_run:
            preview(wanted, "would be set to work again")
            return
        done = in_pages(wanted, ledger.replay)
        if done:
            _hint(settings, ledger)
    print(f"{done:,} products are set to work again.")
    _exit(ids or [], wanted)


@letters.command("discard")
def discard(
    ids: Ids = None,
    *,
    every: All = False,
    error: Error = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be forgotten.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget letters; their products stay as the index has them until the source sends something newer."""
    with _ledger() as ledger:
        wanted = choose(ledger, ids or [], every=every, error=error)
        if dry_run:
            preview(wanted, "would be forgotten")
            return
        if wanted and not yes:
            preview(wanted, "are to be forgotten")
            typer.confirm("Go on?", abort=True)
        done = in_pages(wanted, ledger.discard)
    print(f"{done:,} letters are forgotten.")
    _exit(ids or [], wanted)


def describe(ledger: Ledger, product_id: str) -> dict[str, object] | None:
    """The letter with its product's title and versions (times in microseconds since 1970); None where there is no letter."""
    letter = ledger.letter(product_id)
    if letter is None:
        return None
    product, standing = ledger.product(product_id), ledger.standing(product_id)
    return {
        "id": letter.id,
        "title": product.title if product else "",
        "deleted": product is None,
        "source_version": product.version if product else None,
        "row_version": letter.row_version,
        "indexed_version": standing.indexed_version if standing else 0,
        "error": letter.error,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "first_seen": letter.first_seen,
        "last_seen": letter.last_seen,
    }


def choose(ledger: Ledger, ids: Sequence[str], *, every: bool, error: str) -> list[Letter]:
    """The letters that a command is about: of the named products, or all; of one error where it is named.

    Raises typer.BadParameter where neither is said, or both.
    """
    if bool(ids) == every:
        raise typer.BadParameter("name products, or say --all.", param_hint="ID")
    if every:
        return ledger.letters(limit=COUNTED, error=error)
    found = (ledger.letter(one) for one in dict.fromkeys(ids))
    return [letter for letter in found if letter is not None and error in ("", letter.error)]


def preview(wanted: Sequence[Letter], what: str) -> None:
    """Print how many letters a command is about, by error, and the first of them."""
    more = " or more" if len(wanted) == COUNTED else ""
    print(f"{len(wanted):,}{more} products {what}.")
    for error, count in Counter(letter.error for letter in wanted).most_common():
        print(f"  {error}: {count:,}")
    for letter in wanted[:LISTED]:
        print(f"  {letter.id}: {letter.reason}")
    if len(wanted) > LISTED:
        print("  ...")


def in_pages(wanted: Sequence[Letter], step: Callable[[Sequence[str]], int]) -> int:
    """Do it for all of them, in transactions of a size that lets others in between; how many it was done for."""
    return sum(step([letter.id for letter in wanted[start : start + PAGE]]) for start in range(0, len(wanted), PAGE))


def clock_text(moment: int) -> str:
    """Microseconds since 1970 as date and time of this place."""
    return datetime.fromtimestamp(moment / 1_000_000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def make_publisher(settings: Settings) -> Publisher:
    """What hints are sent through. Raises SettingsError where Celery is not installed."""
    return CeleryPublisher(endpoints(settings).broker_url, message_bytes=settings.feed.message_bytes)


def _hint(settings: Settings, ledger: Ledger) -> None:
    """Tell the workers now; without a broker their next sweep finds the rows."""
    try:
        publisher = make_publisher(settings)
    except IndexerError as error:
        print(f"No hint was sent ({error.message}); the workers' next sweep finds the products.")
        return
    Hints(publisher, claim=settings.work.claim).all_due(ledger.counts().dirty)
    publisher.close()


def _exit(ids: Sequence[str], wanted: Sequence[Letter]) -> None:
    missing = set(ids) - {letter.id for letter in wanted}
    if missing:
        print(f"No such letter: {', '.join(sorted(missing)[:LISTED])}.")
        raise typer.Exit(FAILED)


@contextmanager
def _ledger(settings: Settings | None = None) -> Iterator[Ledger]:
    settings = settings or Settings.load()
    ledger = open_ledger(endpoints(settings).ledger_url, future_s=settings.feed.future_s)
    try:
        yield ledger
    finally:
        ledger.close()
