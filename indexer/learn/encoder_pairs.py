"""Pairs that encoders learn from, drawn out of a catalogue and judgments, and parted so that nothing that is asked was taught."""

import hashlib
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexer.errors import LearningError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic
from indexer.learn.synthetic import pairs_of, synthetic_pairs
from indexer.learn.tag_split import family as family_in
from indexer.learn.tag_words import plain, words_of
from indexer.records import Product

Kind = Literal["judged", "synthetic", "attributes", "described", "pictured"]
"""judged: a query finds the products that were judged good, or clicked. synthetic: so does one made by templates. attributes: a list of
a product's values finds it. described: a title finds the description. pictured: a title finds the photo."""
KINDS: tuple[Kind, ...] = ("judged", "synthetic", "attributes", "described", "pictured")
PARTS = ("learn", "choose", "report")
NOWHERE = ""
"""The part of a ware that has a text of a later part: it is no wrong answer anywhere, and no right one."""
LEAST_PAIRS = 40
VALUES, WORDS, LONGEST = 5, 3, 30
"""Attributes that are listed in one text, and the words and characters of one of them: longer values are names and descriptions again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ware:
    """A product as encoders see it; those of one `family` stay in one part."""

    id: str
    title: str
    description: str = ""
    photo: Path | None = None
    family: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """Title and, where there is one, description."""
        return (self.title, self.description) if self.description else (self.title,)


@dataclass(frozen=True, slots=True)
class Ask:
    """A text, and the places of the wares that it should find."""

    kind: Kind
    text: str
    right: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Wares, each in a part or NOWHERE, and what is asked in each part.

    `right` of an ask names wares of any part, so that none of them is taken for a wrong answer. No text of the parts `choose` and
    `report`, asked or answering, is learned from; none of `choose` is in `report`.
    """

    wares: tuple[Ware, ...]
    part: tuple[str, ...]
    asks: Mapping[str, tuple[Ask, ...]]

    def taught(self) -> list[tuple[Ask, int]]:
        """Each ask of the part `learn` with each of its wares there."""
        return [(ask, ware) for ask in self.asks["learn"] for ware in ask.right if self.part[ware] == "learn"]

    @property
    def digest(self) -> str:
        """A sha-256 over all wares, parts and asks."""
        state = hashlib.sha256()
        for ware, part in zip(self.wares, self.part, strict=True):
            state.update("\0".join((ware.id, *ware.texts, str(bool(ware.photo)), part)).encode() + b"\n")
        for part in PARTS:
            for ask in self.asks[part]:
                state.update(f"{part} {ask.kind} {ask.text} {ask.right}\n".encode())
        return state.hexdigest()


def wares_of(products: Iterable[Product], *, usable: Callable[[Path], bool] = lambda _path: False) -> list[Ware]:
    """The products that have a title, each with the first of its photos on a disk here that is `usable` (default: none is)."""
    wares: list[Ware] = []
    for one in products:
        if not one.title:
            continue
        local = (Path(photo.source) for photo in one.photos if not photo.is_remote)
        told = "" if same_text(one.description) in same_text(one.title) else one.description
        name = family_in(words_of(one.title), brand=plain(one.brand), group=one.group)
        wares.append(Ware(id=one.id, title=one.title, description=told, photo=next(filter(usable, local), None), family=name))
    return wares


def asks_of(
    products: Sequence[Product], wares: Sequence[Ware], judged: tuple[Judgments, Sequence[Topic]] | None, *, least: int = 1, seed: int = 0
) -> list[Ask]:
    """All that finds a ware; `judged` as `judged_texts` gives it, good from the grade `least` on."""
    place = {ware.id: number for number, ware in enumerate(wares)}
    known = [one for one in products if one.id in place]
    asks = _judged(judged, place, least) if judged else []
    asks += _grouped("synthetic", _synthetic(known, place, seed))
    asks += _grouped("attributes", ((listed(one, seed), place[one.id]) for one in known))
    asks += _grouped("described", ((ware.title, place[ware.id]) for ware in wares if ware.description))
    asks += _grouped("pictured", ((ware.title, place[ware.id]) for ware in wares if ware.photo))
    return asks


def parted(wares: Sequence[Ware], asks: Sequence[Ask], *, seed: int = 0, choose: float = 0.1, report: float = 0.2) -> Pairs:
    """Wares by their families and judged queries by their texts, in an order drawn by the seed; shares hold roughly.

    A judged query takes the families of its products along, so that many judgments may put more products apart. Raises LearningError
    where too little is left to learn from, or nothing to choose or to report by.
    """
    shares = {"report": report, "choose": choose}
    families, queries = _families(wares, asks, seed, shares), _queries(asks, seed, shares)
    part = [families[ware.family] for ware in wares]
    kept: dict[str, tuple[Ask, ...]] = {}
    away: set[str] = set()
    for name in reversed(PARTS):
        for number, ware in enumerate(wares):
            if part[number] == name and any(same_text(text) in away for text in ware.texts):
                part[number] = NOWHERE
        kept[name] = tuple(
            ask
            for ask in asks
            if any(part[ware] == name for ware in ask.right)
            and same_text(ask.text) not in away
            and (ask.kind != "judged" or queries[ask.text] == name)
        )
        away |= {same_text(ask.text) for ask in kept[name]}
        away |= {same_text(text) for ware, own in zip(wares, part, strict=True) if own == name for text in ware.texts}
    pairs = Pairs(tuple(wares), tuple(part), kept)
    _check(pairs)
    return pairs


def same_text(text: str) -> str:
    """A text as it is compared: texts that differ in case and spaces alone are one."""
    return " ".join(text.casefold().split())


def listed(product: Product, seed: int) -> str:
    """The product's brand and some of its values, drawn by its id and the seed: "hp, silver, 17 in"; "" where it has fewer than two."""
    dice = random.Random(f"{seed} {product.id}")  # noqa: S311 - a repeatable choice, no secret
    texts = dict.fromkeys(value for value in product.attributes.values() if isinstance(value, str) and 1 < len(value) <= LONGEST)
    values = [text for text in texts if text[0].isalpha() and len(text.split()) <= WORDS]
    chosen = dice.sample(values, k=min(VALUES, len(values)))
    return ", ".join(filter(None, (product.brand, *chosen))) if len(chosen) > 1 else ""


def _judged(judged: tuple[Judgments, Sequence[Topic]], place: Mapping[str, int], least: int) -> list[Ask]:
    judgments, topics = judged
    asks: list[Ask] = []
    for topic in topics:
        grades = judgments.grades.get(topic.id, {})
        right = sorted(place[product] for product, grade in grades.items() if grade >= least and product in place)
        if right:
            asks.append(Ask("judged", topic.text, tuple(right)))
    return asks


def _synthetic(products: Sequence[Product], place: Mapping[str, int], seed: int) -> list[tuple[str, int]]:
    """Each chosen query with every product that it was made of, chosen for that one or not."""
    chosen = {pair.query for pair in synthetic_pairs(products, seed)}
    return [(pair.query, place[one.id]) for one in products for pair in pairs_of(one) if pair.query in chosen]


def _grouped(kind: Kind, found: Iterable[tuple[str, int]]) -> list[Ask]:
    """One ask a text, with all its wares."""
    right: dict[str, tuple[str, list[int]]] = {}
    for text, ware in found:
        if text:
            right.setdefault(same_text(text), (text, []))[1].append(ware)
    return [Ask(kind, text, tuple(dict.fromkeys(wares))) for text, wares in right.values()]


def _queries(asks: Sequence[Ask], seed: int, shares: Mapping[str, float]) -> dict[str, str]:
    """The part of each judged query: the first ones in an order drawn by the seed are reported on, the next ones choose."""
    texts = sorted({ask.text for ask in asks if ask.kind == "judged"}, key=lambda text: _drawn(text, seed))
    report, choose = (math.ceil(shares[name] * len(texts)) for name in ("report", "choose"))
    return {text: "report" if at < report else "choose" if at < report + choose else "learn" for at, text in enumerate(texts)}


def _families(wares: Sequence[Ware], asks: Sequence[Ask], seed: int, shares: Mapping[str, float]) -> dict[str, str]:
    """The part of each family: that of its judged queries, `report` before `choose`; others fill these up in an order drawn by the seed."""
    sizes = Counter(ware.family for ware in wares)
    queries = _queries(asks, seed, shares)
    part: dict[str, str] = {}
    for name in ("choose", "report"):  # the last one wins
        part |= {wares[ware].family: name for ask in asks if queries.get(ask.text) == name for ware in ask.right if ask.kind == "judged"}
    filled: Counter[str] = Counter()
    for family, name in part.items():
        filled[name] += sizes[family]
    free = sorted(sizes.keys() - part.keys(), key=lambda family: _drawn(family, seed))
    for family in free:
        part[family] = next((name for name in shares if filled[name] + sizes[family] <= shares[name] * len(wares)), "learn")
        filled[part[family]] += sizes[family]
    for name in shares:
        small = min((family for family in free if part[family] == "learn"), key=lambda family: sizes[family], default=None)
        if not filled[name] and small is not None:
            part[small] = name
    return part


def _drawn(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {same_text(name)}".encode()).digest()


def _check(pairs: Pairs) -> None:
    taught = len(pairs.taught())
    if taught < LEAST_PAIRS:
        cure = f"Give a catalogue that makes at least {LEAST_PAIRS}: descriptions, attributes, photos or judgments."
        raise LearningError(f"{taught} pairs are too few to learn an encoder from.", cure=cure)
    for name in ("choose", "report"):
        if not pairs.asks[name]:
            raise LearningError(
                f"Nothing is left to {'choose an epoch' if name == 'choose' else 'report'} by.", cure="Give more products of more families."
            )
