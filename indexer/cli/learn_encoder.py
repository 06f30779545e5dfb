"""`fusedex learn encoder`: the text model itself, and the image backbone, fine-tuned on a catalogue and on judgments."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from indexer.cli.learn_tag import Steps, products_of
from indexer.cli.progress import display
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encode.folder import Folder
from indexer.encode.image import ImageEncoder
from indexer.encode.transformer import TransformerEncoder, minilm
from indexer.errors import SettingsError
from indexer.evaluate.compare import spread
from indexer.evaluate.queries import judged_texts
from indexer.learn.encoder_card import TOLD
from indexer.learn.encoder_measures import MEASURES
from indexer.learn.encoder_network import EncoderSettings, FreezePhoto
from indexer.learn.encoder_pairs import Pairs, asks_of, parted, wares_of
from indexer.learn.encoder_towers import PhotoReader
from indexer.learn.encoder_train import PHOTO, PROJECTION, TEXT, EncoderHow, EncoderTraining
from indexer.learn.logs import asked_for
from indexer.learn.rows import PhotoLimits
from indexer.learn.settings import LoopSettings, Precision
from indexer.records import Product
from indexer.settings import Settings
from indexer.whole import check_absent

FREEZE_PHOTO = "Keep the stem and so many of the photo network's lowest stages as they are, or `all`; default: none."


def encoder(
    feed: Annotated[list[Path], typer.Argument(help="The catalogue: what `fusedex feed` takes.", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the encoders; must not exist.", show_default=False)],
    judgments: Annotated[Path | None, typer.Option(help="Judgments or clicks (CSV query,product_id,grade): queries to learn.")] = None,
    queries: Annotated[Path | None, typer.Option(help="Where judgments name queries by ids: CSV query_id,query.")] = None,
    relevant: Annotated[int, typer.Option(min=1, help="From which grade on a judged product answers its query.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Products at most, drawn by the seed; judged ones first.")] = None,
    text_folder: Annotated[Path | None, typer.Option(help="The transformer to begin with; default: the profile's, or MiniLM.")] = None,
    tokens: Annotated[int | None, typer.Option(min=8, help="Tokens of a text that are read, then and later; default: the model's.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Times that each pair is learned from, at most.")] = 3,
    batch: Annotated[int, typer.Option(min=2, help="Pairs of texts a step.")] = 32,
    accumulate: Annotated[int, typer.Option(min=1, help="Batches whose gradients are added up.")] = 1,
    text_rate: Annotated[float, typer.Option(min=0, help="The text model's highest learning rate.")] = 2e-5,
    photo_rate: Annotated[float, typer.Option(min=0, help="The photo network's; its projection learns 20 times as fast.")] = 1e-5,
    freeze_text: Annotated[
        int | None, typer.Option(min=0, help="Keep the embeddings and so many of the lowest layers as they are; default: none.")
    ] = None,
    freeze_photo: Annotated[str | None, typer.Option(help=FREEZE_PHOTO)] = None,
    temperature: Annotated[float, typer.Option(min=0, help="Of the contrastive loss.")] = 0.05,
    hard: Annotated[int, typer.Option(min=0, help="Hard negatives for each text.")] = 1,
    warmup: Annotated[float, typer.Option(min=0, max=0.99, help="Share of all steps in which the rates climb.")] = 0.1,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without gain before the training stops.")] = 2,
    precision: Annotated[Precision, typer.Option(help="Numbers to compute in.")] = "auto",
    checkpointing: Annotated[bool, typer.Option("--checkpointing", help="Less memory for a third more time.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="For parts, shuffling and dropout.")] = 0,
    licence: Annotated[str, typer.Option(help="The data's licence, for the card.")] = "",
    state: Annotated[Path | None, typer.Option(help="Folder that keeps each epoch, so that an interrupted training goes on.")] = None,
    tensorboard: Annotated[Path | None, typer.Option(help="Folder for TensorBoard's event files.")] = None,
    wandb: Annotated[Path | None, typer.Option(help="Folder for Weights & Biases runs, offline.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The metrics as one JSON object on standard output, nothing else.")] = False,
) -> None:
    """Fine-tune the text model, and the photo network where the profile has one: texts find products, titles find photos.

    Pairs come from titles, descriptions, attributes, photos and judgments. Products are parted by family: some are learned from,
    some choose the epoch, and before and after are reported on others. The folder is written whole at the end, or not at all.
    """
    check_absent(out)
    settings = Settings.load()
    numbers = {"epochs": epochs, "batch": batch, "accumulate": accumulate, "warmup": warmup, "patience": patience, "seed": seed}
    loop = loop_of({**numbers, "learning_rate": text_rate, "precision": precision, "checkpointing": checkpointing})
    own = EncoderSettings(
        photo_rate=photo_rate, freeze_text=freeze_text, freeze_photo=frozen(freeze_photo), temperature=temperature, hard=hard
    )
    text, photo = text_encoder(settings, text_folder, tokens), photo_encoder(settings)
    reader = PhotoReader(PhotoLimits(largest_bytes=settings.feed.photo_bytes, pixels=settings.feed.photo_pixels))
    pairs = pairs_of((feed, limit, seed), (judgments, queries, relevant), settings, reader=reader if photo else None)
    training = EncoderTraining(pairs, (text, photo if has_photos(pairs) else None), EncoderHow(loop=loop, own=own), read=reader)
    with display() as shown:
        tried = training.run(asked_for(Steps(shown), state=state, tensorboard=tensorboard, wandb=wandb), state=state)
    sources = [path.name for path in (*feed, judgments) if path]
    figures = training.save(out, tried, {"sources": sources, "licence": licence})
    show(figures, out, as_json=as_json)


def loop_of(numbers: Mapping[str, Any]) -> LoopSettings:
    """The loop's settings."""
    return LoopSettings(**numbers)


def frozen(told: str | None) -> FreezePhoto:
    """What --freeze-photo says; raises SettingsError for anything but a number and `all`."""
    if told is None:
        return None
    if told == "all":
        return "all"
    if not told.isdecimal():
        raise SettingsError(f"--freeze-photo is a number of stages or `all`, not {told!r}.")
    return int(told)


def text_encoder(settings: Settings, folder: Path | None, tokens: int | None) -> TransformerEncoder:
    """The transformer to begin with: the folder's, the profile's, or MiniLM. Raises ModelUnavailable, SettingsError."""
    encode = settings.encode
    if folder is not None:
        return TransformerEncoder(Folder(path=folder, name="transformer", max_tokens=tokens), threads=encode.threads)
    if encode.text == "transformer":
        made = make_text_encoder(encode.model_copy(update={"text_tokens": tokens or encode.text_tokens}))
        if isinstance(made, TransformerEncoder):
            return made
    return TransformerEncoder(replace(minilm(), max_tokens=tokens), threads=encode.threads)


def photo_encoder(settings: Settings) -> ImageEncoder | None:
    """The profile's photo encoder where it is `image`; no other has a network that could learn here."""
    if settings.encode.photo != "image":
        return None
    encode = settings.encode.model_copy(update={"text": "hashed", "fusion": "mlp"})  # widths are not compared: they will fit
    made = make_photo_encoder(encode, make_text_encoder(encode))
    return made if isinstance(made, ImageEncoder) else None


def pairs_of(
    feed: tuple[list[Path], int | None, int],
    judged: tuple[Path | None, Path | None, int],
    settings: Settings,
    *,
    reader: PhotoReader | None,
) -> Pairs:
    """What is learned from and what is asked: `feed` with limit and seed, judgments with queries and the least grade."""
    (paths, limit, seed), (judgments, queries, least) = feed, judged
    told = judged_texts(judgments, queries) if judgments else None
    products = products_of(paths, settings)
    if limit is not None:
        known = {product for grades in told[0].grades.values() for product in grades} if told else set()
        products = drawn(products, known, limit=limit, seed=seed)
    wares = wares_of(products, usable=reader.usable) if reader else wares_of(products)
    return parted(wares, asks_of(products, wares, told, least=least, seed=seed), seed=seed)


def drawn(products: Sequence[Product], judged: set[str], *, limit: int, seed: int) -> list[Product]:
    """At most so many of the products, in their order: judged ones first, then others, both by chance."""
    order = np.random.default_rng(seed).permutation(len(products)).tolist()
    chosen = sorted(order, key=lambda at: products[at].id not in judged)[:limit]
    return [products[at] for at in sorted(chosen)]


def has_photos(pairs: Pairs) -> bool:
    """Whether any pair to learn from has a photo."""
    return any(ask.kind == "pictured" for ask in pairs.asks["learn"])


def show(figures: Mapping[str, Any], out: Path, *, as_json: bool) -> None:
    """Before and after, and how to use it."""
    if as_json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    console = Console()
    console.print(report_table(figures))
    for kind in figures["report"]:
        console.print(f"{kind}: {TOLD[kind]}", highlight=False)
    use = f"FUSEDEX_ENCODE__TEXT=transformer FUSEDEX_ENCODE__TEXT_FOLDER={out / TEXT}"
    if (out / PHOTO).exists():
        use += f" FUSEDEX_ENCODE__PHOTO=image FUSEDEX_ENCODE__PHOTO_FOLDER={out / PHOTO}"
        use += f" FUSEDEX_ENCODE__PROJECTION_FOLDER={out / PROJECTION}"
    for text in (f"by mrr: {figures['verdict']}", f"best epoch: {figures['best_epoch']}", f"written: {out}", f"use it: {use}"):
        console.print(escape(text), highlight=False, soft_wrap=True)


def report_table(figures: Mapping[str, Any]) -> Table:
    """By kind of text and measure: before, after, the difference with its interval, p."""
    products = figures["data"]["products"]["report"]
    table = Table(header_style="bold", title=f"on {products:,} products of other families", title_justify="left", title_style="bold")
    table.add_column("texts")
    table.add_column("measure")
    for head in ("before", "after", "difference (95%)", "p"):
        table.add_column(head, justify="right")
    for kind, measures in figures["report"].items():
        for place, name in enumerate(MEASURES):
            one = measures[name]
            told = spread(one["mean"], one["low"], one["high"])
            table.add_row(
                f"{kind} ({one['texts']:,})" if place == 0 else "",
                name,
                f"{one['before']:.3f}",
                f"{one['after']:.3f}",
                told,
                f"{one['p']:.4f}",
            )
    return table
