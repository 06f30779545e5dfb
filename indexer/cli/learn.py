"""`fusedex learn ...`: what can be learned, a command each."""

import typer

from indexer.cli.learn_fuse import fuse

learn = typer.Typer(no_args_is_help=True, help="Train fusions on your own catalogue.")
learn.command("fuse")(fuse)


@learn.callback()
def _group() -> None:
    """Keep `learn` a group though it has one command."""
