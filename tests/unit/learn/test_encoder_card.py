"""The card beside learned encoders says where they come from, how good they are, and what they can't do."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from indexer.learn.encoder_card import TOLD, card, measure_lines
from indexer.learn.encoder_measures import MEASURES, changes, verdict
from indexer.learn.encoder_pairs import KINDS
from indexer.specs import ModelSpec


def figures() -> dict[str, Any]:
    before = {kind: {name: np.array([0.25, 0.5, 0.75, 0.5]) for name in MEASURES} for kind in ("judged", "pictured")}
    after = {kind: {name: np.array([0.5, 0.75, 1.0, 0.75]) for name in MEASURES} for kind in before}
    change = changes(before, after)
    return {
        "data": {
            "sources": ["shop.csv", "clicks.csv"],
            "licence": "",
            "products": {"learn": 1200, "choose": 100, "report": 200},
            "pairs": {"judged": 40, "pictured": 900},
            "sha256": "feed" * 16,
        },
        "settings": {
            "epochs": 3,
            "batch": 32,
            "learning_rate": 2e-5,
            "seed": 7,
            "temperature": 0.05,
            "hard": 1,
            "tokens": 64,
        },
        "report": change,
        "verdict": verdict(change, list(change)),
        "best_epoch": 2,
    }


SPECS = {
    "text": ModelSpec(name="minilm", revision="1", width=384, weights="w", licence="Apache-2.0", origin="its authors"),
    "photo": ModelSpec(name="image", revision="1", width=384, weights="w", licence="MIT", origin="timm"),
}


def test_the_card_tells_data_training_measures_licence_and_limits() -> None:
    told = card("mine", figures(), SPECS, made=date(2026, 1, 2))
    for words in (
        "# mine",
        "Made on 2026-01-02 by `fusedex learn encoder`: text and photo fine-tuned",
        "- shop.csv",
        "- clicks.csv",
        "1,200 to learn from, 100 to choose an epoch by, 200 to report on",
        "- pairs: 40 judged, 900 pictured",
        "feed" * 16,
        "- licence: not stated",
        "3 epochs at most, the best was 2; batch 32, 64 tokens, AdamW at 2e-05, temperature 0.05, 1 hard negatives, seed 7.",
        "no difference shown: judged, pictured.",
        "- text: began as minilm (Apache-2.0), its authors",
        "- photo: began as image (MIT), timm",
        "## Limits",
    ):
        assert words in told, words


def test_a_stated_licence_stands_there() -> None:
    made = figures()
    made["data"]["licence"] = "CC0-1.0"
    assert "- licence: CC0-1.0" in card("mine", made, {"text": SPECS["text"]}, made=date(2026, 1, 2))


@pytest.mark.parametrize("measure", MEASURES)
def test_each_kind_and_measure_has_its_line(measure: str) -> None:
    lines = measure_lines(figures()["report"])
    assert len(lines) == 2 + 2 * len(MEASURES)
    for kind in ("judged", "pictured"):
        (line,) = [line for line in lines if line.startswith(f"| {kind}: ") and f"| {measure} |" in line]
        assert TOLD[kind] in line
        assert "(4)" in line
        assert "| 0.500 | 0.750 | +0.250 (+0.250 to +0.250) | 0.1250 |" in line


def test_every_kind_is_told_in_words() -> None:
    assert tuple(TOLD) == KINDS
