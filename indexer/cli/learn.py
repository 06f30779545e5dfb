"""`fusedex learn`: what a catalogue teaches, and whether it is sound. One file a command; this one joins them."""

import typer

from indexer.cli.learn_check import check
from indexer.cli.learn_encoder import encoder
from indexer.cli.learn_fuse import fuse
from indexer.cli.learn_search import search_settings
from indexer.cli.learn_tag import tag

learn = typer.Typer(no_args_is_help=True, help="Learn from your own catalogue: check it first.")
learn.command("check")(check)
learn.command("fuse")(fuse)
learn.command("encoder")(encoder)
learn.command("search")(search_settings)
learn.command("tag")(tag)
