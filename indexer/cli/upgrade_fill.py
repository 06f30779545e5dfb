"""`fusedex upgrade fill`: the next index filled by Ray Data, past one machine's workers."""

import json
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from indexer.build.writing import build_indexer
from indexer.cli.progress import display
from indexer.operate.ray import WINDOW, Filled, Pool
from indexer.operate.ray import fill as run
from indexer.settings import Settings, quiet_ray


def fill(
    *,
    actors: Annotated[int, typer.Option(min=1, help="Processes that hold the encoders, at most.")] = 1,
    cpus: Annotated[float, typer.Option(min=0.1, help="Cores that each takes.")] = 1.0,
    gpus: Annotated[float, typer.Option(min=0, help="GPUs that each takes.")] = 0.0,
    address: Annotated[str, typer.Option(help="A running Ray; without it one is begun on this machine, and ended.")] = "",
    window: Annotated[int, typer.Option(min=1, help="Rows of one task.")] = WINDOW,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Fill the next index by Ray Data, beside the workers or in their place. May be given again: it finds what is left."""
    quiet_ray()
    settings = Settings.load()
    pool = Pool(actors=actors, cpus=cpus, gpus=gpus, address=address)
    indexer = build_indexer(settings)
    try:
        with display() as shown:
            shown.begin("filling", total=indexer.ledger.next.dirty())

            def told(filled: Filled) -> None:
                shown.at(filled.rows)

            filled = run(partial(build_indexer, settings), indexer.ledger, pool, window=window, told=told)
    finally:
        indexer.close()
    if as_json:
        print(json.dumps(asdict(filled)))
        return
    print(f"{filled.rows:,} rows: {filled.written:,} written, {filled.newer:,} newer there, {filled.left:,} left to the workers.")
    print("Then: fusedex upgrade resume")
