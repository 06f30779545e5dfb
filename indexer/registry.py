"""Name -> maker, with care: duplicates are refused, near names suggested, plug-ins loaded late."""

import difflib
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from indexer.errors import DuplicateName, UnknownName

Maker = TypeVar("Maker", bound=Callable[..., object])


class Registry(Generic[Maker]):
    """Makers of one kind of thing, by name; plug-ins join through the entry point group `fusedex.KIND`."""

    def __init__(self, kind: str) -> None:
        """Name the kind in the singular: it stands in messages and in the entry point group."""
        self.kind = kind
        self._makers: dict[str, Maker] = {}
        self._plugins_loaded = False

    def add(self, name: str, maker: Maker) -> None:
        """Register a maker; raises DuplicateName when the name is taken."""
        if name in self._makers:
            raise DuplicateName(f"A {self.kind} named {name!r} is already registered.")
        self._makers[name] = maker

    def get(self, name: str) -> Maker:
        """Return the maker; raises UnknownName with the nearest names and all known ones."""
        if name not in self._makers:
            self._load_plugins()
        if name not in self._makers:
            raise UnknownName(f"No {self.kind} is named {name!r}.", cure=did_you_mean(name, self.names()))
        return self._makers[name]

    def names(self) -> list[str]:
        """All registered names, sorted, plug-ins included."""
        self._load_plugins()
        return sorted(self._makers)

    def _load_plugins(self) -> None:
        if self._plugins_loaded:
            return
        self._plugins_loaded = True
        for point in entry_points(group=f"fusedex.{self.kind.replace(' ', '_')}"):
            self.add(point.name, point.load())


def did_you_mean(name: str, known: list[str]) -> str:
    """A sentence that offers the nearest of the known names, then lists them (at most twenty)."""
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
    guess = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
    more = ", …" if len(known) > 20 else ""
    return f"{guess}Known: {', '.join(known[:20])}{more}."
