"""The card that lies beside learned encoders (after Mitchell et al. 2019): what they were made from, how good they are, their limits."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from indexer.evaluate.compare import spread
from indexer.learn.encoder_measures import MEASURES
from indexer.specs import ModelSpec

TOLD = {
    "judged": "queries find the products that were judged good",
    "synthetic": "queries made of attributes find their products",
    "attributes": "a list of values finds its product",
    "described": "a title finds its description",
    "pictured": "a title finds its photo",
}
PARTS = {"learn": "to learn from", "choose": "to choose an epoch by", "report": "to report on"}
LIMITS = """\
- They know the shop that they learned from: its kinds, brands and languages. What they knew of the rest may have faded.
- Queries made by templates say what listings say; measure with judged queries before you go live.
- Products that nobody judged may answer a query too, and count as wrong here: before and after alike.
- Their vectors are others than before: an index of their own is needed."""


def card(name: str, figures: Mapping[str, Any], specs: Mapping[str, ModelSpec], *, made: date) -> str:
    """The card as Markdown: data, measures, licence, limits."""
    data, settings = figures["data"], figures["settings"]
    products, pairs = data["products"], data["pairs"]
    training = f"{settings['epochs']} epochs at most, the best was {figures['best_epoch']}; batch {settings['batch']}"
    rates = f"{settings['tokens']} tokens, AdamW at {settings['learning_rate']:g}, temperature {settings['temperature']:g}"
    parts = ", ".join(f"{products[part]:,} {told}" for part, told in PARTS.items())
    lines = [
        f"# {name}",
        "",
        f"Made on {made.isoformat()} by `fusedex learn encoder`: {' and '.join(specs)} fine-tuned on pairs of one catalogue.",
        "",
        "## Data",
        "",
        *(f"- {source}" for source in data["sources"]),
        f"- products: {parts}",
        f"- pairs: {', '.join(f'{count:,} {kind}' for kind, count in pairs.items())}",
        f"- sha-256 over products, parts and texts: `{data['sha256']}`",
        f"- licence: {data['licence'] or 'not stated'}",
        "",
        "## Training",
        "",
        f"{training}, {rates}, {settings['hard']} hard negatives, seed {settings['seed']}.",
        "",
        "## Measures",
        "",
        f"On products and queries of families that nothing was learned from or chosen by. By mrr: {figures['verdict']}",
        "",
        *measure_lines(figures["report"]),
        "",
        "## Licence",
        "",
        *(f"- {part}: began as {spec.name} ({spec.licence}), {spec.origin}" for part, spec in specs.items()),
        "",
        "## Limits",
        "",
        LIMITS,
    ]
    return "\n".join(lines) + "\n"


def measure_lines(report: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """The table of all measures before and after, as lines of Markdown."""
    lines = ["| texts | measure | before | after | difference (95%) | p |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for kind, measures in report.items():
        for measure in MEASURES:
            one = measures[measure]
            told = spread(one["mean"], one["low"], one["high"])
            what = f"{kind}: {TOLD[kind]} ({one['texts']:,})"
            lines.append(f"| {what} | {measure} | {one['before']:.3f} | {one['after']:.3f} | {told} | {one['p']:.4f} |")
    return lines
