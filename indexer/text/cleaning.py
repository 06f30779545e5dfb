"""Cleaning as the settings want it: what is encoded, what is indexed, and which words a Chinese text has."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from indexer.errors import SettingsError, UnknownName
from indexer.settings import TextSettings
from indexer.text.catalog import DEFAULTS, NamedStep, Step, step
from indexer.text.chinese import Segmenter, segmenter
from indexer.text.clean import StepList, digest

SHORT = 64
"""Characters up to which a text is remembered cleaned: brands, categories and values of attributes come again and again."""
REMEMBERED = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Cleaning:
    """The four lists of steps, compiled. Texts that are shown are cleaned by none of them."""

    steps: Mapping[str, tuple[NamedStep, ...]]
    words: tuple[str, ...] = ()
    _lists: Mapping[str, StepList] = field(init=False, repr=False)
    _segmenter: Segmenter = field(init=False, repr=False)
    _remembered: Step = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Compile; nothing large is loaded before the first Chinese text."""
        object.__setattr__(self, "_lists", {name: StepList(steps) for name, steps in self.steps.items()})
        object.__setattr__(self, "_segmenter", segmenter(self.words))
        object.__setattr__(self, "_remembered", lru_cache(maxsize=REMEMBERED)(self._lists["indexed"]))

    @classmethod
    def load(cls, settings: TextSettings | None = None) -> "Cleaning":
        """The cleaning that these settings name.

        Raises SettingsError for a step that does not exist, with the nearest ones, and for a file of words that can't be read.
        """
        settings = settings or TextSettings()
        steps = {name: _steps(name, getattr(settings, name) or default) for name, default in DEFAULTS.items()}
        return cls(steps, _words(settings.zh_words) if settings.zh_words else ())

    def title(self, text: str) -> str:
        """A title (a brand, a line of attributes) as it is encoded."""
        return self._lists["title"](text)

    def description(self, text: str) -> str:
        """A description as it is encoded."""
        return self._lists["description"](text)

    def query(self, text: str) -> str:
        """A query as it is encoded, and handed to the store."""
        return self._lists["query"](text)

    def indexed(self, text: str) -> str:
        """A product's text or a query as it is compared word by word."""
        return self._remembered(text) if len(text) <= SHORT else self._lists["indexed"](text)

    def stored_words(self, indexed: str) -> tuple[str, ...]:
        """The Chinese words of an indexed text, long ones with those inside them; none where it has no Han or is Japanese."""
        return self._segmenter.stored(indexed)

    def asked_words(self, indexed: str) -> tuple[str, ...]:
        """The Chinese words that a query asks for, the longest ones, each once; none where it has no Han or is Japanese."""
        return self._segmenter.asked(indexed)

    @property
    def digest(self) -> str:
        """32 hex digits of what the lists do: steps in order with their versions, the dictionaries' releases, the words added."""
        told = {name: [(one.name, one.version, _release(one.package)) for one in steps] for name, steps in self.steps.items()}
        return digest(json.dumps([told, _release("rjieba"), self.words], sort_keys=True))


def _steps(name: str, wanted: tuple[str, ...]) -> tuple[NamedStep, ...]:
    try:
        return tuple(map(step, wanted))
    except UnknownName as error:
        raise SettingsError(f"text.{name}: {error.message}", cure=error.cure) from error


def _words(file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"text.zh_words: {file} can't be read: {error}.", cure="Name a text file in UTF-8, one word a line.") from error
    return tuple(sorted({word for line in lines if (word := line.strip()) and not word.startswith("#")}))


@lru_cache(maxsize=16)
def _release(package: str) -> str:
    return metadata.version(package) if package else ""


DEFAULT = Cleaning.load()
"""The cleaning of the default settings."""
