"""`fusedex learn`: what a catalogue teaches, and whether it is sound. One file a command; this one joins them."""

import typer

from indexer.cli.learn_check import check

learn = typer.Typer(no_args_is_help=True, help="Learn from the catalogue: check it first.")
learn.command("check")(check)


@learn.callback()
def _group() -> None:
    """Learn from the catalogue: check it first."""
