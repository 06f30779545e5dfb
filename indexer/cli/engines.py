"""`fusedex up`, `down` and `reset`: the engines of this machine."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

import typer

from indexer.embedded.stack import stack_from
from indexer.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, progress on standard error.")]


def up(
    *,
    workers: Annotated[bool, typer.Option(help="Start the workers too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start the engines of this machine that are not running yet, and tell where everything is."""
    settings = Settings.load()
    stack = stack_from(settings)
    began = time.monotonic()
    endpoints = stack.up(_teller(as_json=as_json), workers=workers)
    engines = {engine.name: engine.pid for engine in stack.status()}
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        print(json.dumps({**asdict(endpoints), "home": str(stack.home.folder), "pids": engines, "seconds": seconds}))
        return
    print(f"ready after {seconds} s")
    for name, address in asdict(endpoints).items():
        print(f"  {name.removesuffix('_url'):<11}{_shown(address)}")
    print(f"  {'home':<11}{stack.home.folder}")
    for engine in stack.status():
        print(f"  {engine.name + ' log':<15} {engine.log}")


def down(*, as_json: AsJson = False) -> None:
    """Stop the workers, the broker and OpenSearch of this home; the data stay."""
    stack = stack_from(Settings.load())
    running = [engine.name for engine in stack.status() if engine.running]
    stack.down(_teller(as_json=as_json))
    if as_json:
        print(json.dumps({"home": str(stack.home.folder), "stopped": running}))
    else:
        print(f"stopped {', '.join(running)}; the data stay" if running else "nothing was running")


def reset(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop everything and delete this home's data: products, index, queue and logs."""
    stack = stack_from(Settings.load())
    if not yes:
        typer.confirm(f"Delete all data of {stack.home.folder}?", abort=True, err=True)
    stack.reset(_teller(as_json=as_json))
    if as_json:
        print(json.dumps({"home": str(stack.home.folder), "reset": True}))


def _teller(*, as_json: bool) -> Callable[[str], None]:
    """Prints progress, one line each, away from standard output when that is to hold JSON."""
    stream = sys.stderr if as_json else sys.stdout
    return partial(print, file=stream, flush=True)


def _shown(address: str) -> str:
    """The address without its password."""
    password = urlsplit(address).password
    return address.replace(f":{password}@", ":●●●@") if password else address
