"""The cleaning steps by name, and the lists that are used where the settings name none; plug-ins join by entry point (see `Registry`)."""

from collections.abc import Callable
from dataclasses import dataclass

from indexer.registry import Registry
from indexer.text import chinese, sizes, steps, stop_words, units

Step = Callable[[str], str]
"""Text in, text out; never raises, whatever the text."""


@dataclass(frozen=True, slots=True, eq=False)
class NamedStep:
    """A step with its name; `version` changes with what it does, `package` names the one whose dictionary it reads.

    `plain`: it leaves ASCII words, joined by single spaces, commas and the like, as they are. `late`: running
    it twice is running it once, and what it changes in an ASCII text gives the steps that are not late nothing new to do.
    """

    name: str
    run: Step
    version: str = "1"
    package: str = ""
    plain: bool = False
    late: bool = False

    def __call__(self, text: str) -> str:
        """The text after the step."""
        return self.run(text)


STEPS: Registry[Step] = Registry("text step")


def step(name: str) -> NamedStep:
    """The step of that name; a plug-in's function gets its name. Raises UnknownName with the nearest ones."""
    found = STEPS.get(name)
    return found if isinstance(found, NamedStep) else NamedStep(name, found)


def _apart(text: str) -> str:
    return chinese.segmenter().apart(text)


for _step in (
    NamedStep("surrogates", steps.without_surrogates, plain=True),
    NamedStep("width", steps.folded, plain=True),
    NamedStep("markup", steps.without_markup, plain=True),
    NamedStep("addresses", steps.without_addresses),
    NamedStep("invisibles", steps.without_invisibles, plain=True),
    NamedStep("simplified", chinese.simplified, package="opencc", plain=True),
    NamedStep("simplified_han", chinese.simplified_han, package="opencc", plain=True),
    NamedStep("units", units.in_one_spelling, late=True),
    NamedStep("sizes", sizes.sizes_in_one_spelling, late=True),
    NamedStep("noise", steps.without_noise, plain=True),
    NamedStep("stop_words", stop_words.without_stop_words),
    NamedStep("segmented", _apart, package="rjieba", plain=True),
    NamedStep("spaces", steps.squeezed, plain=True),
):
    STEPS.add(_step.name, _step)

_FIRST, _THEN = ("surrogates", "width"), ("noise", "spaces", "units", "sizes")

DEFAULTS: dict[str, tuple[str, ...]] = {
    "title": (*_FIRST, "markup", "invisibles", "simplified", *_THEN),
    "description": (*_FIRST, "markup", "addresses", "invisibles", "simplified", *_THEN),
    # What a shopper types is no markup: "<b" in a query is noise at worst.
    "query": (*_FIRST, "invisibles", "simplified", *_THEN),
    # Words are compared, not understood: Japanese is folded too, so that a query without kana meets a title with some.
    "indexed": (*_FIRST, "markup", "invisibles", "simplified_han", *_THEN),
}
"""The steps of each list, in order."""
