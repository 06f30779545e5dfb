"""How a live index differs from what this release and these settings would make: field by field, setting by setting."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from indexer.settings import IndexSettings
from indexer.store.calls import Call, Plan
from indexer.store.schema import VECTOR, Difference, differences, identity_of, index_body
from indexer.store.versions import find_plan

Json = dict[str, Any]

IN_PLACE = ("number_of_replicas", "refresh_interval")
"""Settings that an index takes without being built anew."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an index, as the settings say and as the index has it; `in_place`: it can be changed where it is."""

    name: str
    file: str
    index: str
    in_place: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """What differs between a release's file with its settings, and a live index."""

    index: str
    fields: tuple[Difference, ...]
    settings: tuple[Setting, ...]

    @property
    def needs_upgrade(self) -> bool:
        """Whether only another index can have it."""
        return bool(self.fields) or any(not one.in_place for one in self.settings)


def drift_plan(settings: IndexSettings, *, photo_vector: bool = False) -> Plan[Drift]:
    """Compare the index behind the alias with one that has the photos' own vector, or not.

    Raises IndexMissing, and SchemaDrift for one that is none of ours.
    """
    index, mapping = yield from find_plan(settings.alias)
    identity = replace(identity_of(index, mapping), photo_vector=photo_vector)
    answer = yield Call(method="GET", path=f"/{index}/_settings")
    live: Mapping[str, object] = answer[index]["settings"]["index"]
    body = index_body(identity, settings)
    pairs = [*_index_settings(body, live), *_graph(body["mappings"], mapping)]
    return Drift(
        index,
        tuple(differences(mapping, identity)),
        tuple(Setting(name, file, there, name in IN_PLACE) for name, file, there in pairs if file != there),
    )


def _index_settings(body: Json, live: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    for name in ("number_of_shards", *IN_PLACE):
        yield name, str(body["settings"]["index"][name]), str(live.get(name, ""))


def _graph(ours: Json, live: Json) -> Iterator[tuple[str, str, str]]:
    wanted, found = (one.get("properties", {}).get(VECTOR, {}).get("method", {}) for one in (ours, live))
    yield "engine", str(wanted.get("engine", "")), str(found.get("engine", ""))
    for name in ("m", "ef_construction"):
        yield name, *(str(method.get("parameters", {}).get(name, "")) for method in (wanted, found))  # type: ignore[misc]  # a pair
