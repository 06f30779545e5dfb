"""The command `fusedex`: one module a group, thin; this one joins them and turns errors into exit codes."""

import sys
from collections.abc import Callable
from importlib import import_module, metadata
from typing import Annotated

import typer

from indexer.errors import IndexerError, QueryError, SettingsError, UnknownName

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130

# In the order of a first day: start, feed, search, look, mend, stop.
COMMANDS = {
    "up": "indexer.cli.engines",
    "feed": "indexer.cli.feed",
    "search": "indexer.cli.search",
    "suggest": "indexer.cli.suggest",
    "explain-match": "indexer.cli.explain_match",
    "evaluate": "indexer.cli.evaluate",
    "tune": "indexer.cli.tune",
    "ranker": "indexer.cli.ranker",
    "judgments": "indexer.cli.judgments",
    "model": "indexer.cli.model",
    "learn": "indexer.cli.learn",
    "tag": "indexer.cli.tag",
    "check": "indexer.cli.check",
    "status": "indexer.cli.status",
    "job": "indexer.cli.job",
    "letters": "indexer.cli.letters",
    "cache": "indexer.cli.cache",
    "reconcile": "indexer.cli.reconcile",
    "refuse-all": "indexer.cli.refuse_all",
    "upgrade": "indexer.cli.upgrade",
    "schema": "indexer.cli.schema",
    "serve": "indexer.cli.serve",
    "worker": "indexer.cli.worker",
    "demo": "indexer.cli.demo",
    "down": "indexer.cli.engines",
    "reset": "indexer.cli.engines",
}
EXTRAS = {
    "celery": "workers",
    "kombu": "workers",
    "redis": "workers",
    "fastapi": "service",
    "starlette": "service",
    "uvicorn": "service",
    "jinja2": "service",
    "multipart": "service",
}


def main() -> None:
    """Run the command line: exit code 0 done, 1 failed, 2 wrong usage, 3 partly done, 130 interrupted."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    only = words[0] if words and words[0] in COMMANDS else None
    try:
        make_app(only)()
    except (QueryError, SettingsError, UnknownName) as error:
        _complain(error)
        sys.exit(WRONG_USAGE)
    except IndexerError as error:
        _complain(error)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def make_app(only: str | None = None) -> typer.Typer:
    """All commands, or one (so that a search does not wait for what a worker imports)."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")
    app.callback()(_root)
    for name, module in COMMANDS.items():
        if only not in (None, name):
            continue
        command = _load(name, module)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _load(name: str, module: str) -> Callable[..., object] | typer.Typer:
    """The command of that name, or the group of commands."""
    try:
        command: Callable[..., object] | typer.Typer = getattr(import_module(module), name.replace("-", "_"))
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        return _missing(name, extra)
    return command


def _missing(name: str, extra: str) -> Callable[[], None]:
    def explain() -> None:
        raise SettingsError(f"`fusedex {name}` needs the extra {extra!r}.", cure=f"pip install 'fusedex[{extra}]'")

    explain.__doc__ = f"(needs: pip install 'fusedex\\[{extra}]')"
    return explain


def _version(asked: bool) -> None:
    if asked:
        print(f"fusedex {metadata.version('fusedex')}")
        raise typer.Exit


def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_version)] = False,
) -> None:
    """Products in, one fused vector each; queries of text and photo back, ranked by BM25 and cosine together.

    A first day: `fusedex up`, `fusedex feed products.csv`, `fusedex search "黑色T恤"`, `fusedex serve`, `fusedex down`.
    """


def _complain(error: IndexerError) -> None:
    print(f"fusedex: {error.message}", file=sys.stderr)
    if error.cure:
        print(f"  {error.cure}", file=sys.stderr)
    if error.retryable:
        print("  The same command may succeed later, unchanged.", file=sys.stderr)
