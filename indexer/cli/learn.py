"""`fusedex learn ...`: what can be learned, a command each."""

import typer

from indexer.cli.learn_tag import tag

learn = typer.Typer(no_args_is_help=True, help="Train taggers on your own catalogue.")
learn.command("tag")(tag)


@learn.callback()
def _group() -> None:
    """Keep `learn` a group though it has one command."""
