"""`make learn-demo`: fusions and a tagger learned from real photos and titles, beside what they replace, on what no training saw.

Rows are kept below the home folder: the first run takes minutes, later ones a fraction. FUSEDEX_TEST_DATA names the data.
"""

import argparse
import csv
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks import learn_tag
from benchmarks.learn_words import OTHER_PHRASES, OTHER_WORDS, WORDS, asked, learned_from
from indexer.encode.bridge import BridgeEncoder
from indexer.encode.image import ImageEncoder, Lite0
from indexer.encode.sentence import SentenceEncoder
from indexer.evaluate.compare import compared
from indexer.fuse.base import PartRow
from indexer.fuse.learned import LearnedFusion
from indexer.learn.fuse_before import weighted_rows
from indexer.learn.fuse_items import Item, photos_in
from indexer.learn.fuse_material import own_rows, prepare
from indexer.learn.fuse_measures import Floats, precisions, ranks, recalls
from indexer.learn.fuse_task import FuseSettings
from indexer.learn.fuse_train import FuseHow, Trained, train
from indexer.learn.judged import judged, run_of
from indexer.learn.logs import RunLog
from indexer.learn.rows import RowTable
from indexer.learn.settings import LoopSettings
from indexer.settings import Settings
from indexer.vectors import Row, Rows

SEEDS = 3
LOOP = LoopSettings(epochs=12, batch=64, learning_rate=3e-3, weight_decay=0.05, patience=6)
Photos = Sequence[tuple[Path, str]]


@dataclass(frozen=True)
class Kit:
    """The encoders' rows: of the backbone, and of the bridge; and where judgments and runs are written."""

    image: RowTable
    bridge: RowTable
    out: Path | None


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, help="folder for judgments, runs and results.json")
    out: Path | None = arguments.parse_args().out
    data = Path(os.environ["FUSEDEX_TEST_DATA"])
    folder = Settings.load().home / "learn"
    text, network = SentenceEncoder(), Lite0()
    kit = Kit(RowTable(text, ImageEncoder(network), folder), RowTable(text, BridgeEncoder(network, text), folder), out)
    results: dict[str, Any] = {}
    # Each part takes the data's folder and the kit, prints its table and gives its figures.
    for part in (clothes, groceries, tagger):
        began = time.monotonic()
        results[part.__name__] = part(data, kit)
        print(f"{part.__name__}: {time.monotonic() - began:.0f} s\n", flush=True)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def clothes(data: Path, kit: Kit) -> Mapping[str, Any]:
    items = [
        Item(id=name, title=texts[0], queries=tuple(texts[1:]), photos=tuple(photos_in(data / "clothing" / "train" / name)))
        for name, texts in ((name, learned_from(name)) for name in WORDS)
    ]
    shown = [(path, name) for name in WORDS for path in photos_in(data / "clothing" / "validation" / name)]
    queries = [("other words", *pair) for pair in asked(OTHER_WORDS)] + [("other phrases", *pair) for pair in asked(OTHER_PHRASES)]
    used = {text.casefold() for item in items for text in item.asking}
    if seen := [query for _, query, _ in queries if query.casefold() in used]:
        raise SystemExit(f"asked in words that training used: {seen}")
    right = np.array([[name == wanted for _, name in shown] for _, _, wanted in queries])
    rows = kit.image.texts([query for _, query, _ in queries], side="query")
    known = _known(kit.image, [path for path, _ in shown])
    old = kit.bridge.photos(known)
    learned = [_photo_rows(one, kit.image.photos(known)) for one in _trained(items, kit, FuseSettings())]
    before, after = precisions(rows, old, right), [precisions(rows, one, right) for one in learned]
    groups = [group for group, _, _ in queries]
    figures: dict[str, Any] = {}
    print(f"clothes: {len(queries)} queries in words that training did not use, {len(shown)} photos; precision@10")
    print(f"{'':16}{'bridge':>8}{'learned':>9}  each seed")
    for name in ("all", *dict.fromkeys(groups)):
        chosen = np.array([name in ("all", group) for group in groups])
        each = [float(one[chosen].mean()) for one in after]
        figures[name] = {"bridge": float(before[chosen].mean()), "learned": float(np.mean(each)), "seeds": each}
        print(f"{name:16}{figures[name]['bridge']:8.3f}{figures[name]['learned']:9.3f}  {_told(each)}")
    print(_paired("learned against bridge", before, np.mean(after, axis=0)))
    if kit.out is not None:
        kit.out.mkdir(parents=True, exist_ok=True)
        names = {f"{name}/{path.name}": name for path, name in shown}
        numbers = {query: number for number, (_, query, _) in enumerate(queries)}
        (kit.out / "judgments.csv").write_text(judged({query: name for _, query, name in queries}, names).csv(), encoding="utf-8")
        for name, made in (("bridge", old), ("learned", learned[0])):
            run = run_of(numbers, rows, name=name, products=(list(names), made))
            (kit.out / f"{name}.csv").write_text(run.csv(), encoding="utf-8")
        print(f"compare: fusedex evaluate {kit.out}/judgments.csv --run {kit.out}/bridge.csv --run {kit.out}/learned.csv")
    return figures


def tagger(data: Path, kit: Kit) -> Mapping[str, Any]:
    tried, withheld = learn_tag.run(data, Console(), seeds=SEEDS, cache=Settings.load().home / "learn")
    cards = {question: [[asdict(score) for score in pair] for pair in pairs] for question, pairs in withheld.items()}
    return {"titles": tried.told(), "withheld": cards}


def groceries(data: Path, kit: Kit) -> Mapping[str, Any]:
    folder = data / "grocery"
    items = _cards(folder)
    photos = [(path, number) for path, number in _listed(folder, "photos")]
    owner = np.array([number for _, number in photos])
    known = _known(kit.image, [path for path, _ in photos])
    raw, own = kit.image.photos(known), own_rows([(item.title, item.description) for item in items], kit.image.texts)
    pictures = kit.image.photos(_known(kit.image, [item.picture for item in items if item.picture]))
    wordy = [replace(item, picture=None) for item in items]
    found: dict[str, list[tuple[Floats, Floats]]] = {
        "bridge": [_recalls(kit.bridge.photos(known), weighted_rows(items, own, kit.bridge), owner)],
        "backbone": [_recalls(raw, pictures, owner)],
        "projection alone": [_recalls(_photo_rows(one, raw), own, owner) for one in _trained(wordy, kit, FuseSettings(anchors="free"))],
    }
    for join in ("gate", "mlp"):
        fusions = _trained(items, kit, FuseSettings(join=join))
        found[f"learned, {join}"] = [_recalls(_photo_rows(one, raw), _product_rows(one, own, pictures), owner) for one in fusions]
    print(f"groceries: {len(photos)} photos find their card among {len(items)}")
    print(f"{'':18}{'recall@1':>9}{'recall@5':>9}  each seed")
    figures: dict[str, Any] = {}
    for name, several in found.items():
        one, five = ([float(pair[place].mean()) for pair in several] for place in (0, 1))
        figures[name] = {"recall@1": float(np.mean(one)), "recall@5": float(np.mean(five)), "seeds": {"1": one, "5": five}}
        print(f"{name:18}{np.mean(one):9.3f}{np.mean(five):9.3f}  {_told(one)}; {_told(five)}")
    means = {name: np.mean([pair[0] for pair in several], axis=0) for name, several in found.items()}
    for rival in ("bridge", "backbone", "projection alone"):
        print(_paired(f"gate against {rival}", means[rival], means["learned, gate"]))
    return figures


def _trained(items: Sequence[Item], kit: Kit, settings: FuseSettings) -> list[LearnedFusion]:
    """A fusion a seed; each has photos of its own apart."""
    specs = (kit.image.text.spec, kit.image.photo.spec)
    made: list[Trained] = []
    for seed in range(SEEDS):
        material = prepare(items, kit.image, views=2, seed=seed)
        made.append(train(material, specs, FuseHow(loop=replace(LOOP, seed=seed), task=settings), RunLog()))
    return [one.fusion() for one in made]


def _cards(folder: Path) -> list[Item]:
    """Every card: its description, its iconic photo, and the photos to learn from."""
    photos: dict[int, list[Path]] = {}
    for path, number in _listed(folder, "train"):
        photos.setdefault(number, []).append(path)
    with (folder / "classes.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]

    def card(told: str) -> Path:
        return folder / "cards" / told.split("/", 2)[2]

    return [
        Item(id=row[0], title=card(row[5]).read_text(encoding="utf-8").strip(), picture=card(row[4]), photos=tuple(photos[int(row[1])]))
        for row in rows
    ]


def _listed(folder: Path, name: str) -> list[tuple[Path, int]]:
    """Photo and class number."""
    found: list[tuple[Path, int]] = []
    for line in (folder / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.strip():
            path, number, _ = line.split(",")
            found.append((folder / name / path.strip().split("/", 1)[1], int(number)))
    return found


def _known(table: RowTable, photos: Sequence[Path]) -> Photos:
    digests = table.digests(photos)
    return [(photo, digests[photo]) for photo in photos]


def _photo_rows(fusion: LearnedFusion, photos: Rows) -> Rows:
    return _rows([fusion.fuse([PartRow("photo", photo)]) for photo in photos])


def _product_rows(fusion: LearnedFusion, texts: Rows, photos: Rows) -> Rows:
    return _rows([fusion.fuse([PartRow("title", text), PartRow("photo", photo)]) for text, photo in zip(texts, photos, strict=True)])


def _rows(made: Sequence[Row | None]) -> Rows:
    return np.stack([row for row in made if row is not None])


def _recalls(queries: Rows, cards: Rows, owner: Any) -> tuple[Floats, Floats]:
    found = ranks(queries, cards, owner)
    return recalls(found, depth=1), recalls(found, depth=5)


def _told(each: Sequence[float]) -> str:
    return " ".join(f"{one:.3f}" for one in each)


def _paired(what: str, before: Floats, after: Floats) -> str:
    found = compared(before, after)
    return f"{what}: {found.spread}, p {found.p:.4f}, {found.wins} won, {found.losses} lost"


if __name__ == "__main__":
    main()
