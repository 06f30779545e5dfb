"""`fusedex learn tag`: a tagger for brand, colour, size, material and type, from the catalogue's own fields."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.cli.progress import Display, display
from indexer.encode.catalog import lite0
from indexer.encode.folder import Folder
from indexer.encode.image import ImageEncoder
from indexer.encode.transformer import minilm
from indexer.feed.read import read_feed
from indexer.learn.logs import Epoch, RunLog, asked_for
from indexer.learn.rows import PhotoLimits, PhotoTable
from indexer.learn.settings import LoopSettings
from indexer.learn.tag_labels import Covered
from indexer.learn.tag_report import Part, Score
from indexer.learn.tag_task import TagSettings
from indexer.learn.tag_train import TagHow, Training, Tried, catalogue_of
from indexer.learn.tag_values import Label
from indexer.records import Product
from indexer.settings import Settings
from indexer.whole import check_absent

ATTRIBUTES = 512
"""Attributes read of each product: labels may stand far behind, and nothing is stored."""


def tag(
    feed: Annotated[
        list[Path], typer.Argument(help="The catalogue: files, folders or patterns, as `fusedex feed` takes them.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the tagger; must not exist.", show_default=False)],
    limit: Annotated[int | None, typer.Option(min=1, help="Titles at most, drawn by the seed; default: all.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Times that each title is learned from.")] = 5,
    batch: Annotated[int, typer.Option(min=1, help="Titles a step.")] = 16,
    tokens: Annotated[int, typer.Option(min=8, max=512, help="Tokens of a title that are read.")] = 128,
    learning_rate: Annotated[float, typer.Option(min=0, help="AdamW's, for the pretrained network; new layers learn faster.")] = 2e-5,
    photos: Annotated[bool, typer.Option("--photos/--no-photos", help="Look at photos that lie on a disk here, too.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="For parts, shuffling and new layers.")] = 0,
    text_folder: Annotated[Path | None, typer.Option(help="A pretrained BERT's folder; default: MiniLM from its package.")] = None,
    state: Annotated[Path | None, typer.Option(help="Folder that keeps each epoch, so that an interrupted training goes on.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The metrics as one JSON object on standard output, nothing else.")] = False,
) -> None:
    """Train a tagger: spans and values of brand, colour, size, material and type, from title and photo.

    Labels are the catalogue's own fields, found in its titles. Test titles are of families that were not trained on; a dictionary
    of the training's labels is measured beside the tagger. The folder is written whole at the end, or not at all.
    """
    check_absent(out)
    settings = Settings.load()
    start = Folder(path=text_folder, name=text_folder.name) if text_folder else minilm()
    how = TagHow(
        start=start,
        loop=LoopSettings(epochs=epochs, batch=batch, learning_rate=learning_rate, seed=seed),
        task=TagSettings(tokens=tokens),
        limit=limit,
    )
    with photo_table(settings, used=photos) as table:
        catalogue = catalogue_of(products_of(feed, settings), seed=seed, limit=limit, table=table)
    training = Training(catalogue, how)
    console = Console(stderr=as_json)
    show_coverage(catalogue.covered, console)
    with display() as shown:
        tried = training.run(asked_for(Steps(shown), state=state), state=state)
    training.save(out, tried)
    if as_json:
        print(json.dumps(tried.told(), ensure_ascii=False))
        return
    show_tried(tried, console)
    console.print(escape(f"written: {out}"), highlight=False, soft_wrap=True)


def products_of(feed: list[Path], settings: Settings) -> list[Product]:
    """The feed's products; offers, deletes and rejected rows are passed over. Raises UnreadableFeed."""
    own = settings.feed.model_copy(update={"attribute_cap": max(ATTRIBUTES, settings.feed.attribute_cap)})
    return [event for event in read_feed(feed, own) if isinstance(event, Product)]


@contextmanager
def photo_table(settings: Settings, *, used: bool = True) -> Iterator[PhotoTable | None]:
    """Rows of the `image` encoder, remembered under the home folder; None where photos are not looked at. Raises ModelUnavailable."""
    if not used:
        yield None
        return
    encode = settings.encode
    network = lite0(encode)
    limits = PhotoLimits(largest_bytes=settings.feed.photo_bytes, pixels=settings.feed.photo_pixels)
    with closing(PhotoTable(ImageEncoder(network), settings.home / "learn", limits=limits)) as table:
        yield table


class Steps(RunLog):
    """Moves the display a batch at a time, and says what each epoch came to."""

    def __init__(self, shown: Display) -> None:
        """Nothing has begun."""
        self._shown = shown
        self._epoch = 0

    def stepped(self, done: int, *, steps: int, loss: float) -> None:
        """Move the bar."""
        del loss
        if done == 1:
            self._shown.begin(f"epoch {self._epoch + 1}", total=steps)
        self._shown.at(done)

    def epoch_ended(self, epoch: Epoch, *, best: bool) -> None:
        """End the bar, and name the dev measures."""
        self._shown.end()
        self._epoch = epoch.number + 1
        told = ", ".join(f"{name} {value:.3f}" for name, value in epoch.measures.items())
        self._shown.warn(f"epoch {self._epoch}: loss {epoch.loss:.3f}, {told}{' (best so far)' if best else ''}")


def show_coverage(covered: Mapping[Label, Covered], console: Console) -> None:
    """How many products tell a label, and how many titles say it."""
    table = _table("labels from the catalogue's own fields", "field told", "said in title", "share", "spans")
    for label, one in covered.items():
        table.add_row(label, f"{one.told:,}", f"{one.aligned:,}", f"{one.share:.2f}", f"{one.spans:,}")
    console.print(table)


def show_tried(tried: Tried, console: Console) -> None:
    """The test report beside the dictionary's, then the guessed values."""
    show_reports(tried, console, title="test titles, whole spans")
    if tried.without_photos is not None:
        console.print(f"micro F1 without photos: {tried.without_photos.micro.f1:.4f}", highlight=False)
    for label, (with_photo, without) in tried.values.items():
        figures = f"{with_photo.f1:.3f} with photo, {without.f1:.3f} without" if tried.without_photos else f"{without.f1:.3f}"
        told = f"{label} guessed, its word withheld: macro F1 {figures}"
        console.print(f"{told} ({without.support:,} titles)", highlight=False)


def show_reports(tried: Tried, console: Console, *, title: str) -> None:
    """Precision, recall, F1 and support by label; then seen and unseen words apart; the dictionary's F1 beside each."""
    before, after = tried.before, tried.after
    table = _table(title, "precision", "recall", "F1", "dictionary's F1", "spans")
    for name, one, old in (*_lines(after, before), ("macro", after.macro, before.macro)):
        table.add_row(name, f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}", f"{old.f1:.3f}", f"{one.support:,}")
    console.print(table)
    table = _table(
        "words that training had under their label, and words that it had not",
        "seen: F1",
        "dictionary",
        "spans",
        "unseen: F1",
        "dictionary",
        "spans",
    )
    for (name, *seen), (_, *unseen) in zip(_lines(after.seen, before.seen), _lines(after.unseen, before.unseen), strict=True):
        cells = [(f"{one.f1:.3f}", f"{old.f1:.3f}", f"{one.support:,}") if one.support else ("", "", "0") for one, old in (seen, unseen)]
        table.add_row(name, *cells[0], *cells[1])
    console.print(table)


def _table(title: str, *heads: str) -> Table:
    table = Table(header_style="bold", title=title, title_justify="left", title_style="bold")
    table.add_column("label")
    for head in heads:
        table.add_column(head, justify="right")
    return table


def _lines(after: Part, before: Part) -> Iterator[tuple[str, Score, Score]]:
    """Name, the tagger's score and the dictionary's."""
    yield from ((label, score, before.labels[label]) for label, score in after.labels.items())
    yield "micro", after.micro, before.micro
