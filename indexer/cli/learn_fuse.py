"""`fusedex learn fuse`: a fusion of text and photo, learned from a catalogue or from folders of photos."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.cli.progress import Display, display
from indexer.encode.bridge import BridgeEncoder
from indexer.encode.catalog import lite0, make_text_encoder
from indexer.encode.image import ImageEncoder
from indexer.errors import ModelError, SettingsError
from indexer.evaluate.judgments import read_judgments
from indexer.feed.read import read_feed
from indexer.fuse.learned_checkpoint import Join
from indexer.learn.fuse_before import before
from indexer.learn.fuse_card import MEASURES
from indexer.learn.fuse_floors import floors
from indexer.learn.fuse_items import Item, of_products, read_classes, with_queries
from indexer.learn.fuse_material import Material, prepare
from indexer.learn.fuse_search import changed
from indexer.learn.fuse_task import Anchors, FuseSettings
from indexer.learn.fuse_train import FuseHow, Told, Trained, best_of_seeds, metrics, save, train
from indexer.learn.logs import Epoch, RunLog, asked_for
from indexer.learn.rows import RowTable
from indexer.learn.search_page import read_settings
from indexer.learn.settings import LoopSettings, Precision
from indexer.records import Product
from indexer.settings import Settings

WEIGHT_DECAY = 0.05
EPOCHS, RATE, PATIENCE = 12, 3e-3, 6
USUAL = FuseHow(
    loop=LoopSettings(epochs=EPOCHS, learning_rate=RATE, patience=PATIENCE, weight_decay=WEIGHT_DECAY),
    task=FuseSettings(),
)
"""What is learned with where no option and no file says otherwise."""


def fuse(
    ctx: typer.Context,
    feed: Annotated[
        list[Path] | None, typer.Argument(help="A catalogue with photos on this disk: what `fusedex feed` takes.", show_default=False)
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the fusion; must not exist.", show_default=False)],
    classes: Annotated[Path | None, typer.Option(help="Instead of a catalogue: a folder with a folder of photos for each class.")] = None,
    texts: Annotated[Path | None, typer.Option(help="CSV with the header class,text: the words of each class, several lines each.")] = None,
    judgments: Annotated[
        Path | None, typer.Option(help="Judgments or clicks (CSV query,product_id,grade): queries that must find their products.")
    ] = None,
    relevant: Annotated[int, typer.Option(min=1, help="From which grade on a judged product must be found.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Trainings with seeds 0, 1, ...; the best one is kept.")] = 3,
    epochs: Annotated[int, typer.Option(min=1, help="Times that each photo is learned from, at most.")] = EPOCHS,
    batch: Annotated[int, typer.Option(min=2, help="Photos a step.")] = 64,
    accumulate: Annotated[int, typer.Option(min=1, help="Batches whose gradients are added up.")] = 1,
    learning_rate: Annotated[float, typer.Option(min=0, help="AdamW's highest.")] = RATE,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without gain before a training stops.")] = PATIENCE,
    precision: Annotated[Precision, typer.Option(help="Numbers to compute in.")] = "auto",
    views: Annotated[int, typer.Option(min=1, max=12, help="Views of each photo: itself, its mirror image, crops.")] = 2,
    join: Annotated[Join, typer.Option(help="How text and photo become one row.")] = "gate",
    anchors: Annotated[
        Anchors, typer.Option(help="fixed: photos stay among the words given, unseen words find them; free: photos find products better.")
    ] = "auto",
    found_settings: Annotated[
        Path | None, typer.Option("--settings", help="What `learn search` found; options given here win over it.")
    ] = None,
    licence: Annotated[str, typer.Option(help="The data's licence, for the card.")] = "",
    state: Annotated[Path | None, typer.Option(help="Folder that keeps each epoch, so that an interrupted training goes on.")] = None,
    tensorboard: Annotated[Path | None, typer.Option(help="Folder for TensorBoard's event files.")] = None,
    wandb: Annotated[Path | None, typer.Option(help="Folder for Weights & Biases runs, offline.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The metrics as one JSON object on standard output, nothing else.")] = False,
) -> None:
    """Train a fusion that brings photos to words, and print what it finds beside the label bridge.

    A share of the photos is kept apart to measure by. Rows are kept under the home folder, so a second run takes seconds. The
    folder is written whole at the end, or not at all; name it in FUSEDEX_ENCODE__FUSION_FOLDER.
    """
    if out.exists():
        raise ModelError(f"{out} exists already.", cure="Give the new fusion a folder of its own.")
    settings = Settings.load()
    items = judged_items(items_of(feed or [], (classes, texts), settings), judgments, relevant)
    sources = [*(feed or []), *(path for path in (classes, texts, judgments) if path)]
    numbers = {"epochs": epochs, "batch": batch, "accumulate": accumulate, "learning_rate": learning_rate, "patience": patience}
    loop = _loop({**numbers, "weight_decay": WEIGHT_DECAY, "precision": precision})
    how = with_settings(FuseHow(loop=loop, task=FuseSettings(join=join, anchors=anchors)), found_settings, ctx)
    places = {"state": state, "tensorboard": tensorboard, "wandb": wandb}
    with display() as shown:
        trained, found = _trained(items, settings, (how, seeds, views), places, shown)
    told = Told(name=sources[0].name or "a catalogue", sources=tuple(path.name for path in sources), licence=licence, **found)
    save(out, trained, told)
    _show(metrics(trained, told), out, as_json=as_json)


def with_settings(how: FuseHow, file: Path | None, ctx: typer.Context) -> FuseHow:
    """The settings with a file's in their place, but for those that were given as options. Raises SettingsError."""
    if file is None:
        return how
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    given = {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}
    return changed(how, {name: value for name, value in read_settings(file).items() if name not in given})


def judged_items(items: list[Item], judgments: Path | None, relevant: int) -> list[Item]:
    """The items with the queries for which they were judged good. Raises EvaluationError."""
    return items if judgments is None else with_queries(items, read_judgments(judgments), least=relevant)


def _show(figures: Mapping[str, Any], out: Path, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    console = Console()
    console.print(figures_table(figures))
    console.print(escape(f"written: {out}"), highlight=False, soft_wrap=True)
    use = f"use it: FUSEDEX_ENCODE__PHOTO=image FUSEDEX_ENCODE__FUSION=mlp FUSEDEX_ENCODE__FUSION_FOLDER={out}"
    console.print(escape(use), highlight=False, soft_wrap=True)
    there = "for an index that is in use: the same three in a TOML file's [encode], and `fusedex upgrade start --config FILE`"
    console.print(escape(there), highlight=False, soft_wrap=True)


def items_of(feed: Sequence[Path], folders: tuple[Path | None, Path | None], settings: Settings) -> list[Item]:
    """A catalogue's items, or those of `folders`: classes and their texts. Raises SettingsError, LearningError, UnreadableFeed."""
    classes, texts = folders
    if classes is not None and texts is not None and not feed:
        return read_classes(classes, texts)
    if feed and classes is None and texts is None:
        return of_products(event for event in read_feed(list(feed), settings.feed) if isinstance(event, Product))
    raise SettingsError("A fusion is learned from a catalogue, or from classes.", cure="Name a feed, or both --classes and --texts.")


def _trained(
    items: Sequence[Item], settings: Settings, plan: tuple[FuseHow, int, int], places: Mapping[str, Path | None], shown: Display
) -> tuple[list[Trained], dict[str, Any]]:
    """All seeds' fusions, and what is told of the data."""
    how, seeds, views = plan
    encode = settings.encode
    text = make_text_encoder(encode)
    network = lite0(encode)
    folder = settings.home / "learn"
    table, bridge = RowTable(text, ImageEncoder(network), folder), RowTable(text, BridgeEncoder(network, text), folder)
    try:
        shown.begin("photos encoded", total=sum(len(item.photos) for item in items))
        material = prepare(items, table, views=views, seed=0, on_done=shown.at)
        shown.end()
        old = before(items, material, bridge)
        trained: list[Trained] = []
        for seed in range(seeds):
            own = FuseHow(loop=_loop({**how.loop.told(), "seed": seed}), task=how.task)
            kept = places["state"] / f"seed-{seed}" if places["state"] else None
            log = asked_for(Bar(shown, seed), run=f"seed-{seed}", **places)
            trained.append(train(material, (text.spec, table.photo.spec), own, log, state=kept))
        least = floors(best_of_seeds(trained).fusion(), material, table)
    finally:
        table.close()
        bridge.close()
    return trained, {"counts": _counts(items, material), "digest": material.digest, "before": old, "floors": least}


def _loop(numbers: Mapping[str, Any]) -> LoopSettings:
    return LoopSettings(**numbers)


def _counts(items: Sequence[Item], material: Material) -> dict[str, int]:
    return {"items": len(items), "texts": len(material.asking), "photos": len(material.learn), "apart": len(material.apart)}


class Bar(RunLog):
    """Moves the display an epoch at a time."""

    def __init__(self, shown: Display, seed: int) -> None:
        """Nothing has begun."""
        self._shown = shown
        self._seed = seed

    def began(self, told: Mapping[str, object], *, epochs_done: int) -> None:
        """A bar of epochs."""
        self._shown.begin(f"epochs, seed {self._seed}", total=int(str(told["epochs"])))
        self._shown.at(epochs_done)

    def epoch_ended(self, epoch: Epoch, *, best: bool) -> None:  # noqa: ARG002 - the hook's signature
        """Move it."""
        self._shown.at(epoch.number + 1)

    def ended(self, best: Epoch, *, stopped_early: bool) -> None:  # noqa: ARG002 - the hook's signature
        """End it."""
        self._shown.end()


def figures_table(figures: Mapping[str, Any]) -> Table:
    """Each measure before and after, and the mean over the seeds with their range."""
    apart = figures["data"]["apart"]
    table = Table(header_style="bold", title=f"on {apart:,} photos apart", title_justify="left", title_style="bold")
    table.add_column("measure")
    table.add_column("")
    for head in ("bridge", "learned", f"mean of {len(figures['seeds'])} seeds", "least", "most"):
        table.add_column(head, justify="right")
    for name, told in MEASURES.items():
        each = [one[name] for one in figures["seeds"]]
        shown = (figures["before"][name], figures["after"][name], figures["mean"][name], min(each), max(each))
        table.add_row(name, told, *(f"{value:.3f}" for value in shown))
    return table
