"""An answer as the page shows it: facets with their ticks, chips, pages, and what the totals say in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from indexer.rank.facets import PATH
from indexer.records import Answer, FacetValue
from indexer.service.asked import Asked

SHOWN_VALUES = 8
LITTLE = 2
"""So few values more are shown rather than folded away."""
VALUES_CAP = 60
GROUPS_CAP = 8
_ORDER = {"category": 0, "brand": 1}
_LABELS = {"true": "Yes", "false": "No"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One facet value: as it is asked for, how many candidates have it, whether it is ticked; as it is shown, and how deep."""

    value: str
    count: int
    ticked: bool
    label: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class FacetGroup:
    """One facet: the field, its name for people, the values shown at once, and the rest behind a fold."""

    field: str
    name: str
    first: tuple[Choice, ...]
    more: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is set, in words, and the address without it."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the pager: its label, its address (empty where it leads nowhere), and whether it is this page."""

    label: str
    address: str
    current: bool = False


def facet_groups(answer: Answer, state: Asked) -> list[FacetGroup]:
    """The facets worth showing: those with a choice to make, the ticked ones always. Attributes follow by how many products have them."""
    groups: list[tuple[int, int, FacetGroup]] = []
    for field, values in answer.facets.items():
        ticked = state.chosen.get(field, ())
        if not ticked and not _worth_a_choice(values):
            continue
        choices = _choices(field, values, ticked)
        # A ticked value is never behind the fold (a category's stands where its branch is).
        cut = max(SHOWN_VALUES, 1 + max((at for at, choice in enumerate(choices) if choice.ticked), default=0))
        cut = len(choices) if len(choices) <= cut + LITTLE else cut
        group = FacetGroup(field, field.replace("_", " "), choices[:cut], choices[cut:VALUES_CAP])
        groups.append((_ORDER.get(field, len(_ORDER)), -sum(value.count for value in values), group))
    groups.sort(key=lambda entry: entry[:2])
    wanted = [group for _, _, group in groups]
    return [group for at, group in enumerate(wanted) if at < GROUPS_CAP or state.chosen.get(group.field)]


def _worth_a_choice(values: Sequence[FacetValue]) -> bool:
    # A facet whose values all stand alone (article numbers) narrows nothing; neither does one that has a single value.
    return len(values) > 1 and max(value.count for value in values) > 1


def _choices(field: str, values: Sequence[FacetValue], ticked: Sequence[str]) -> tuple[Choice, ...]:
    counts = {value.value: value.count for value in values}
    every = {**counts, **{value: counts.get(value, 0) for value in ticked}}
    if field == "category":
        # As a tree: each level under the one above it, the fuller branches first.
        every = dict(sorted(every.items(), key=lambda entry: _branch(entry[0], every)))
        return tuple(_branch_choice(value, count, ticked) for value, count in every.items())
    choices = [Choice(value, count, value in ticked, label=_LABELS.get(value, value)) for value, count in every.items()]
    return tuple(sorted(choices, key=lambda choice: not choice.ticked))


def _branch_choice(path: str, count: int, ticked: Sequence[str]) -> Choice:
    return Choice(path, count, path in ticked, label=path.rsplit(PATH, maxsplit=1)[-1], depth=min(3, path.count(PATH)))


def _branch(path: str, counts: Mapping[str, int]) -> list[tuple[int, str]]:
    levels = path.split(PATH)
    return [(-counts.get(PATH.join(levels[: depth + 1]), 0), level) for depth, level in enumerate(levels)]


def chips(state: Asked) -> list[Chip]:
    """Every filter that is set, each with the address that drops it."""
    ticked = [(field, value) for field, values in state.chosen.items() for value in values]
    found = [Chip(_chip_words(field, value), state.toggled(field, value).address()) for field, value in ticked]
    for text in state.written:
        rest = tuple(other for other in state.written if other != text)
        found.append(Chip(text, replace(state, written=rest, page=1).address()))
    if state.low or state.high:
        words = f"{state.low} – {state.high}" if state.low and state.high else f"from {state.low}" if state.low else f"up to {state.high}"
        found.append(Chip(f"Price {words}", replace(state, low="", high="", page=1).address()))
    return found


def _chip_words(field: str, value: str) -> str:
    if field == "category":
        return value.rsplit(PATH, maxsplit=1)[-1]
    return f"{field.replace('_', ' ')}: {_LABELS[value].lower()}" if value in _LABELS else value


def steps(answer: Answer, state: Asked) -> list[Step]:
    """The pager: back, the pages around this one with the first and last, forward; nothing where all is on one page."""
    last = -(-answer.total // answer.per_page)
    if last <= 1:
        return []
    near = sorted({1, last, *range(max(1, answer.page - 1), min(last, answer.page + 1) + 1)})
    found = [Step("Back", _page(state, answer.page - 1) if 1 < answer.page <= last + 1 else "")]
    for before, page in zip([0, *near], near, strict=False):
        if page - before > 1:
            found.append(Step("…", ""))
        found.append(Step(str(page), _page(state, page), current=page == answer.page))
    found.append(Step("Next", _page(state, answer.page + 1) if answer.page < last else ""))
    return found


def _page(state: Asked, page: int) -> str:
    return replace(state, page=page).address()
