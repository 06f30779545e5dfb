"""What the index must hold in the end: events made at random under one seed, and their fold by highest version, aspect by aspect."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

Row = dict[str, object]
Seen = tuple[str, str, float, int]
"""Title, description, price, stock."""

WORDS = "oak steel red blue folding wireless compact classic kitchen garden camera lamp desk watch sofa kettle".split()  # noqa: SIM905


@dataclass(slots=True)
class Known:
    """All events of one product that were made, by version."""

    contents: dict[int, tuple[str, str]] = field(default_factory=dict)
    offers: dict[int, tuple[float, int]] = field(default_factory=dict)
    deletes: set[int] = field(default_factory=set)

    def fold(self) -> Seen | None:
        """What it is now; None where it is deleted, or has no content yet."""
        barrier = max(self.deletes, default=0)
        contents = {version: content for version, content in self.contents.items() if version > barrier}
        if not contents:
            return None
        title, description = contents[max(contents)]
        offers = {version: offer for version, offer in self.offers.items() if version > barrier}
        price, stock = offers[max(offers)]
        return title, description, price, stock


class Truth:
    """Makes events, and remembers them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.products: dict[str, Known] = {}
        self.events = 0

    def full(self, id_: str, *, marked: str = "") -> Row:
        """A full row in a version of its own; `marked` is a word for its title."""
        version, price, stock = self._next()
        title = f"{marked} {self.chance.choice(WORDS)} {self.chance.choice(WORDS)} {id_} of {version}".strip()
        description = " ".join(self.chance.choices(WORDS, k=12))
        known = self.products.setdefault(id_, Known())
        known.contents[version] = (title, description)
        known.offers[version] = (price, stock)
        return {"id": id_, "title": title, "description": description, "price": f"{price:.2f}", "stock": stock, "version": version}

    def offer(self, id_: str) -> Row:
        version, price, stock = self._next()
        self.products[id_].offers[version] = (price, stock)
        return {"id": id_, "price": f"{price:.2f}", "stock": stock, "version": version}

    def delete(self, id_: str) -> Row:
        version, _, _ = self._next()
        self.products[id_].deletes.add(version)
        return {"id": id_, "deleted": True, "version": version}

    def first(self, number: int, *, prefix: str = "p") -> list[Row]:
        """New products."""
        return [self.full(f"{prefix}{n}") for n in range(number)]

    def mixed(self, number: int) -> list[Row]:
        """Events of all kinds on products that there are and new ones, out of order, some of them twice."""
        ids = sorted(self.products)
        rows = []
        for _ in range(number):
            id_, kind = self.chance.choice(ids), self.chance.random()
            if kind < 0.15:
                rows.append(self.full(f"n{self.events}"))
            elif kind < 0.45:
                rows.append(self.full(id_))
            elif kind < 0.9:
                rows.append(self.offer(id_))
            else:
                rows.append(self.delete(id_))
        rows += self.chance.sample(rows, k=number // 10)
        self.chance.shuffle(rows)
        return rows

    def living(self) -> Iterator[tuple[str, Seen]]:
        """Every product that must be found, as it must look."""
        for id_, known in self.products.items():
            now = known.fold()
            if now is not None:
                yield id_, now

    def _next(self) -> tuple[int, float, int]:
        self.events += 1
        return self.events, self.chance.randint(100, 99_999) / 100, self.chance.randint(0, 500)
