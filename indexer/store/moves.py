"""An index's next version: made beside it, told about, switched to in one request, and the one that is no longer needed deleted."""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from indexer.errors import IndexMissing, StoreError
from indexer.settings import IndexSettings
from indexer.store.base import ProductStore
from indexer.store.calls import Call, Plan
from indexer.store.capabilities import capabilities_plan, need_knn
from indexer.store.identity import Coming, Identity
from indexer.store.schema import COMING, MADE_FOR, PROFILE, check_identity, check_mapping, identity_of, index_body, refuse_unsafe
from indexer.store.versions import CREATE_TIMEOUT_S, TAKEN, find_plan, next_number, next_number_plan, version_name

TRIES = 5

Json = dict[str, Any]


class IndexVersions(ProductStore, Protocol):
    """A store whose index may be replaced by its next version."""

    def make_next(self, identity: Identity, *, profile: str, made_for: str, taken: Sequence[str] = ()) -> str:
        """Make an index without the alias, of the template of this release; its name. The one made for the same is not made twice.

        Names that are `taken` are not given again: somebody may still write to an index of before.
        """

    def made_for(self, what: str) -> str:
        """The name of the index that was made for that; empty where there is none."""

    def note(self, index: str, *, profile: str | None = None, coming: Coming | None = None) -> None:
        """Note in an index how its vectors are made (nothing changes where None), and what is to come after it (None: nothing)."""

    def switch(self, index: str) -> None:
        """Let the alias stand for that version, in one request; nothing changes where it does. Raises IndexMissing."""

    def drop(self, index: str) -> None:
        """Delete a version; nothing where it is gone already. Raises StoreError where the alias stands for it."""

    def at(self, index: str) -> "IndexVersions":
        """A store for that version alone; close it by itself."""


def own_alias(index: str) -> str:
    """The alias that stands for this version alone: a write by it fails where the index is gone, and makes none.

    >>> own_alias("products-000002")
    'products-000002-own'
    """
    return f"{index}-own"


def hold_plan(index: str, identity: Identity) -> Plan[None]:
    """Check that version, and see that it has its own alias. Raises as ProductStore.hold says."""
    mapping = yield from _mapping_plan(index)
    check_identity(index, identity_of(index, mapping), identity)
    check_mapping(index, mapping, identity)
    answer = yield Call(method="GET", path=f"/{index}/_alias")
    if own_alias(index) not in answer.get(index, {}).get("aliases", {}):
        yield Call(method="PUT", path=f"/{index}/_alias/{own_alias(index)}")


def next_body(settings: IndexSettings, identity: Identity, *, profile: str, made_for: str) -> Json:
    """The body of a next version: as of a first one, and what it tells of itself besides."""
    body = index_body(identity, settings)
    body["mappings"]["_meta"] |= {PROFILE: json.loads(profile), MADE_FOR: made_for}
    return body


def make_next_plan(settings: IndexSettings, body: Json, *, made_for: str, taken: Sequence[str]) -> Plan[str]:
    """Make the next version of that body, or find the one that was made for the same. Raises UnsafeMapping, StoreError."""
    server = yield from capabilities_plan()
    need_knn(server)
    refuse_unsafe(body, embedded=server.embedded)
    if known := (yield from made_for_plan(settings.alias, made_for)):
        return known
    for _ in range(TRIES):
        number = max((yield from next_number_plan(settings.alias)), next_number(settings.alias, list(taken)))
        index = version_name(settings.alias, number)
        try:
            yield Call(method="PUT", path=f"/{index}", body=body | {"aliases": {own_alias(index): {}}}, timeout_s=CREATE_TIMEOUT_S)
        except StoreError as error:
            if error.kind != TAKEN:
                raise
        else:
            return index
    raise StoreError(f"Could not make the next index of {settings.alias!r}: each name was taken.")


def made_for_plan(alias: str, what: str) -> Plan[str]:
    """The version that was made for that; empty where there is none."""
    known = yield Call(method="GET", path=f"/{alias}-*/_mapping", params={"expand_wildcards": "all"})
    for index, found in sorted(known.items()):
        if found.get("mappings", {}).get("_meta", {}).get(MADE_FOR) == what:
            return str(index)
    return ""


def note_plan(index: str, *, profile: str | None, coming: Coming | None) -> Plan[None]:
    """Note what an index is to tell; nothing is asked where it does already."""
    mapping = yield from _mapping_plan(index)
    meta: Json = dict(mapping.get("_meta", {}))
    wanted = {name: value for name, value in meta.items() if name != COMING}
    if profile is not None:
        wanted[PROFILE] = json.loads(profile)
    if coming is not None:
        wanted[COMING] = {"index": coming.index, "profile": json.loads(coming.profile)}
        if coming.share:
            wanted[COMING] |= {"share": coming.share, "shadow": coming.shadow}
    if wanted != meta:
        yield Call(method="PUT", path=f"/{index}/_mapping", body={"_meta": wanted})


def switch_plan(alias: str, index: str) -> Plan[None]:
    """The alias from the index that it stands for to that one, in one request: no search sees neither or both."""
    current, _ = yield from find_plan(alias)
    if current == index:
        return
    yield from _mapping_plan(index)
    actions = [
        {"remove": {"index": current, "alias": alias, "must_exist": True}},
        {"add": {"index": index, "alias": alias, "is_write_index": True}},
    ]
    yield Call(method="POST", path="/_aliases", body={"actions": actions})


def drop_plan(alias: str, index: str) -> Plan[None]:
    """Delete a version that the alias does not stand for."""
    current, _ = yield from find_plan(alias)
    if current == index:
        raise StoreError(f"{index} is the index in use, so it is not deleted.", cure="Switch to another one first.")
    try:
        yield Call(method="DELETE", path=f"/{index}", timeout_s=CREATE_TIMEOUT_S)
    except IndexMissing:
        return


def _mapping_plan(index: str) -> Plan[Json]:
    answer = yield Call(method="GET", path=f"/{index}/_mapping")
    if index not in answer:
        raise IndexMissing(f"There is no index {index!r}.")
    mapping: Json = answer[index].get("mappings", {})
    return mapping
