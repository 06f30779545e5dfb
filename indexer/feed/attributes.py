"""Columns that no field knows -> typed attributes, within a cap."""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from indexer.errors import InvalidField
from indexer.feed.columns import Kind, Role, attribute_role, name_of
from indexer.feed.remarks import Remarks
from indexer.feed.words import as_text, fit, kind_name
from indexer.records import Value

TEXT_CAP = 1000
"""Characters of an attribute's text; a longer one is cut. Attributes are for filters and facets, the description is for prose."""
VALUES_CAP = 100
"""Values of one attribute that has several."""

_DEPTH = 3
_TRUE = frozenset({"true", "yes", "y", "1", "是"})
_FALSE = frozenset({"false", "no", "n", "0", "否"})


class FlawedAttribute(NamedTuple):
    """An attribute whose value is not of the type that its column's name promises."""

    name: str
    reason: str
    value: object


class Attributes:
    """The attributes of one feed's rows. What is left out or cut becomes a remark."""

    def __init__(self, *, cap: int, remarks: Remarks) -> None:
        """Keep at most `cap` attributes a product, the first in the row's order."""
        self._cap = cap
        self._remarks = remarks

    def of(self, found: list[tuple[Role, object]], whole: object) -> dict[str, Value] | FlawedAttribute:
        """One row's attributes: its attribute columns, then the members of its `attributes` object, in order; the first of a name wins."""
        kept: dict[str, Value] = {}
        members = () if whole is None else [(attribute_role(name), value) for name, value in _members(whole)]
        for role, value in chain(found, members):
            if type(value) is str and role.kind in ("any", "text") and len(kept) < self._cap:
                text = self._cut(role.name, fit(value))
                if text and role.name:
                    kept.setdefault(role.name, text)
                continue
            for name, single in _flat(role.name, value, _DEPTH) if isinstance(value, dict) else ((role.name, value),):
                if len(kept) >= self._cap and name not in kept:
                    self._say("more attributes than the cap are left out", name)
                    return kept
                try:
                    made = self._made(name, role.kind, single)
                except InvalidField as error:
                    return FlawedAttribute(name, error.message, single)
                if name and made is not None and made not in ("", ()):
                    kept.setdefault(name, made)
        return kept

    def _made(self, name: str, kind: Kind, value: object) -> Value | None:
        if kind == "any":
            return self._as_it_is(name, value)
        if isinstance(value, str) and not value.strip():
            return None
        if kind == "number":
            return _as_number(value)
        if kind == "truth":
            return as_truth(value)
        return self._cut(name, as_text(value))

    def _as_it_is(self, name: str, value: object) -> Value | None:
        if isinstance(value, str):
            return self._cut(name, fit(value))
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return _as_number(value)
        if isinstance(value, list | tuple):
            return self._several(name, value)
        self._say("values that are neither text, number, truth value nor a list of these are left out", name)
        return None

    def _several(self, name: str, values: list[object] | tuple[object, ...]) -> tuple[str, ...]:
        texts: dict[str, None] = {}
        for value in values[:VALUES_CAP]:
            if isinstance(value, bool):
                texts[str(value).lower()] = None
            elif isinstance(value, str | int | float):
                texts[self._cut(name, as_text(value))] = None
            elif value is not None:
                self._say("values that are neither text, number, truth value nor a list of these are left out", name)
        if len(values) > VALUES_CAP:
            self._say(f"values beyond the first {VALUES_CAP} are left out", name)
        return tuple(text for text in texts if text)

    def _cut(self, name: str, text: str) -> str:
        if len(text) <= TEXT_CAP:
            return text
        self._say(f"texts longer than {TEXT_CAP} characters are cut", name)
        return text[:TEXT_CAP]

    def _say(self, what: str, name: str) -> None:
        self._remarks.say("attributes_trimmed", what, first=name, cap=self._cap)


def as_truth(value: object) -> bool:
    """A truth value, or the words and digits for one. Raises InvalidField."""
    word = str(value).strip().lower() if isinstance(value, bool | str) or value in (0, 1) else ""
    if word in _TRUE or word == "1.0":
        return True
    if word in _FALSE or word == "0.0":
        return False
    raise InvalidField("is no truth value (true or false)")


def _as_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidField(f"is {kind_name(value)}, not a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        number = float("nan")
    if number - number != 0:  # NaN and both infinities
        raise InvalidField("is no finite number")
    return number


def _members(whole: object) -> Iterator[tuple[str, object]]:
    """Names and values of an `attributes` object; also of a list of {"name", "value"}, and of either as JSON text in a CSV column."""
    if isinstance(whole, str):
        try:
            decoded: object = json.loads(whole)
        except (ValueError, RecursionError):
            decoded = None
        whole = decoded if isinstance(decoded, dict | list) else {"attributes": whole}
    if isinstance(whole, Mapping):
        yield from ((str(name), value) for name, value in whole.items())
    elif isinstance(whole, list | tuple):
        for member in whole:
            if isinstance(member, Mapping) and isinstance(member.get("name"), str):
                yield str(member["name"]), member.get("value")
    elif whole is not None:
        yield "attributes", whole


def _flat(name: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    """A value under its name, or an object's members under name.member, down to a depth."""
    if isinstance(value, dict) and depth > 0:
        for inner, member in value.items():
            yield from _flat(name_of(f"{name}.{inner}"), member, depth - 1)
    else:
        yield name, value
