"""`fusedex model`: the encoders there are, what each is, how fast it is here, whether it keeps its contract, and smaller forms of it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from indexer.cli.model_tools import Form, cosines, described, encoder_of, failures, photos_of, rate, shrunk, texts_of
from indexer.encode.base import TextEncoder
from indexer.encode.catalog import PHOTO_ENCODERS, TEXT_ENCODERS
from indexer.encode.profiles import PROFILES
from indexer.errors import SettingsError
from indexer.settings import Settings

PARTLY = 1
model = typer.Typer(no_args_is_help=True, help="The encoders: list, show, try, check, shrink.")
Kind = Annotated[Literal["text", "photo"], typer.Option(help="Which of the two that share the name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Name = Annotated[str, typer.Argument(help="An encoder's name, as `list` shows it.", show_default=False)]


@model.command("list")
def list_models(
    *,
    recommended: Annotated[bool, typer.Option(help="Models for production, with licence and published scores, instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show every encoder: width, licence, and whether all that it needs is at hand, by the settings."""
    if recommended:
        _recommended(as_json=as_json)
        return
    settings = Settings.load().encode
    rows = [described(kind, name, settings) for kind, names in _names() for name in names if name != "none"]
    if as_json:
        print(json.dumps(rows))
        return
    table = Table("kind", "name", "width", "licence", "at hand")
    for row in rows:
        table.add_row(*(str(row[field] or "") for field in ("kind", "name", "width", "licence", "at_hand")))
    Console().print(table)


@model.command("show")
def show(name: Name, *, kind: Kind = "text", as_json: AsJson = False) -> None:
    """Show an encoder's whole spec, its digest and where it comes from."""
    spec = encoder_of(kind, name, Settings.load().encode).spec
    told = asdict(spec) | {"digest": spec.digest}
    if as_json:
        print(json.dumps(told))
        return
    table = Table(show_header=False)
    for field, value in told.items():
        if value not in ("", None):
            table.add_row(field, json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value))
    Console().print(table)


@model.command("try")
def try_model(
    name: Name,
    inputs: Annotated[list[str], typer.Argument(help="Texts, or photo files with --kind photo; the first is compared with the rest.")],
    *,
    kind: Kind = "text",
    as_json: AsJson = False,
) -> None:
    """Encode texts or photos, and print how near each is to the first, and how many a second this machine encodes."""
    encoder = encoder_of(kind, name, Settings.load().encode)
    given = inputs if isinstance(encoder, TextEncoder) else photos_of([Path(one) for one in inputs])
    found, speed = cosines(encoder, given), rate(encoder, given)
    if as_json:
        print(json.dumps({"first": inputs[0], "cosines": dict(zip(inputs[1:], found, strict=True)), "a_second": speed}))
        return
    for other, cosine in sorted(zip(inputs[1:], found, strict=True), key=lambda pair: -pair[1]):
        print(f"{cosine:7.3f}  {other}")
    print(f"{speed:,.0f} {kind}s a second, {encoder.spec.width} numbers a row")


@model.command("check")
def check(name: Name, *, kind: Kind = "text") -> None:
    """Hold an encoder to the contract of all encoders; exit code 1 where it breaks a part."""
    broken = 0
    for case, says, wrong in failures(kind, name, Settings.load().encode):
        broken += bool(wrong)
        print(f"{'broken' if wrong else 'kept':<7} {case}: {wrong or says}")
    if broken:
        raise typer.Exit(PARTLY)


@model.command("shrink")
def shrink(
    name: Name,
    *,
    to: Annotated[Form, typer.Option(help="ONNX in float32, ONNX in eight bits, single weights cut away, or whole layers left out.")],
    out: Annotated[Path, typer.Option(help="The new folder.")],
    kind: Kind = "text",
    share: Annotated[float, typer.Option(help="For pruned and layers: how much goes.")] = 0.3,
    texts: Annotated[Path | None, typer.Option(help="A feed whose titles are compared; default: a built-in sample.")] = None,
    photos: Annotated[Path | None, typer.Option(help="For photos: a folder of them to compare.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a smaller form of an encoder, and print what it costs: cosine, neighbours kept, speed and size against the original."""
    settings = Settings.load()
    if kind == "photo" and photos is None:
        raise SettingsError("To compare photo encoders, photos are needed.", cure="Name a folder of at least eleven with --photos.")
    given = photos_of(sorted(photos.iterdir())) if photos is not None and kind == "photo" else texts_of(texts, settings)
    made = shrunk(encoder_of(kind, name, settings.encode), out, form=to, share=share, inputs=given)
    if as_json:
        print(
            json.dumps(
                asdict(made.parity) | {"bytes": made.size, "bytes_before": made.before, "left_out": made.left_out, "folder": str(out)}
            )
        )
        return
    parity = made.parity
    print(f"{out}: {made.size / 1e6:.1f} MB, {made.before / 1e6:.1f} MB before, by {parity.inputs:,} {kind}s:")
    print(f"  cosine with the original: {parity.mean_cosine:.4f} on average, {parity.least_cosine:.4f} at the least")
    print(f"  recall@10 of the original's neighbours: {parity.recall:.3f}")
    print(f"  speed: {parity.speed:.2f} times the original's on this machine")
    if made.left_out:
        print(f"  left out, counted from 0: layer {', '.join(map(str, made.left_out))}")
    if to == "pruned":
        print("  Zeros are multiplied like other numbers: pruned weights make the packed file smaller, not the work.")


def _names() -> list[tuple[Literal["text", "photo"], list[str]]]:
    return [("text", TEXT_ENCODERS.names()), ("photo", PHOTO_ENCODERS.names())]


def _recommended(*, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(profile) for profile in PROFILES]))
        return
    for profile in PROFILES:
        table = Table(show_header=False, title=profile.name, title_justify="left")
        for field, value in asdict(profile).items():
            table.add_row(field.replace("_", " "), str(value))
        Console().print(table)
    print("None of these was run here: the scores are those of their publishers.")
