"""The settings to be tried: for each name its values or its range, read from TOML and checked by SearchSettings itself."""

import itertools
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from pydantic import ValidationError

from indexer.errors import EvaluationError, SettingsError
from indexer.registry import did_you_mean
from indexer.settings import SearchSettings

Value = str | int | float | bool | None

TUNABLE = (
    "strategy",
    "blend",
    "lexical_weight",
    "partial_weight",
    "depth",
    "rrf_constant",
    "bound",
    "min_cosine",
    "top",
    "enough",
    "diversity",
)
"""The settings that decide which products come in which order. Times and page sizes do not; grouping and stock are the shop's choice."""
GRID_CAP = 2000
RANGE_KEYS = {"from", "to", "step"}
DIGITS = 10
"""Steps are rounded to so many decimals: 0.1 + 0.2 is written 0.3."""


@dataclass(frozen=True, slots=True)
class Values:
    """One setting's values, in order; `ordered` where they are numbers, so that near ones behave alike."""

    name: str
    values: tuple[Value, ...]

    @property
    def ordered(self) -> bool:
        """Whether all of them are numbers."""
        return all(isinstance(one, int | float) and not isinstance(one, bool) for one in self.values)


@dataclass(frozen=True, slots=True)
class Range:
    """One setting's numbers from `low` to `high`, every one of them; `whole` where they are integers."""

    name: str
    low: float
    high: float
    whole: bool


Axis = Values | Range


@dataclass(frozen=True, slots=True)
class Space:
    """The axes of the search; every other setting stays as it is."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int | None:
        """How many combinations there are; None with a range without steps, which has no number."""
        if any(isinstance(axis, Range) for axis in self.axes):
            return None
        return math.prod(len(axis.values) for axis in self.axes if isinstance(axis, Values))

    def combinations(self) -> Iterator[dict[str, Value]]:
        """Every combination, in the order of the axes. Raises SettingsError for a range without steps."""
        stepped = [axis for axis in self.axes if isinstance(axis, Values)]
        if len(stepped) < len(self.axes):
            endless = next(axis.name for axis in self.axes if isinstance(axis, Range))
            raise SettingsError(
                f"The range of {endless} has no steps, so a grid has no end.", cure="Give it a step, or use --method bayes."
            )
        return (
            dict(zip((axis.name for axis in stepped), one, strict=True)) for one in itertools.product(*(axis.values for axis in stepped))
        )

    def distance(self, one: SearchSettings, other: SearchSettings) -> float:
        """How far apart two settings are: numbers by their share of the axis, other values 0 or 1, added up."""
        return sum(_apart(axis, getattr(one, axis.name), getattr(other, axis.name)) for axis in self.axes)

    def as_object(self) -> dict[str, object]:
        """The axes as JSON objects: a list of values, or from and to."""
        return {axis.name: list(axis.values) if isinstance(axis, Values) else {"from": axis.low, "to": axis.high} for axis in self.axes}


def default_space() -> Space:
    """How the two legs are blended and weighted: 36 combinations, of which none costs a request of its own."""
    weights = Values("lexical_weight", tuple(_steps(0.0, 0.8, 0.1)))
    return Space((Values("strategy", ("msearch",)), Values("blend", ("min_max", "z_score", "l2", "rrf")), weights))


def settings_with(current: SearchSettings, changes: Mapping[str, Value]) -> SearchSettings:
    """The settings with these changes. Raises SettingsError with each wrong value."""
    try:
        return SearchSettings.model_validate(current.model_dump() | dict(changes))
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']} (got {one['input']!r})" for one in error.errors())
        raise SettingsError(f"Settings are wrong: {told}.", cure="docs/settings.md lists them all.") from error


def read_space(path: Path, current: SearchSettings) -> Space:
    """The table [space] of a TOML file: `name = [values]`, `name = value`, or `name = {from, to, step}`. Raises SettingsError.

    An empty text among the values of min_cosine is the encoder's own floor.
    """
    try:
        with path.open("rb") as stream:
            table = tomllib.load(stream).get("space")
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}.", cure="Name a TOML file with a table [space].") from error
    except ValueError as error:
        raise SettingsError(f"{path} is no TOML: {error}.", cure="Mend the file.") from error
    if not isinstance(table, dict) or not table:
        raise SettingsError(f"{path} has no table [space].", cure="Put names and values below [space]: blend = ['min_max', 'rrf'].")
    return Space(tuple(_axis(name, given, current) for name, given in table.items()))


def check_space(space: Space, *, grid: bool) -> None:
    """Raise where there is nothing to choose, or, for a grid, too much."""
    size = space.size
    if size == 1:
        raise EvaluationError("The space holds one combination, so there is nothing to choose.", cure="Give a setting more values.")
    if grid and size is None:
        space.combinations()
    if grid and size is not None and size > GRID_CAP:
        raise EvaluationError(
            f"The grid has {size:,} combinations, and {GRID_CAP:,} are the most.", cure="Take fewer values, or use --method bayes."
        )


def _axis(name: str, given: object, current: SearchSettings) -> Axis:
    if name not in TUNABLE:
        known = "can't be tuned" if name in SearchSettings.model_fields else "is no search setting"
        raise SettingsError(f"{name!r} {known}.", cure=did_you_mean(name, list(TUNABLE)))
    if isinstance(given, dict):
        return _range(name, given, current)
    listed = given if isinstance(given, list) else [given]
    values = tuple(dict.fromkeys(_checked(name, one, current) for one in listed))
    if not values:
        raise SettingsError(f"{name} has no value.", cure="Name one or more.")
    return Values(name, values)


def _range(name: str, given: Mapping[str, object], current: SearchSettings) -> Axis:
    if set(given) - RANGE_KEYS or not {"from", "to"} <= set(given):
        raise SettingsError(f"The range of {name} has the keys {', '.join(given)}.", cure="Write {from = 0.0, to = 0.8, step = 0.1}.")
    low, high = _checked(name, given["from"], current), _checked(name, given["to"], current)
    if not _number(low) or not _number(high) or not low < high:
        raise SettingsError(f"The range of {name} goes from {low!r} to {high!r}.", cure="Name two numbers, the lower one first.")
    whole = isinstance(low, int) and isinstance(high, int)
    first, last = float(low), float(high)
    if "step" not in given:
        return Range(name, first, last, whole)
    step = given["step"]
    if not _number(step) or not step > 0 or (last - first) / step >= GRID_CAP:
        raise SettingsError(
            f"The range of {name} has the step {step!r}.", cure=f"Name a number above 0 that gives below {GRID_CAP:,} values."
        )
    return Values(name, tuple(_checked(name, one, current) for one in _steps(first, last, float(step))))


def _checked(name: str, value: object, current: SearchSettings) -> Value:
    """The value as the setting holds it."""
    if value == "" and SearchSettings.model_fields[name].default is None:
        if getattr(current, name) is not None:
            raise SettingsError(
                f"{name} is {getattr(current, name)} now, and a TOML file can't say that it be empty.",
                cure=f"Take {name} out of your settings.",
            )
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise SettingsError(f"{name} can't be {value!r}.", cure="Name texts or numbers.")
    checked: Value = getattr(settings_with(current, {name: value}), name)
    return checked


def _steps(low: float, high: float, step: float) -> Iterator[float]:
    """From low to high, both of them where the step fits."""
    return (round(low + place * step, DIGITS) for place in range(math.floor((high - low) / step + 1e-9) + 1))


def _number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _apart(axis: Axis, one: Value, other: Value) -> float:
    if one == other:
        return 0.0
    numbers = [axis.low, axis.high] if isinstance(axis, Range) else [float(v) for v in axis.values if _number(v)]
    if not (_number(one) and _number(other)) or not numbers:
        return 1.0
    span = max(*numbers, float(other)) - min(*numbers, float(other))
    return abs(float(one) - float(other)) / span if span else 0.0
