"""Learning a fusion: words, photos and products meet in one space, with parts dropped so that each finds the others alone."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from indexer.fuse.learned_checkpoint import Join
from indexer.learn.fuse_material import Material
from indexer.learn.fuse_measures import measures, precisions, ranks
from indexer.learn.fuse_model import make_network
from indexer.learn.logs import Best
from indexer.learn.losses import cosines, distilled, found, prototypes
from indexer.learn.settings import LoopSettings
from indexer.vectors import Rows

if TYPE_CHECKING:
    import torch

Anchors = Literal["auto", "fixed", "free"]
Ints = npt.NDArray[np.int64]
TOGETHER = 256
"""Items whose rows stand against each other in one step: all, or those of the batch with their hard negatives."""
WORDS_ONLY, PHOTO_ONLY = 0.25, 0.25
"""Shares of products whose photo, or whose words, are left out in a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuseSettings:
    """How text and photo are joined, and what is made small.

    temperature, smoothing   of the contrastive losses
    keep     weight of staying near the item's own words
    words    weight of words that find photos and products
    anchors  fixed: photos stay among the items' words, so that unseen words find them too; free: anchors learn, so that photos find
             their products better; auto: free where products have pictures of their own
    """

    join: Join = "gate"
    hidden: int = 256
    temperature: float = 0.1
    smoothing: float = 0.1
    keep: float = 0.2
    words: float = 1.0
    anchors: Anchors = "auto"
    batch: int = 64


class FuseTask:
    """A `Task` of the loop: photo queries against products, words against photos and products."""

    best = Best("score")

    def __init__(self, material: Material, settings: FuseSettings) -> None:
        """Make the network; seed torch first (see `seeded`)."""
        self._material = material
        self._settings = settings
        learned = material.photos[0][material.learn]
        self._network = make_network(material.anchors(), learned, join=settings.join, hidden=settings.hidden)
        if settings.anchors == "fixed" or (settings.anchors == "auto" and not material.pictured.any()):
            self._network.get_parameter("anchors").requires_grad_(False)
        self.steps = math.ceil(len(material.learn) / settings.batch)

    def module(self) -> "torch.nn.Module":
        """The network."""
        return self._network

    def groups(self, settings: LoopSettings) -> Sequence[Mapping[str, Any]]:
        """All that learns, alike."""
        del settings
        return [{"params": [one for one in self._network.parameters() if one.requires_grad]}]

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterator[dict[str, "torch.Tensor"]]:
        """Photos in random order, each in one of its views; with the items they stand against."""
        del epoch
        order = generator.permutation(self._material.learn)
        for start in range(0, len(order), self._settings.batch):
            yield self._batch(order[start : start + self._settings.batch], generator)

    def _batch(self, places: Ints, random: np.random.Generator) -> dict[str, "torch.Tensor"]:
        import torch

        material = self._material
        views = random.integers(0, len(material.photos), len(places))
        owners = material.owner[places]
        items = self._items(owners, random)
        numbers = {int(item): number for number, item in enumerate(items)}
        asked = material.asking[[int(random.choice(material.asked_of[item])) for item in items]]
        own = np.where(random.random((len(items), 1)) < 0.5, material.own[items], asked)
        drawn = random.random(len(items))
        pictured = material.pictured[items]
        present = np.stack([~pictured | (drawn >= PHOTO_ONLY), pictured & (drawn < 1 - WORDS_ONLY)], axis=1)
        arrays = {
            "photos": material.photos[views, places],
            "labels": np.array([numbers[int(owner)] for owner in owners]),
            "texts": own,
            "pictures": material.pictures[random.integers(0, len(material.pictures)), items],
            "present": present.astype(np.float32),
            "asked": asked,
            "targets": material.own[owners],
            "same": material.same[np.ix_(items, items)],
            "pictured": pictured,
        }
        return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}

    def _items(self, owners: Ints, random: np.random.Generator) -> Ints:
        """All items that are learned from; of many, the batch's own with hard negatives, then others by chance."""
        every = self._material.learned_items
        if len(every) <= TOGETHER:
            return every
        hard = [other for owner in dict.fromkeys(owners.tolist()) for other in self._material.hard[owner].tolist()]
        chosen = list(dict.fromkeys([*owners.tolist(), *hard, *random.choice(every, TOGETHER).tolist()]))
        return np.array(chosen[: max(TOGETHER, len(set(owners.tolist())))])

    def loss(self, model: "torch.nn.Module", batch: dict[str, "torch.Tensor"]) -> "torch.Tensor":
        """Photos find products, words find photos and products, and photos stay near their item's words."""
        import torch

        count, width = len(batch["photos"]), batch["texts"].shape[1]
        no_words = torch.zeros(count, width, device=batch["texts"].device)
        alone = torch.tensor([[0.0, 1.0]], device=no_words.device).expand(count, 2)
        rows = model(
            torch.cat([no_words, batch["texts"]]), torch.cat([batch["photos"], batch["pictures"]]), torch.cat([alone, batch["present"]])
        )
        photos, products = rows[:count], rows[count:]
        scale = 1 / self._settings.temperature
        labels, same = batch["labels"], batch["same"]
        own = torch.nn.functional.one_hot(labels, len(products)).bool()
        masked = same[labels] & ~own
        total = prototypes(scale * cosines(photos, products), labels, masked=masked, smoothing=self._settings.smoothing)
        total = total + self._settings.words * found(batch["asked"], photos, own.T, scale=scale)
        if bool(batch["pictured"].any()):
            every = torch.arange(len(products), device=labels.device)
            others = same & ~torch.eye(len(products), dtype=torch.bool, device=labels.device)
            total = total + self._settings.words * prototypes(scale * cosines(batch["asked"], products), every, masked=others)
        return total + self._settings.keep * distilled(photos, batch["targets"])

    def measure(self) -> Mapping[str, float]:
        """By the photos apart: recall of their item, and precision of the words that ask for it."""
        material = self._material
        photos = self.rows(None, material.photos[0][material.apart])
        found_at = ranks(photos, self.products(), material.owner[material.apart])
        return measures(found_at, precisions(material.asking[material.asked_apart], photos, material.right_apart()))

    def products(self) -> Rows:
        """The items' rows as they are served: own words, and the picture of those that have one."""
        material = self._material
        alone = self.rows(material.own, None)
        joined = self.rows(material.own, material.pictures[0])
        return np.where(material.pictured[:, None], joined, alone)

    def rows(self, texts: Rows | None, photos: Rows | None) -> Rows:
        """Unit rows of texts, of photos, or of both together."""
        import torch

        there = texts if texts is not None else photos
        count = 0 if there is None else len(there)
        device = next(self._network.parameters()).device
        words = np.zeros((count, self._material.own.shape[1]), np.float32) if texts is None else texts
        seen = np.zeros((count, self._material.photos.shape[2]), np.float32) if photos is None else photos
        present = np.tile(np.array([texts is not None, photos is not None], dtype=np.float32), (count, 1))
        self._network.eval()
        with torch.no_grad():
            made = self._network(*(torch.from_numpy(np.ascontiguousarray(one)).to(device) for one in (words, seen, present)))
        rows: Rows = made.cpu().numpy()
        return rows
