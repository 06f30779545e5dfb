"""A catalogue -> a tagger: labels, parts, training, the test report beside the dictionary's, and the folder with all of it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.encode.folder import Folder
from indexer.errors import LearningError
from indexer.learn.logs import Epoch, RunLog, curves_png
from indexer.learn.loop import fit
from indexer.learn.machine import seeded
from indexer.learn.packages import need
from indexer.learn.rows import PhotoTable, local_sources
from indexer.learn.settings import LoopSettings
from indexer.learn.tag_card import card_text, report_png
from indexer.learn.tag_checkpoint import CARD, LEXICON, METRICS, TagSpec, bert_config, data_digest, save_tagger
from indexer.learn.tag_labels import Covered, Example, label_products
from indexer.learn.tag_lexicon import Lexicon, cross_hinted, hinted
from indexer.learn.tag_model import TagShape, bert_from, make_network
from indexer.learn.tag_predict import Reader, judged
from indexer.learn.tag_report import Judged, Report, Score, SeenWords, measured, value_score
from indexer.learn.tag_split import Parts, split, with_families
from indexer.learn.tag_task import TagData, TagSettings, TagTask, values_of, withheld
from indexer.learn.tag_tokens import TOKENIZER, TagTokenizer
from indexer.learn.tag_values import Label
from indexer.records import Product
from indexer.vectors import Rows
from indexer.whole import check_absent

if TYPE_CHECKING:
    import torch

LEAST_TITLES = 40
DEV_MOST = 1000
"""Dev titles that each epoch is measured by; more would cost more time than they tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagHow:
    """How a tagger is trained: the loop's settings, the task's, titles at most (None: all), and the pretrained network's folder."""

    start: Folder
    loop: LoopSettings
    task: TagSettings
    limit: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Labelled titles in parts, what the titles say of the fields, and the table of photo rows (None: photos are not looked at)."""

    parts: Parts
    covered: Mapping[Label, Covered]
    photos: Rows | None = None
    photo_encoder: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """What was measured on the test titles: the dictionary, the tagger, it without photos (None: there were none), and its guesses.

    `values` has by label the macro F1 over values guessed where the word is withheld from the title, with photos and without.
    """

    before: Report
    after: Report
    without_photos: Report | None
    values: Mapping[Label, tuple[Score, Score]]
    history: Sequence[Epoch]

    def told(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "dictionary": self.before.told(),
            "tagger": self.after.told(),
            "tagger_without_photos": self.without_photos.told() if self.without_photos else None,
            "values_withheld": {label: {"with_photo": asdict(a), "without": asdict(b)} for label, (a, b) in self.values.items()},
            "history": [epoch.told() for epoch in self.history],
        }


def catalogue_of(products: Sequence[Product], *, seed: int = 0, limit: int | None = None, table: PhotoTable | None = None) -> Catalogue:
    """Label a catalogue, draw `limit` of its titles, look up their photos, and part it by families.

    Raises LearningError where it holds too few titles to learn from.
    """
    examples, covered = label_products(products)
    examples = with_families(examples, {one.id: one.group for one in products if one.group})
    chosen = list(range(len(examples)))
    if limit is not None and limit < len(examples):
        chosen = sorted(np.random.default_rng(seed).permutation(len(examples))[:limit].tolist())
    picked = [examples[at] for at in chosen]
    if len(picked) < LEAST_TITLES:
        raise LearningError(f"{len(picked)} titles are too few to learn tags from.", cure=f"Give a catalogue of at least {LEAST_TITLES}.")
    if table is None:
        return Catalogue(split(picked, seed=seed), covered)
    rows, numbers = table.usable(local_sources(products[at] for at in chosen))
    seen = [replace(one, photo=number) for one, number in zip(picked, numbers, strict=True)]
    return Catalogue(split(seen, seed=seed), covered, rows, table.photo.spec.digest)


class Training:
    """One training of a tagger on a catalogue: made, run by `run`, then written by `save`."""

    def __init__(self, catalogue: Catalogue, how: TagHow) -> None:
        """Make the network from the pretrained one. Raises ModelUnavailable, LearningError."""
        need("torch", "transformers", "safetensors", "tokenizers", "sklearn")
        self.catalogue = catalogue
        self.how = how
        parts = catalogue.parts
        self._tokenizer = TagTokenizer.read(how.start.path, most=how.task.tokens)
        rows = catalogue.photos if catalogue.photos is not None and len(catalogue.photos) else None
        self._shape = TagShape(photo_width=0 if rows is None else rows.shape[1], values=values_of(parts.train))
        self._photos = rows
        with seeded(how.loop.seed):
            self.network: torch.nn.Module = make_network(bert_from(how.start.path), self._shape, photos=rows)
        self._lexicon = Lexicon.learned(parts.train)
        data = TagData(cross_hinted(parts.train), hinted(parts.dev[:DEV_MOST], self._lexicon), rows)
        self._task = TagTask(self.network, self._tokenizer, data, shape=self._shape, settings=(how.task, how.loop))

    def run(self, log: RunLog, *, state: Path | None = None) -> Tried:
        """Train and measure; with `state` an interrupted training goes on from there. Raises what `fit` raises."""
        parts = self.catalogue.parts
        seen = SeenWords(parts.train)
        test = hinted(parts.test, self._lexicon)
        before = measured([Judged(one, one.hints) for one in test], seen=seen)
        fitted = fit(self._task, self.how.loop, log, folder=state)
        reader = Reader(self.network, self._tokenizer, photos=self._photos)
        after = measured(judged(test, reader.read(test)), seen=seen)
        bare = None
        if self._photos is not None:
            bare = measured(judged(test, reader.read(test, with_photos=False)), seen=seen)
        values = {label: guessed(reader, test, label, known) for label, known in self._shape.values.items()}
        return Tried(before, after, bare, {label: pair for label, pair in values.items() if pair[0].support}, fitted.history)

    def spec(self, name: str) -> TagSpec:
        """What the checkpoint says of itself."""
        start = self.how.start
        digest = data_digest([*self.catalogue.parts.train, *self.catalogue.parts.dev])
        return TagSpec(
            name=name,
            revision=digest[:12],
            licence=f"weights begin as {start.name} ({start.licence}); labels: the catalogue's own licence",
            origin=start.origin,
            tokens=self.how.task.tokens,
            values=dict(self._shape.values),
            photo_width=self._shape.photo_width,
            photo_encoder=self.catalogue.photo_encoder if self._shape.photo_width else "",
            data=digest,
            bert=bert_config(self.network),
        )

    def save(self, folder: Path, tried: Tried) -> TagSpec:
        """Write the checkpoint with its metrics, card and pictures, whole or not at all. Raises ModelError."""
        check_absent(folder)
        spec = self.spec(folder.name)
        told = {
            **tried.told(),
            "settings": {**self.how.loop.told(), **asdict(self.how.task), "limit": self.how.limit},
            "titles": {name: len(getattr(self.catalogue.parts, name)) for name in ("train", "dev", "test")},
            "coverage": {label: {**asdict(one), "share": one.share} for label, one in self.catalogue.covered.items()},
        }
        files = {
            TOKENIZER: self._tokenizer.text().encode(),
            LEXICON: self._lexicon.text().encode(),
            METRICS: (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode(),
            CARD: card_text(spec, told).encode(),
            "report.png": report_png(tried.before, tried.after, title=spec.name),
            "curves.png": _curves(tried.history, title=spec.name),
        }
        save_tagger(folder, spec, self.network, files)
        return spec


def _curves(history: Sequence[Epoch], *, title: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "curves.png"
        curves_png(history, file, title=title)
        return file.read_bytes()


def guessed(reader: Reader, examples: Sequence[Example], label: Label, known: Sequence[str]) -> tuple[Score, Score]:
    """Macro F1 of a label's guessed values with the label's words withheld from the titles: with photos, and without."""
    asked = [withheld(one, label) for one in examples if one.values.get(label) in known]
    right = [one.values[label] for one in asked]
    scores = []
    for with_photos in (True, False):
        read = reader.read(asked, with_photos=with_photos)
        scores.append(value_score(right, [known[int(one.values[label].argmax())] for one in read]))
    return scores[0], scores[1]
