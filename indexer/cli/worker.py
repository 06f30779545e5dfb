"""`fusedex worker`: one worker process in the foreground."""

from typing import Annotated

import typer

from indexer.observe import configure_logs
from indexer.settings import Settings
from workers.app import QUEUES
from workers.process import run


def worker(
    lane: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Work only this lane; may be repeated. One of {', '.join(QUEUES)} (products sent to be accepted); default: all."
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, max=16, help="Tasks at once; default: FUSEDEX_WORK__THREADS.")] = None,
) -> None:
    """Work the queue until it is told to stop (SIGTERM or Ctrl-C): rows in hand are put back, for another worker."""
    settings = Settings.load()
    configure_logs(settings.log)
    if unknown := set(lane or ()) - set(QUEUES):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: no such lane; they are {', '.join(QUEUES)}.")
    raise typer.Exit(run(settings, queues=[known for known in QUEUES if known in (lane or QUEUES)], threads=threads))
