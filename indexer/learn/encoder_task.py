"""Learning encoders as a task of the training loop: texts find products, titles their photos, in batches with hard negatives."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from indexer.learn.encoder_measures import Asked, Floats, means
from indexer.learn.encoder_network import EncoderSettings, parameter_groups
from indexer.learn.encoder_pairs import KINDS, Ask, Pairs
from indexer.learn.encoder_towers import Towers
from indexer.learn.fuse_material import own_rows
from indexer.learn.logs import Best
from indexer.learn.losses import cosines, prototypes
from indexer.learn.negatives import ALIKE, near_negatives
from indexer.learn.settings import LoopSettings
from indexer.vectors import Rows

if TYPE_CHECKING:
    import torch

GALLERY = 2000
"""Products that a text is measured among, at most: those of its part, and others by chance."""
CANDIDATES = 8
"""Near products of each, of which hard negatives are drawn anew in each step."""
Taught = tuple[Ask, int]
Ints = npt.NDArray[np.int64]


class EncoderTask:
    """A `Task` of the loop over pairs. Measures by the part `choose`; `figures` gives any part's."""

    best = Best("score")

    def __init__(self, towers: Towers, pairs: Pairs, *, settings: tuple[EncoderSettings, LoopSettings], rows: Rows) -> None:
        """Train the towers' network; by `rows`, the wares' unit rows before, are those known that are alike, and hard negatives."""
        self._towers, self._pairs, self._rows = towers, pairs, rows
        self._own, self._loop = settings
        taught = pairs.taught()
        self._texts = [pair for pair in taught if pair[0].kind != "pictured"]
        self._photos = [pair for pair in taught if pair[0].kind == "pictured"] if towers.photo else []
        learned = np.array([number for number, part in enumerate(pairs.part) if part == "learn"], dtype=np.int64)
        near = near_negatives(rows[learned], count=CANDIDATES)
        self._near: dict[int, Ints] = {int(ware): learned[others] for ware, others in zip(learned, near, strict=True)}
        self._size = min(self._own.photos, len(self._photos)) if len(self._photos) > 1 else 0
        self.steps = max(math.ceil(len(self._texts) / self._loop.batch), math.ceil(len(self._photos) / self._size) if self._size else 0)

    def module(self) -> "torch.nn.Module":
        """The networks."""
        return self._towers.network

    def groups(self, settings: LoopSettings) -> Sequence[Mapping[str, Any]]:
        """Text model, backbone and projection, each at its rate."""
        return parameter_groups(self._towers.network, self._own, settings)

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterator[dict[str, Any]]:
        """Every pair in random order, texts and photos side by side in each step, the shorter list over again."""
        del epoch
        texts, photos = (_dealt(len(several), generator) for several in (self._texts, self._photos))
        size = min(self._loop.batch, len(self._texts))
        for _ in range(self.steps):
            batch: dict[str, Any] = {"texts": []}
            if size > 1:
                self._add_texts(batch, [self._texts[next(texts)] for _ in range(size)], generator)
            if self._size:
                self._add_photos(batch, [self._photos[next(photos)] for _ in range(self._size)])
            yield batch

    def loss(self, model: "torch.nn.Module", batch: dict[str, Any]) -> "torch.Tensor":
        """Contrastive both ways, for texts and their products, and for titles and their photos; the mean of the two."""
        import torch

        rows, seen = model(batch["texts"], batch.get("pixels"))
        losses = []
        if "masked" in batch:
            losses.append(self._both_ways(rows[0], rows[1], batch["masked"]))
        if seen is not None:
            losses.append(self._both_ways(rows[-1], seen, batch["masked_photos"]))
        return torch.stack(losses).mean()

    def measure(self) -> Mapping[str, float]:
        """By the part `choose`: each kind's recall and reciprocal rank, and `score`, the mean of the latter."""
        return means(self.figures("choose"))

    def figures(self, part: str) -> dict[str, Mapping[str, Floats]]:
        """For each kind of ask in the part one number a text and measure; answers are products as they are served, or photos."""
        wares, towers = self._pairs.wares, self._towers
        gallery = self._gallery(part)
        described = [at for at in gallery if wares[at].description]
        pictured = [at for at in gallery if wares[at].photo] if towers.photo else []
        products = own_rows([(wares[at].title, wares[at].description) for at in gallery], towers.texts)
        found: dict[str, Mapping[str, Floats]] = {}
        for kind in KINDS:
            some = [ask for ask in self._pairs.asks[part] if ask.kind == kind]
            if not some or (kind == "pictured" and not pictured):
                continue
            answering, answers = gallery, products
            if kind == "described":
                answering, answers = described, towers.texts([wares[at].description for at in described])
            elif kind == "pictured":
                answering, answers = pictured, towers.photos([path for at in pictured if (path := wares[at].photo)])
            asking = towers.texts([ask.text for ask in some], side="query")
            found[kind] = self._asked(some, answering, part).figures(asking, answers)
        return found

    def _asked(self, asks: Sequence[Ask], answering: Sequence[int], part: str) -> Asked:
        answers = np.array([[ware in ask.right for ware in answering] for ask in asks])
        inside = np.array([self._pairs.part[ware] == part for ware in answering])
        return Asked(right=answers & inside, out=answers & ~inside)

    def _gallery(self, part: str) -> list[int]:
        own = [number for number, name in enumerate(self._pairs.part) if name == part]
        others = [number for number, name in enumerate(self._pairs.part) if name != part]
        drawn = np.random.default_rng(len(others)).permutation(others)[: max(0, GALLERY - len(own))]
        return sorted([*own, *drawn.tolist()])

    def _add_texts(self, batch: dict[str, Any], pairs: Sequence[Taught], random: np.random.Generator) -> None:
        """The asking texts; their answers, behind them each ask's hard negatives; and who is no negative of whom."""
        hard = [(ask, int(other)) for ask, ware in pairs for other in self._drawn(ware, random)]
        answers = [self._answer(*pair) for pair in (*pairs, *hard)]
        asking = self._towers.prepared([ask.text for ask, _ in pairs], side="query")
        batch["texts"] += [asking, self._towers.prepared(answers, side="product")]
        batch["masked"] = self._masked(pairs, [ware for _, ware in (*pairs, *hard)])

    def _add_photos(self, batch: dict[str, Any], pairs: Sequence[Taught]) -> None:
        photos = [photo for _, ware in pairs if (photo := self._pairs.wares[ware].photo)]
        batch["texts"].append(self._towers.prepared([ask.text for ask, _ in pairs], side="query"))
        batch["pixels"] = self._towers.pixels(photos)
        batch["masked_photos"] = self._masked(pairs, [ware for _, ware in pairs])

    def _drawn(self, ware: int, random: np.random.Generator) -> Ints:
        near = self._near[ware]
        return random.choice(near, min(self._own.hard, len(near)), replace=False) if len(near) else near

    def _answer(self, ask: Ask, ware: int) -> str:
        one = self._pairs.wares[ware]
        return one.description if ask.kind == "described" and one.description else one.title

    def _masked(self, pairs: Sequence[Taught], columns: Sequence[int]) -> "torch.Tensor":
        """(asks, columns), true where the column's ware answers the ask too, or is alike to the ware that does."""
        import torch

        answers = np.array([[ware in ask.right for ware in columns] for ask, _ in pairs])
        alike = self._rows[[ware for _, ware in pairs]] @ self._rows[list(columns)].T >= ALIKE
        return torch.from_numpy(answers | alike)

    def _both_ways(self, asking: "torch.Tensor", answers: "torch.Tensor", masked: "torch.Tensor") -> "torch.Tensor":
        """Asks over all answers, and answers over the asks (`contrastive`, with hard negatives on the one side)."""
        import torch

        count = len(asking)
        scores = cosines(asking, answers) / self._own.temperature
        places = torch.arange(count, device=scores.device)
        there = prototypes(scores, places, masked=masked)
        back = prototypes(scores[:, :count].T, places, masked=masked[:, :count].T)
        return 0.5 * (there + back)


def _dealt(count: int, random: np.random.Generator) -> Iterator[int]:
    """Numbers below `count` in random order, all of them before any comes again, without end."""
    while count:
        yield from random.permutation(count).tolist()
