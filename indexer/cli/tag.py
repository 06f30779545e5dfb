"""`fusedex tag`: fill what a catalogue's fields lack, by a trained tagger."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.markup import escape

from indexer.batches import batches
from indexer.cli.learn_tag import photo_table, products_of
from indexer.cli.progress import display
from indexer.errors import EncoderMismatch, LearningError
from indexer.feed.written import row_of
from indexer.learn.rows import PhotoTable, local_sources
from indexer.learn.tagger import SURE, Filled, Tagger, with_filled
from indexer.records import Product
from indexer.settings import Settings
from indexer.vectors import Row

TOGETHER = 256
MARK = "filled_by_tagger"
"""The attribute that names filled values."""


def tag(
    feed: Annotated[
        list[Path], typer.Argument(help="The catalogue: files, folders or patterns, as `fusedex feed` takes them.", show_default=False)
    ],
    *,
    tagger: Annotated[Path, typer.Option(help="A folder that `fusedex learn tag` made.", show_default=False)],
    out: Annotated[Path, typer.Option(help="JSON Lines: each product as a row that `fusedex feed` takes.", show_default=False)],
    least: Annotated[float, typer.Option(min=0, max=1, help="How sure a value must be.")] = SURE,
    photos: Annotated[bool, typer.Option("--photos/--no-photos", help="Look at photos that lie on a disk here, too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="The counts as one JSON object on standard output, nothing else.")] = False,
) -> None:
    """Fill brand, colour, size, material and type where no field tells them; the file is written whole, or not at all.

    What a field tells is never changed. A row that was filled says so in an attribute `filled_by_tagger`, with how sure each value is.
    """
    settings = Settings.load()
    made = Tagger.load(tagger)
    counts: Counter[str] = Counter()
    looking = photo_table(settings, used=photos and made.spec.photo_width > 0)
    with looking as table, written(out) as stream, display() as shown:
        _check_encoder(made, table)
        products = products_of(feed, settings)
        shown.begin("tagged", total=len(products))
        for some in batches(products, size=TOGETHER):
            for product, filled in zip(some, made.fill(some, photos=_rows(table, some), least=least), strict=True):
                counts["products"] += 1
                counts["filled"] += bool(filled)
                counts.update(f"{one.label} {'named' if one.named else 'guessed'}" for one in filled)
                stream.write(json.dumps(row_of(marked(product, filled)), ensure_ascii=False) + "\n")
            shown.at(counts["products"])
        shown.end()
    if as_json:
        print(json.dumps(counts))
        return
    told = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if name not in ("products", "filled"))
    text = f"{counts['filled']:,} of {counts['products']:,} products were filled{': ' + told if told else ''}"
    Console().print(escape(f"{text}\nwritten: {out}"), highlight=False, soft_wrap=True)


def marked(product: Product, filled: Sequence[Filled]) -> Product:
    """The product with its filled values, and an attribute that says which they are and how sure."""
    if not filled:
        return product
    told = tuple(f"{one.label} {one.confidence:.2f} {'named' if one.named else 'guessed'}" for one in filled)
    full = with_filled(product, filled)
    return replace(full, attributes={**full.attributes, MARK: told})


@contextmanager
def written(file: Path) -> Iterator[TextIO]:
    """A text file that appears whole at the end, or not at all. Raises LearningError where it can't be written."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as stream:
            yield stream
        draft.replace(file)
    except OSError as error:
        raise LearningError(f"{file} can't be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _check_encoder(made: Tagger, table: PhotoTable | None) -> None:
    if table is not None and table.photo.spec.digest != made.spec.photo_encoder:
        raise EncoderMismatch(
            "The tagger was trained on rows of another photo encoder.", cure="Take the settings it was trained with, or --no-photos."
        )


def _rows(table: PhotoTable | None, products: Sequence[Product]) -> list[Row | None] | None:
    if table is None:
        return None
    rows, numbers = table.usable(local_sources(products))
    return [None if number is None else rows[number] for number in numbers]
