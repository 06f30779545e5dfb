"""What a product's own fields say about it under the five labels: texts, and amounts in one unit a kind."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from indexer.learn.tag_words import Word, key_of, unit_of, words_of
from indexer.records import Product, Value

Label = Literal["brand", "colour", "size", "material", "type"]
LABELS: tuple[Label, ...] = get_args(Label)

_NAMED: tuple[tuple[Label, re.Pattern[str]], ...] = (
    ("colour", re.compile(r"(?:^|_)colou?rs?(?:_name)?$|颜色")),
    ("material", re.compile(r"(?:^|_)materials?$|材质|材料")),
    ("size", re.compile(r"^(?:shoe_|clothing_|paper_|bed_|screen_)?sizes?$|尺码|尺寸|规格|^volume$|^net_content$")),
    ("type", re.compile(r"^(?:product_)?(?:type|kind)$|^(?:product_)?category$|种类|类型|品类")),
)
# How many colours a screen shows is no colour, and the box is not the product.
_NOT_ITS_OWN = re.compile(
    r"number|depth|speed|resolution|temperature|packag|packing|pallet|case_|carton|shipping|printing_material|recording|processor"
)
_APART = re.compile(r"[,;|/]| & | and ")
_SHORT_FORM = re.compile(r"\(([^)]*)\)")
# Who made it, not what it is: two thirds of the demo catalogue's `type`.
_NO_KINDS = frozenset({("original",), ("compatible",), ("other",), ("standard",), ("any",)})
_MOST_WORDS = 6

_UNITS: Mapping[str, tuple[str, float]] = {
    "mm": ("length", 1e-3),
    "cm": ("length", 1e-2),
    "m": ("length", 1.0),
    "inch": ("length", 0.0254),
    "ft": ("length", 0.3048),
    "mg": ("mass", 1e-3),
    "g": ("mass", 1.0),
    "kg": ("mass", 1e3),
    "lb": ("mass", 453.592),
    "oz": ("mass", 28.3495),
    "ml": ("volume", 1e-3),
    "cl": ("volume", 1e-2),
    "dl": ("volume", 0.1),
    "l": ("volume", 1.0),
    "KB": ("memory", 1e-6),
    "MB": ("memory", 1e-3),
    "GB": ("memory", 1.0),
    "TB": ("memory", 1e3),
}
# A number's unit is not in the feed: those that shops use for such a name are all tried.
_NUMBERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"diagonal|screen_size"), "inch"),
    (re.compile(r"(?:^|_)length"), "m mm cm ft inch"),
    (re.compile(r"(?:^|_)(?:width|height|diameter|size|thickness)$"), "mm cm inch"),
    (re.compile(r"memory|storage|(?:hdd|ssd|flash|disk|drive|native|compressed)s?_capacity|^capacity$"), "GB MB TB"),
    (re.compile(r"^(?:net_)?weight$|重量"), "g kg"),
    (re.compile(r"(?:^|_)volume$|容量"), "ml l"),
)


class Amount(NamedTuple):
    """A length in metres, a mass in grams, a volume in litres, a memory in gigabytes (of 1000 megabytes)."""

    kind: str
    figure: float

    def meets(self, other: "Amount") -> bool:
        """Whether both may be the same amount, rounded (15.6 inches are sold as 39.6 cm, 16384 MB as 16 GB)."""
        slack = 0.03 if self.kind == "memory" else 0.016
        return self.kind == other.kind and abs(self.figure - other.figure) <= slack * max(self.figure, other.figure)


class AmountAt(NamedTuple):
    """An amount that stands in a text, as the words [start, end)."""

    amount: Amount
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the fields say: for each label its texts in the fields' order, and for sizes the amounts too."""

    texts: Mapping[Label, tuple[str, ...]]
    amounts: tuple[Amount, ...] = ()

    def tells(self, label: Label) -> bool:
        """Whether a field speaks of the label at all."""
        return bool(self.texts.get(label)) or (label == "size" and bool(self.amounts))

    def first(self, label: Label) -> str:
        """The label's first text in plain form, the value that a closed list of values holds; "" where there is none."""
        return next((" ".join(key_of(words_of(text))) for text in self.texts.get(label, ())), "")


def facts_of(product: Product) -> Facts:
    """A product's facts: brand from the brand, type from the last category too, the others from attributes by their names."""
    texts: dict[Label, list[str]] = {label: [] for label in LABELS}
    amounts: list[Amount] = []
    if product.brand:
        texts["brand"].append(product.brand)
    for name, value in product.attributes.items():
        label, units = _meaning(name)
        if isinstance(value, float | int) and not isinstance(value, bool):
            amounts += [Amount(kind, value * factor) for kind, factor in (_UNITS[unit] for unit in units) if value > 0]
        elif label is not None:
            found = [text for one in _texts(value) for text in _parts(one, label)]
            texts[label] += found
            if label == "size":
                amounts += [at.amount for text in found for at in amounts_in(words_of(text))]
    texts["type"] += [text for one in product.category[-1:] for text in _parts(one, "type")]
    return Facts({label: tuple(dict.fromkeys(found)) for label, found in texts.items() if found}, tuple(dict.fromkeys(amounts)))


def amounts_in(words: Sequence[Word]) -> Iterator[AmountAt]:
    """The lengths, masses, volumes and memories in a text: a number, perhaps a hyphen, and a unit."""
    for at, word in enumerate(words):
        figure = _figure(word.text)
        if figure is None:
            continue
        behind = at + 1
        if behind + 1 < len(words) and words[behind].text == "-":
            behind += 1
        unit = unit_of(words[behind].text) if behind < len(words) else ""
        if unit in _UNITS:
            kind, factor = _UNITS[unit]
            yield AmountAt(Amount(kind, figure * factor), at, behind + 1)


@lru_cache(maxsize=8192)  # a catalogue's products share their attributes' names
def _meaning(name: str) -> tuple[Label | None, tuple[str, ...]]:
    """The label that texts of an attribute of that name belong to, and the units in which its numbers may be."""
    folded = re.sub(r"[^\w]+", "_", unicodedata.normalize("NFKC", name).lower()).strip("_")
    if _NOT_ITS_OWN.search(folded):
        return None, ()
    label = next((label for label, pattern in _NAMED if pattern.search(folded)), None)
    return label, next((tuple(units.split()) for pattern, units in _NUMBERS if pattern.search(folded)), ())


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return value if isinstance(value, tuple) else ()


def _parts(text: str, label: Label) -> Iterator[str]:
    """The single values of a text that lists some; "Polyethylene (PE)" is two spellings of one."""
    for part in _APART.split(text) if label != "size" else (text,):
        for one in (_SHORT_FORM.sub(" ", part), *_SHORT_FORM.findall(part)):
            key = key_of(words_of(one))
            letters = any(not word.isdigit() for word in key)
            if 0 < len(key) <= _MOST_WORDS and (letters or label == "size") and not (label == "type" and key in _NO_KINDS):
                yield " ".join(one.split())


def _figure(text: str) -> float | None:
    if not text[:1].isdecimal():
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
