"""What tuning leaves: settings that search loads, the evidence as JSON, a page to look at; a folder that is whole or not there."""

import json
from dataclasses import asdict

from indexer.evaluate.space import TUNABLE
from indexer.evaluate.tune import Fold, Trial, Tuning
from indexer.settings import SearchSettings

SETTINGS, EVIDENCE, PAGE = "tuned.toml", "evidence.json", "report.html"
FILES = {SETTINGS, EVIDENCE, PAGE}


def settings_toml(tuning: Tuning) -> str:
    """A settings file with a table [search]: what was tuned, and below it what differs from the defaults and was not."""
    chosen, defaults = tuning.chosen, SearchSettings()
    tuned = [axis.name for axis in tuning.space.axes]
    kept = [name for name in SearchSettings.model_fields if name not in tuned and getattr(chosen, name) != getattr(defaults, name)]
    told = tuning.verdict()
    lines = [
        f"# {told}",
        f"# Use it: FUSEDEX_CONFIG={SETTINGS} fusedex search ..., or copy the table into your settings file.",
        "# FUSEDEX_SEARCH__* in the environment win over it. It holds no encoders and no index: those stay as your settings name them.",
        "[search]",
        *(_line(name, chosen) for name in tuned if getattr(chosen, name) is not None),
    ]
    if kept:
        lines += ["# Not tuned, as they were:", *(_line(name, chosen) for name in kept)]
    return "\n".join(lines) + "\n"


def evidence(tuning: Tuning) -> dict[str, object]:
    """All that the choice stands on, as JSON objects; the same judgments, index, space and seed give the same bytes."""
    how, description = tuning.how, tuning.description
    identity = asdict(description.identity)
    return {
        "verdict": tuning.verdict(),
        "shown": tuning.shown,
        "changed": tuning.changed,
        "settings": {"current": _told(tuning.current), "tuned": _told(tuning.chosen)},
        "goal": asdict(how.goal),
        "method": {"name": how.method} | ({"trials": how.trials} if how.method == "bayes" else {}),
        "seed": how.seed,
        "space": tuning.space.as_object(),
        "judgments": {"name": how.name, "sha256": tuning.given.digest, "queries": len(tuning.given.queries), "pairs": tuning.given.pairs},
        "index": {"name": description.index, "products": description.products}
        | {part: identity[part] for part in ("text", "photo", "fusion", "width", "schema")},
        "queries": {
            "held_out": list(tuning.split.held),
            "folds": [list(fold) for fold in tuning.split.folds],
            "left_out": [one.id for one in tuning.left_out],
            "refused": tuning.refused,
        },
        "trials": [_trial(one, tuning) for one in tuning.trials],
        "requests": {"first_trial": tuning.trials[0].requests, "others": sum(one.requests for one in tuning.trials[1:])},
        "nested": asdict(tuning.nested) | {"folds": [_fold(one, tuning) for one in tuning.folds]},
        "held_out": asdict(tuning.gain),
        "held_out_evaluation": tuning.held.as_object(),
    }


def fold_means(trial: Trial, tuning: Tuning) -> list[float]:
    """A trial's mean on each fold."""
    means, start = [], 0
    for fold in tuning.split.folds:
        means.append(float(trial.figures[start : start + len(fold)].mean()))
        start += len(fold)
    return means


def differing(settings: SearchSettings, tuning: Tuning) -> dict[str, object]:
    """The values on the space's axes."""
    return {axis.name: getattr(settings, axis.name) for axis in tuning.space.axes}


def evidence_json(tuning: Tuning) -> str:
    """The evidence as the text of its file."""
    return json.dumps(evidence(tuning), ensure_ascii=False, indent=1) + "\n"


def _line(name: str, settings: SearchSettings) -> str:
    return f"{name} = {json.dumps(settings.model_dump(mode='json')[name], ensure_ascii=False)}"


def _told(settings: SearchSettings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in TUNABLE}


def _trial(trial: Trial, tuning: Tuning) -> dict[str, object]:
    return {
        "settings": differing(trial.settings, tuning),
        "mean": trial.mean,
        "folds": fold_means(trial, tuning),
        "requests": trial.requests,
    }


def _fold(fold: Fold, tuning: Tuning) -> dict[str, object]:
    return {
        "choice": differing(fold.choice, tuning),
        "tried": fold.tried,
        "inner": fold.inner,
        "chosen": float(fold.chosen.mean()),
        "current": float(fold.current.mean()),
    }
