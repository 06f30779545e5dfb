"""`fusedex cache`: what the vector cache holds, and making it smaller."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from indexer.build.places import build_encoders, endpoints
from indexer.cli.letters import clock_text
from indexer.errors import IndexerError
from indexer.ledger.base import CacheStats
from indexer.ledger.open import wall_clock
from indexer.ledger.vectors import SqlVectorCache, open_vectors
from indexer.settings import Settings

SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
SECONDS = {"S": 1, "M": 60, "H": 3600, "D": 86_400, "W": 7 * 86_400}
USES_NOTED_S = 2 * SECONDS["D"]
"""Uses are noted to the day: what looks unused for less than this may be in use."""

cache = typer.Typer(no_args_is_help=True, help="The vector cache: show, trim.")


@cache.command("show")
def show(*, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False) -> None:
    """Show how many vectors are kept, for which models, and when they were last used."""
    settings = Settings.load()
    with _cache(settings) as kept:
        stats = kept.stats()
    names, disk = models(settings), _disk(settings)
    if as_json:
        print(json.dumps(asdict(stats) | {"models": names, "file_bytes": disk, "limit_bytes": settings.cache.bytes}))
        return
    table = Table(show_header=False, title="Vector cache", title_justify="left")
    table.add_row("rows", f"{stats.rows:,}")
    table.add_row("size", f"{size_text(stats.bytes)} of at most {size_text(settings.cache.bytes)}")
    if disk is not None:
        table.add_row("file", f"{size_text(disk)}, keys and free room counted")
    for digest, rows in sorted(stats.by_spec.items(), key=lambda item: -item[1]):
        table.add_row(f"model {digest}", f"{rows:,} rows, {rows / stats.rows:.0%}: {names.get(digest, 'of no model in use now')}")
    if stats.rows:
        table.add_row("last used", f"{clock_text(stats.oldest)} to {clock_text(stats.newest)}, to the day")
    Console().print(table)


@cache.command("trim")
def trim(
    *,
    max_size: Annotated[str, typer.Option("--max-size", metavar="SIZE", help="Keep at most this: 500MB, 5GB; the least used go.")] = "",
    unused: Annotated[str, typer.Option("--unused", metavar="TIME", help="Drop what nobody asked for in so long: 30d, 12w.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Drop vectors, by size or by age; without either, to the settings' limits. What is needed again is encoded again."""
    settings = Settings.load()
    limit, age = (size_of(max_size) if max_size else None), (seconds_of(unused) if unused else None)
    if limit is None and age is None:
        limit, age = settings.cache.bytes, settings.cache.unused_s
    with _cache(settings) as kept:
        before, disk = kept.stats(), _disk(settings)
        if not yes:
            _ask(before, limit=limit, age=age)
        dropped = kept.trim(max_bytes=limit, unused_s=age)
        shrunk = not dropped or kept.shrink()
        after = kept.stats()
    print(f"{dropped:,} of {before.rows:,} vectors dropped; {after.rows:,} are kept ({size_text(after.bytes)}).")
    if disk is not None and dropped:
        print(f"The file: {size_text(disk)} before, {size_text(_disk(settings) or 0)} now.")
    if not shrunk:
        print("The file was made by an earlier release and keeps its size; new vectors take the free room.")


def models(settings: Settings) -> dict[str, str]:
    """The models of these settings by the digest of their specs; empty where they can't be told (an extra that is missing)."""
    try:
        encoders = build_encoders(settings)
        used = [encoders.text.spec, *([encoders.photo.spec] if encoders.photo else [])]
        return {spec.digest: spec.name for spec in used}
    except IndexerError:
        return {}


def size_of(text: str) -> int:
    """Bytes of a size as people write it: 5GB, 1.5 GiB, 700000. Raises typer.BadParameter.

    >>> size_of("5GB"), size_of("1.5 KiB"), size_of("700")
    (5000000000, 1536, 700)
    """
    return round(_amount(text, SIZES, example="500MB or 5GB", bare="B"))


def seconds_of(text: str) -> float:
    """Seconds of a time as people write it: 30d, 12 w, 36h. Raises typer.BadParameter.

    >>> seconds_of("30d"), seconds_of("36h")
    (2592000.0, 129600.0)
    """
    return _amount(text, SECONDS, example="30d or 12w", bare="")


def size_text(number: int) -> str:
    """Bytes for people: 1.2 GB.

    >>> size_text(1_234_567_890), size_text(999)
    ('1.2 GB', '999 B')
    """
    for unit in ("TB", "GB", "MB", "KB"):
        if number >= SIZES[unit]:
            return f"{number / SIZES[unit]:.1f} {unit}"
    return f"{number} B"


def _amount(text: str, units: dict[str, int], *, example: str, bare: str) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    unit = units.get((match[2] or bare).upper()) if match else None
    if match is None or unit is None:
        raise typer.BadParameter(f"{text!r} can't be read; write it as {example}.")
    return float(match[1]) * unit


def _ask(stats: CacheStats, *, limit: int | None, age: float | None) -> None:
    print(
        f"{stats.rows:,} vectors are kept ({size_text(stats.bytes)}), last used {clock_text(stats.oldest)} to {clock_text(stats.newest)}."
    )
    if age is not None:
        before = clock_text(wall_clock() - round(age * 1_000_000))
        print(f"Dropped: what nobody asked for since {before}.")
        if age < USES_NOTED_S:
            print("Uses are noted to the day: below two days this drops vectors in use, which are then encoded again.")
    if limit is not None:
        print(f"Dropped: the least recently used, until the rest fits into {size_text(limit)}.")
    typer.confirm("Go on?", abort=True)


def _disk(settings: Settings) -> int | None:
    """Bytes of the SQLite file, what is written ahead counted; None for another database."""
    url = endpoints(settings).vectors_url
    if not url.startswith("sqlite:///"):
        return None
    name = url.removeprefix("sqlite:///").split("?")[0]
    return sum(file.stat().st_size for file in (Path(name), Path(f"{name}-wal")) if file.exists())


@contextmanager
def _cache(settings: Settings) -> Iterator[SqlVectorCache]:
    kept = open_vectors(endpoints(settings).vectors_url)
    try:
        yield kept
    finally:
        kept.close()
