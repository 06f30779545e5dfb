"""`fusedex explain-match`: which words and which region of the photo made a product match, as tables, picture and page."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.build.places import build_encoders, endpoints
from indexer.errors import QueryError
from indexer.explain.match import Match, Part, explain
from indexer.explain.page import write
from indexer.explain.product import asked, known, parts
from indexer.explain.regions import Heat
from indexer.explain.words import Attribution
from indexer.ledger.open import open_ledger
from indexer.settings import Settings
from indexer.text import Cleaning, segmenter

WORDS = 8
"""Words of each text that the table shows; --json and --out have them all."""


def explain_match(
    text: Annotated[str, typer.Argument(metavar="QUERY", help="The words that were asked; '' for a photo alone.", show_default=False)],
    product_id: Annotated[str, typer.Argument(metavar="PRODUCT_ID", help="The product that matched, or did not.", show_default=False)],
    *,
    image: Annotated[Path | None, typer.Option("--image", "-i", help="The photo that was asked: JPEG, PNG, WebP or GIF.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write match.png, match.html and match.json into this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")] = False,
) -> None:
    """Show which words of the query and of a product, and which region of its photo, made their cosine. The ledger tells the product."""
    match = _explained(text, product_id, image, Settings.load())
    written = write(match, out) if out else ()
    if as_json:
        print(json.dumps(match.as_object(), ensure_ascii=False))
    else:
        show(match, Console(), written=written)


def _explained(text: str, product_id: str, image: Path | None, settings: Settings) -> Match:
    cleaning = Cleaning.load(settings.text)
    query = asked(text, _bytes(image), settings, cleaning)
    ledger = open_ledger(endpoints(settings).ledger_url, future_s=settings.feed.future_s)
    try:
        product = known(ledger, product_id)
    finally:
        ledger.close()
    encoders = build_encoders(settings)
    held = parts(product, settings, cleaning, photos=encoders.photo is not None)
    return explain(encoders, query, held, segmenter(cleaning.words))


def _bytes(image: Path | None) -> bytes | None:
    try:
        return image.read_bytes() if image else None
    except OSError as error:
        raise QueryError(f"The photo {image} can't be read: {error.strerror}.", cure="Name a file that is there.") from error


def show(match: Match, console: Console, *, written: Sequence[Path] = ()) -> None:
    """Print the parts, each with its strongest words or its warmest window, and where the files lie."""
    console.print(f"{escape(match.product.title)}: cosine {match.cosine:.3f}", highlight=False, soft_wrap=True)
    table = Table("part", "cosine", "gives", "made by", "method", title_justify="left")
    for part in match.parts:
        table.add_row(escape(part.name), f"{part.cosine:.3f}", f"{part.gain:+.3f}", escape(_made_by(part)), _method(part))
    console.print(table)
    for source, status in match.unused:
        console.print(f"The photo {escape(source)} is {status}: it has no part in this.", style="yellow", highlight=False, soft_wrap=True)
    for path in written:
        console.print(f"written: {escape(str(path))}", highlight=False, soft_wrap=True)


def _made_by(part: Part) -> str:
    if isinstance(part.why, Attribution):
        told = ", ".join(f"{word.text} {value:+.3f}" for word, value in part.why.strongest(WORDS))
        rest = len(part.why.words) + part.why.unread - WORDS
        return f"{told}, {rest} more" if rest > 0 else told
    return f"{_where(part.why)} {part.why.loss:+.3f}"


def _method(part: Part) -> str:
    return part.why.method if isinstance(part.why, Attribution) else "occlusion"


def _where(heat: Heat) -> str:
    """The warmest window's place in words: top left, centre, bottom right."""
    left, top, right, bottom = heat.most
    thirds = [min(2, int((one + other) / 2 * 3)) for one, other in ((top, bottom), (left, right))]
    across = ("top", "", "bottom")[thirds[0]], ("left", "", "right")[thirds[1]]
    return " ".join(filter(None, across)) or "centre"
