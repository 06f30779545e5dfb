"""The model card that lies beside a learned fusion (after Mitchell et al. 2019): what it was made from, how good it is, its limits."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from indexer.fuse.learned_checkpoint import LearnedSpec

MEASURES = {
    "recall@1": "a photo finds its product or class first",
    "recall@5": "among the first five",
    "precision@10": "share of right photos among the first ten that words find",
}
LIMITS = """\
- It knows what the photos showed that it learned from; other trades need their own training.
- Words keep the place that the text encoder gives them: what that encoder confuses, stays confused.
- The measures are of photos and words of the same source; another shop's photos may look different.
- Photos of few kinds, brands, people or lights teach these: look at the results by kind before you go live.
- It belongs to the two encoders below, in exactly these versions."""


def card(spec: LearnedSpec, figures: Mapping[str, Any], *, made: date) -> str:
    """The card as Markdown: data, measures, licence, limits."""
    data, before, mean = figures["data"], figures["before"], figures["mean"]
    seeds = figures["seeds"]
    chosen = next(one["seed"] for one in seeds if one["chosen"])
    rows = [
        f"| {name} | {told} | {_figure(before.get(name))} | {_figure(figures['after'][name])} | {_figure(mean[name])} |"
        for name, told in MEASURES.items()
    ]
    counts = ", ".join(f"{data[name]:,} {name}" for name in ("items", "texts", "photos", "apart") if name in data)
    lines = [
        f"# Learned fusion of {data['name']}",
        "",
        f"Made on {made.isoformat()} by `fusedex learn fuse`; joins text and photo by {'a gate' if spec.join == 'gate' else 'a network'}.",
        "",
        "## Data",
        "",
        *(f"- {source}" for source in data["sources"]),
        f"- {counts} (photos apart were not learned from)",
        f"- sha-256 over texts and photos: `{data['sha256']}`",
        f"- licence: {data['licence'] or 'not stated'}",
        "",
        "## Measures",
        "",
        f"On photos apart; the mean is over {len(seeds)} seed{'s' if len(seeds) > 1 else ''}, the checkpoint is that of seed {chosen}.",
        "",
        "| measure | what | before | after | mean |",
        "| --- | --- | ---: | ---: | ---: |",
        *rows,
        "",
        *_floors(figures["floors"]),
        "## Licence",
        "",
        f"The encoders: {spec.licence}. The weights here: as the data allows.",
        "",
        "## Limits",
        "",
        LIMITS,
        "",
        "## Encoders",
        "",
        f"- text: `{spec.text}` ({spec.text_width} numbers)",
        f"- photo: `{spec.photo}` ({spec.photo_width} numbers)",
    ]
    return "\n".join(lines) + "\n"


def _floors(told: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Which cosines mean something, and what that was read from."""
    if not told:
        return []
    rows = [
        f"| {kind} | {one['floor']:.3f} | {one['sure']:.3f} | {one['queries']:,} | {one['right']:.3f} | {one['nonsense']:.3f} |"
        for kind, one in told.items()
    ]
    return [
        "## Floors",
        "",
        "The least cosine between a query and a product that have to do with each other; and where no word matches, what the nearest must",
        "reach.",
        "95 of 100 right products lie above `right`, 95 of 100 nonsense queries find nothing above `nonsense`.",
        "",
        "| query | least | nearest | measured on | right | nonsense |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *rows,
        "",
    ]


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
