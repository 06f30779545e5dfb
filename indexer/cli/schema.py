"""`fusedex schema`: this release's mapping and settings beside the live index's."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import SecretStr

from indexer.build.places import endpoints
from indexer.settings import Settings
from indexer.store.drift import Drift
from indexer.store.opensearch import OpenSearchStore

DIFFERS = 1

schema = typer.Typer(no_args_is_help=True, help="Compare this release's mapping with the live index.")


@schema.callback()
def _schema() -> None:
    """Keep `diff` a command of its own, though it is the only one."""


@schema.command()
def diff(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False) -> None:
    """Show which fields and settings of the live index are not those of the file. Exit code 1: it takes an upgrade to have them."""
    settings = Settings.load()
    store = OpenSearchStore(SecretStr(endpoints(settings).opensearch_url), settings.index)
    try:
        drift = store.drift(photo_vector=settings.encode.photo_vector)
    finally:
        store.close()
    if as_json:
        print(json.dumps(asdict(drift) | {"needs_upgrade": drift.needs_upgrade}, ensure_ascii=False))
    else:
        _show(drift)
    raise typer.Exit(DIFFERS if drift.needs_upgrade else 0)


def _show(drift: Drift) -> None:
    for one in drift.fields:
        if one.index is None:
            print(f"+ {one.field}: only in the file, {json.dumps(one.file)}")
        elif one.file is None:
            print(f"- {one.field}: only in the index, {json.dumps(one.index)}")
        else:
            print(f"~ {one.field}: {json.dumps(one.file)} in the file, {json.dumps(one.index)} in the index")
    for setting in drift.settings:
        how = " (can be changed in place)" if setting.in_place else ""
        print(f"~ setting {setting.name}: {setting.file} here, {setting.index} in the index{how}")
    if drift.needs_upgrade:
        print(f"{drift.index} can't take this as it is: fusedex upgrade start --rebuild")
    elif drift.settings:
        print(f"{drift.index} needs no upgrade.")
    else:
        print(f"{drift.index} is as this release makes it.")
