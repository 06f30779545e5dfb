"""From pairs to a folder of encoders: train, measure before and after on what nothing chose by, write all of it whole or not at all."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indexer.encode.image import ImageEncoder
from indexer.encode.saved import save_backbone, save_projection, save_transformer
from indexer.encode.transformer import TransformerEncoder
from indexer.learn.encoder_card import card
from indexer.learn.encoder_measures import Floats, changes, verdict
from indexer.learn.encoder_network import EncoderSettings, freeze, make_network
from indexer.learn.encoder_pairs import PARTS, Pairs
from indexer.learn.encoder_task import EncoderTask
from indexer.learn.encoder_towers import PhotoReader, Towers, first_projection
from indexer.learn.fuse_material import own_rows
from indexer.learn.logs import Epoch, RunLog, curves_png
from indexer.learn.loop import Fitted, fit
from indexer.learn.machine import seeded
from indexer.learn.packages import need
from indexer.learn.settings import LoopSettings
from indexer.learn.state import check_begun
from indexer.whole import check_absent, new_folder

TEXT, PHOTO, PROJECTION = "text", "photo", "projection"
METRICS, CARD, CURVES = "metrics.json", "card.md", "curves.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderHow:
    """How encoders are trained: the loop, and what is their own."""

    loop: LoopSettings
    own: EncoderSettings


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """What was measured on the part `report`, by kind and measure a number a text; and how the training went."""

    before: Mapping[str, Mapping[str, Floats]]
    after: Mapping[str, Mapping[str, Floats]]
    fitted: Fitted


class EncoderTraining:
    """One training of encoders: made, run by `run`, then written by `save`."""

    def __init__(
        self,
        pairs: Pairs,
        encoders: tuple[TransformerEncoder, ImageEncoder | None],
        how: EncoderHow,
        *,
        read: PhotoReader | None = None,
    ) -> None:
        """Take a copy of the text encoder, and the photo encoder as it is: its network learns in place, so nobody else may use it.

        A photo encoder without a projection gets one first (see `first_projection`). Raises ModelUnavailable, SettingsError,
        LearningError.
        """
        need("torch", "transformers", "safetensors", "accelerate")
        reader = read or PhotoReader()
        text, photo = encoders[0].again(), encoders[1]
        self.pairs, self.how, self.start = pairs, how, text.spec
        if photo is not None and photo.projection is None:
            taught = [ware for ware, part in zip(pairs.wares, pairs.part, strict=True) if part == "learn" and ware.photo]
            photo = ImageEncoder(photo.network, first_projection(taught, text, photo, read=reader))
        with seeded(how.loop.seed):
            network = make_network(text, photo)
        freeze(network, how.own)
        self.towers = Towers(text, photo, network, reader)
        rows = own_rows([(ware.title, ware.description) for ware in pairs.wares], self.towers.texts)
        self.task = EncoderTask(self.towers, pairs, settings=(how.own, how.loop), rows=rows)

    def run(self, log: RunLog, *, state: Path | None = None) -> Tried:
        """Train and measure; with `state` an interrupted training goes on from there.

        Raises what `fit` raises, and LearningError where `state` holds another data's, model's or settings' training.
        """
        if state is not None:
            check_begun(state, {"pairs": self.pairs.digest, "text": self.start.digest, "settings": asdict(self.how.own)})
        before = self.task.figures("report")
        fitted = fit(self.task, self.how.loop, log, folder=state)
        return Tried(before, self.task.figures("report"), fitted)

    def metrics(self, tried: Tried, told: Mapping[str, object]) -> dict[str, Any]:
        """All that was measured, as a JSON object; `told` says where the data come from."""
        pairs, fitted = self.pairs, tried.fitted
        change = changes(tried.before, tried.after, seed=self.how.loop.seed)
        wares = {name: sum(part == name for part in pairs.part) for name in PARTS}
        asks = {name: _counted([ask.kind for ask in pairs.asks[name]]) for name in PARTS}
        taught = _counted([ask.kind for ask, _ in pairs.taught()])
        return {
            "data": {**told, "products": wares, "pairs": taught, "asks": asks, "sha256": pairs.digest},
            "settings": {**self.how.loop.told(), **asdict(self.how.own), "tokens": self.start.max_tokens},
            "report": change,
            "verdict": verdict(change, list(change)),
            "best_epoch": fitted.best.number + 1,
            "stopped_early": fitted.stopped_early,
            "history": [epoch.told() for epoch in fitted.history],
        }

    def save(self, folder: Path, tried: Tried, told: Mapping[str, object]) -> dict[str, Any]:
        """Write the encoders with metrics, card and curves, whole or not at all; the metrics. Raises ModelError."""
        check_absent(folder)
        figures = self.metrics(tried, told)
        specs = {"text": self.start, **({"photo": self.towers.photo.spec} if self.towers.photo else {})}

        def fill(draft: Path) -> None:
            (draft / TEXT).mkdir()
            save_transformer(self.towers.text, draft / TEXT)
            if self.towers.photo is not None:
                self._save_photo(self.towers.photo, draft)
            (draft / METRICS).write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            (draft / CARD).write_text(card(folder.name, figures, specs, made=datetime.now(UTC).date()), encoding="utf-8")
            curves_png(_drawn(tried.fitted.history), draft / CURVES, title=folder.name)

        new_folder(folder, fill)
        return figures

    def _save_photo(self, photo: ImageEncoder, draft: Path) -> None:
        for name in (PHOTO, PROJECTION):
            (draft / name).mkdir()
        plain = save_backbone(photo, draft / PHOTO)
        head = {name: tensor.detach().cpu().numpy() for name, tensor in self.towers.network.get_submodule("head").state_dict().items()}
        save_projection(draft / PROJECTION, onto=plain, weight=head["weight"], bias=head["bias"])


def _drawn(history: Sequence[Epoch]) -> list[Epoch]:
    """The epochs with one measure a kind: thirteen lines tell nothing."""
    return [replace(one, measures={name: value for name, value in one.measures.items() if "recall" not in name}) for one in history]


def _counted(kinds: Iterable[str]) -> dict[str, int]:
    return dict(Counter(kinds))
