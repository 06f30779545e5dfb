"""An index is a version (products-000001), the alias is the product: how one is made, found and checked."""

import re
from dataclasses import replace
from typing import Any

from indexer.errors import IndexMissing, SchemaDrift, StoreError
from indexer.settings import IndexSettings
from indexer.store.calls import Call, Plan
from indexer.store.capabilities import capabilities_plan, need_knn
from indexer.store.identity import Description, Identity
from indexer.store.requests import describe_body
from indexer.store.responses import checked, description
from indexer.store.schema import META, check_identity, check_mapping, identity_json, identity_of, index_body, refuse_unsafe, told

TAKEN = "resource_already_exists_exception"
CREATE_TIMEOUT_S = 60.0
TRIES = 5

Json = dict[str, Any]


def version_name(alias: str, number: int) -> str:
    """The name of an alias's index by number, counted from 1.

    >>> version_name("products", 1)
    'products-000001'
    """
    return f"{alias}-{number:06d}"


def next_number(alias: str, names: list[str]) -> int:
    """One more than the highest number among the alias's versions; 1 where there are none."""
    pattern = re.compile(re.escape(alias) + r"-(\d{6,})")
    return 1 + max((int(match[1]) for name in names if (match := pattern.fullmatch(name))), default=0)


def find_plan(alias: str) -> Plan[tuple[str, Json]]:
    """The index behind the alias and its mapping. Raises IndexMissing, and SchemaDrift for an alias over none or several of ours."""
    answer = yield Call(method="GET", path=f"/{alias}/_mapping")
    if len(answer) != 1:
        raise SchemaDrift(f"The alias {alias!r} stands for {len(answer)} indices ({', '.join(sorted(answer))}), not for one.")
    ((index, body),) = answer.items()
    if index == alias:
        raise SchemaDrift(
            f"{alias!r} is an index, not an alias, so this library did not make it.", cure="Rename it, or set FUSEDEX_INDEX__ALIAS."
        )
    mapping: Json = body.get("mappings", {})
    return index, mapping


def ensure_plan(settings: IndexSettings, identity: Identity) -> Plan[str]:
    """Make index and alias in one request if they are missing; check them if they are not; return the index's name.

    Safe with several workers at once: one makes the index, the others find it. Raises as ProductStore.ensure says.
    """
    server = yield from capabilities_plan()
    need_knn(server)
    body = index_body(identity, settings)
    refuse_unsafe(body, embedded=server.embedded)
    body["aliases"] = {settings.alias: {"is_write_index": True}}
    number = 1
    for _ in range(TRIES):
        try:
            index, mapping = yield from find_plan(settings.alias)
        except IndexMissing:
            index = version_name(settings.alias, number)
            if (yield from _create_plan(index, body)):
                return index
            number = yield from next_number_plan(settings.alias)
        else:
            check_identity(index, identity_of(index, mapping), identity)
            check_mapping(index, mapping, identity)
            return index
    raise StoreError(f"Could not make an index for {settings.alias!r}: each name was taken and none had the alias.")


def _create_plan(index: str, body: Json) -> Plan[bool]:
    try:
        yield Call(method="PUT", path=f"/{index}", body=body, timeout_s=CREATE_TIMEOUT_S)
    except StoreError as error:
        if error.kind == TAKEN:
            return False  # another worker was first, or an index was left behind without its alias: look again
        raise
    return True


def next_number_plan(alias: str) -> Plan[int]:
    """The number of the alias's next version."""
    rows = yield Call(method="GET", path=f"/_cat/indices/{alias}-*", params={"format": "json", "h": "index", "expand_wildcards": "all"})
    return next_number(alias, [str(row["index"]) for row in rows])


def describe_plan(alias: str) -> Plan[Description]:
    """The index as it stands. Raises IndexMissing and SchemaDrift."""
    index, mapping = yield from find_plan(alias)
    identity = identity_of(index, mapping)
    answer = yield Call(method="POST", path=f"/{index}/_search", body=describe_body())
    return told(description(index, identity, checked(alias, answer)), mapping)


def adopt_plan(alias: str, identity: Identity) -> Plan[None]:
    """Write the new identity over the index's, where only the fusion differs; nothing is asked where it is there already.

    Raises EncoderMismatch, ForeignLedger or SchemaDrift, naming what else differs, and IndexMissing.
    """
    index, mapping = yield from find_plan(alias)
    found = identity_of(index, mapping)
    check_adoption(index, found, identity)
    if found != identity:
        yield Call(method="PUT", path=f"/{index}/_mapping", body={"_meta": mapping["_meta"] | {META: identity_json(identity)}})


def check_adoption(index: str, found: Identity, wanted: Identity) -> None:
    """Raise as `check_identity` does, but for the fusion: part vectors stay what they are, whatever they are fused to."""
    check_identity(index, replace(found, fusion=wanted.fusion), wanted)
