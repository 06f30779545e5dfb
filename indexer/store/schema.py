"""The body that makes an index: the mapping template filled in, the identity it carries, and what must never reach an embedded server."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from typing import Any

from indexer.errors import EncoderMismatch, ForeignLedger, SchemaDrift, UnsafeMapping
from indexer.settings import IndexSettings
from indexer.store.identity import Coming, Description, Identity

META = "fusedex"
"""The key in the mapping's `_meta` under which the identity stands."""
PROFILE, COMING, MADE_FOR = "fusedex_profile", "fusedex_coming", "fusedex_made_for"
"""Keys in the mapping's `_meta`, beside the identity's."""

VECTOR = "vector"
PHOTO_VECTOR = "photo_vector"
"""The field that an index has beside `vector` where its identity says so: made like it, for the photos alone."""
_COMPARED = ("type", "analyzer", "search_analyzer", "normalizer", "dimension", "scaling_factor", "enabled", "ignore_above", "space_type")

Json = dict[str, Any]


def template(schema: str = "products.v1") -> Json:
    """The mapping template of that name, with nulls where the settings and the encoder decide. Raises SchemaDrift for no such name."""
    file = resources.files("mappings").joinpath(f"{schema}.json")
    try:
        loaded: Json = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SchemaDrift(
            f"This release has no mapping named {schema!r}.", cure="Use the release that made the index, or build a new one."
        ) from error
    return loaded


def index_body(identity: Identity, settings: IndexSettings) -> Json:
    """Settings, analysis and strict mapping of a new index for this identity."""
    body = template(identity.schema)
    body["settings"]["index"] |= {
        "number_of_shards": settings.shards,
        "number_of_replicas": settings.replicas,
        "refresh_interval": f"{settings.refresh_s}s",
    }
    body["mappings"]["_meta"] = {META: identity_json(identity)}
    vector = body["mappings"]["properties"][VECTOR]
    vector["method"]["engine"] = settings.engine
    vector["method"]["parameters"] = {"m": settings.m, "ef_construction": settings.ef_construction}
    _fill_vectors(body["mappings"]["properties"], identity)
    return body


def _fill_vectors(properties: Json, identity: Identity) -> None:
    """Give the fields of vectors the identity's width; the photos' own field is there where the identity says so."""
    properties[VECTOR]["dimension"] = identity.width
    if identity.photo_vector:
        properties[PHOTO_VECTOR] = deepcopy(properties[VECTOR])


def refuse_unsafe(body: Json, *, embedded: bool) -> None:
    """Raise UnsafeMapping, with the reason, for a body that would kill an embedded server; other servers take what they can."""
    if not embedded:
        return
    for name, field in _fields(body.get("mappings", {}).get("properties", {})):
        if field.get("type") == "knn_vector" and (reason := _danger(field)):
            raise UnsafeMapping(
                f"The field {name!r} {reason}, and an embedded server has no native libraries: it would die of it.",
                cure="Use engine lucene, method hnsw and a space type (FUSEDEX_INDEX__ENGINE=lucene), or a server of your own.",
            )


def _danger(field: Json) -> str:
    method = field.get("method", {})
    engine = method.get("engine", field.get("engine"))
    encoder = method.get("parameters", {}).get("encoder", {})
    if engine is None:
        return "names no engine, which means faiss"
    if engine != "lucene":
        return f"asks for the engine {engine}"
    if "space_type" not in field and "space_type" not in method:
        return "names no space type"
    if method.get("name") != "hnsw":
        return f"asks for the method {method.get('name')}"
    if field.get("compression_level") == "32x" or (isinstance(encoder, dict) and encoder.get("parameters", {}).get("bits") == 1):
        return "asks for compression 32x"
    if field.get("mode") == "on_disk" and "compression_level" not in field:
        return "is on_disk without a compression level, which means 32x"
    return ""


def identity_json(identity: Identity) -> Json:
    """The identity as it stands in a mapping. An index without the photos' own vector says nothing of it, as before there was one."""
    return {name: value for name, value in asdict(identity).items() if name != PHOTO_VECTOR or value}


def identity_of(index: str, mapping: Json) -> Identity:
    """The identity in an index's mapping. Raises SchemaDrift where there is none."""
    told = mapping.get("_meta", {}).get(META)
    names = {field.name for field in fields(Identity)}
    if not isinstance(told, dict) or not names - {PHOTO_VECTOR} <= set(told) <= names:
        raise SchemaDrift(f"The index {index} carries no identity of ours, so it was not made by this library.", cure=_OTHER_ALIAS)
    return Identity(**told)


def told(description: Description, mapping: Json) -> Description:
    """The description with what the index tells of its profile, and of what comes after it."""
    meta = mapping.get("_meta", {})
    coming = meta.get(COMING)
    return replace(
        description,
        profile=_text(meta.get(PROFILE)),
        coming=_coming(coming) if isinstance(coming, dict) else None,
    )


def _coming(told: Json) -> Coming:
    share = told.get("share", 0.0)
    tried = float(share) if isinstance(share, int | float) and 0 <= share <= 1 else 0.0
    return Coming(str(told.get("index", "")), _text(told.get("profile")), tried, shadow=told.get("shadow") is True)


def check_identity(index: str, found: Identity, wanted: Identity) -> None:
    """Raise ForeignLedger, SchemaDrift or EncoderMismatch, naming what differs; nothing when the two are equal."""
    if found.ledger != wanted.ledger:
        raise ForeignLedger(f"The index {index} belongs to the ledger {found.ledger}, not to {wanted.ledger}.", cure=_OTHER_ALIAS)
    if found.schema != wanted.schema:
        raise SchemaDrift(f"The index {index} has the mapping {found.schema}; this release writes {wanted.schema}.", cure=_OTHER_ALIAS)
    names = [name for name in ("text", "photo", "fusion", "width", PHOTO_VECTOR) if getattr(found, name) != getattr(wanted, name)]
    if names:
        told = ", ".join(f"{name} (index {getattr(found, name)}, here {getattr(wanted, name)})" for name in names)
        raise EncoderMismatch(f"The index {index} was built with other parts: {told}.", cure=_OTHER_ALIAS)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, as this release's file has it and as the live index has it; None where a side lacks it."""

    field: str
    file: Mapping[str, object] | None
    index: Mapping[str, object] | None


def differences(mapping: Json, identity: Identity) -> list[Difference]:
    """In which fields a live mapping is not the template's, by name; what only tunes a graph is left out."""
    ours = template(identity.schema)["mappings"]
    _fill_vectors(ours["properties"], identity)
    wanted = {name: _essence(field) for name, field in _fields(ours["properties"])}
    found = {name: _essence(field) for name, field in _fields(mapping.get("properties", {}))}
    names = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    return [Difference(name, wanted.get(name), found.get(name)) for name in names]


def check_mapping(index: str, mapping: Json, identity: Identity) -> None:
    """Raise SchemaDrift, naming the fields, when the server's mapping is not the template's (engine and graph settings may differ)."""
    differing = [one.field for one in differences(mapping, identity)]
    if differing or mapping.get("dynamic") != "strict":
        told = ", ".join(differing[:10]) or "it is not strict"
        raise SchemaDrift(f"The mapping of {index} is not {identity.schema}: {told}.", cure=_OTHER_ALIAS)


def _essence(field: Mapping[str, object]) -> dict[str, object]:
    told = {key: field[key] for key in _COMPARED if key in field}
    return {key: float(value) if isinstance(value, int) else value for key, value in told.items()}  # the server says 10000.0 for 10000


def _fields(properties: Json, prefix: str = "") -> Iterator[tuple[str, Json]]:
    for name, field in properties.items():
        yield f"{prefix}{name}", field
        for inner in ("fields", "properties"):
            yield from _fields(field.get(inner, {}), f"{prefix}{name}.")


def _text(profile: object) -> str:
    return json.dumps(profile, sort_keys=True) if isinstance(profile, dict) else ""


_OTHER_ALIAS = "Build an index for these settings under another alias (FUSEDEX_INDEX__ALIAS), or use the settings it was built with."
