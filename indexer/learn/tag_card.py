"""What is written beside a tagger for people: a card with data, measures and limits, and the report as a picture."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from indexer.learn.packages import need
from indexer.learn.tag_report import Report, Score
from indexer.learn.tag_values import LABELS

if TYPE_CHECKING:
    from indexer.learn.tag_checkpoint import TagSpec

_LIMITS = """\
- Its labels come from the fields of the catalogue, not from people: where fields are wrong, it learned and was measured on that.
- Words that other products' fields know under a label that their own product lacks were left out of training and measuring.
- A span counts only as a whole. Test families were never trained on, but most of their words were: the second table parts them.
- A guessed value is one of a closed list, and the guess is always some value of it: mind its confidence.
- It was trained on titles; queries are shorter, so their entities are to be offered, not imposed.
"""


def card_text(spec: "TagSpec", metrics: Mapping[str, Any]) -> str:
    """The card, as Markdown, from a spec and the metrics of its checkpoint."""
    titles, settings = metrics["titles"], metrics["settings"]
    lines = [
        f"# {spec.name}",
        "",
        "Finds brand, colour, size, material and type in a product's title, and guesses values from title and photo.",
        "",
        f"- Begins as: {spec.origin}",
        f"- Licence: {spec.licence}",
        f"- Titles: {titles['train']:,} to learn from, {titles['dev']:,} to choose by, {titles['test']:,} of other families to report on",
        f"- Data digest: {spec.data}",
        f"- Photos: {'rows of ' + str(spec.photo_width) + ' numbers' if spec.photo_width else 'none'}",
        _training_line(settings),
        "",
        "## Test report",
        "",
        *_report_lines(metrics),
        "",
        "## Words that training had under their label, and words that it had not",
        "",
        "A figure counts as seen where its unit was.",
        "",
        *_part_lines(metrics),
        "",
        "## Values guessed with their word withheld from the title",
        "",
        *_value_lines(metrics),
        "",
        "## How much of the fields the titles say",
        "",
        "| label | products with the field | titles that say it | share | spans |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {label} | {one['told']:,} | {one['aligned']:,} | {one['share']:.2f} | {one['spans']:,} |"
            for label, one in metrics["coverage"].items()
        ),
        "",
        "## Limits",
        "",
        _LIMITS,
    ]
    return "\n".join(lines)


def report_png(before: Report, after: Report, *, title: str) -> bytes:
    """F1 by label, the dictionary beside the tagger, as a PNG. Raises ModelUnavailable without matplotlib."""
    need("matplotlib")
    from matplotlib.figure import Figure

    rows: list[tuple[str, Score, Score]] = [(label, before.labels[label], after.labels[label]) for label in LABELS]
    rows += [("macro", before.macro, after.macro), ("micro", before.micro, after.micro)]
    rows += [("seen words", before.seen.micro, after.seen.micro), ("unseen words", before.unseen.micro, after.unseen.micro)]
    rows = [row for row in rows if row[2].support]
    figure = Figure(figsize=(7, 0.55 * len(rows) + 1.4), layout="constrained")
    axes = figure.subplots()
    places = range(len(rows), 0, -1)
    sides = (("dictionary", 0.2, "#b8c2cc", [old.f1 for _, old, _ in rows]), ("tagger", -0.2, "#1f5fa8", [new.f1 for _, _, new in rows]))
    for name, shift, colour, scores in sides:
        bars = axes.barh([at + shift for at in places], scores, height=0.38, color=colour, label=name)
        axes.bar_label(bars, fmt="%.3f", padding=3, fontsize=8)
    axes.set_yticks(places, [f"{name} ({score.support:,})" for name, _, score in rows])
    axes.set(xlim=(0, 1.1), xlabel="F1 of whole spans (number of spans)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=10)
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=2)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=120, metadata={"Software": None})
    return drawn.getvalue()


def _training_line(settings: Mapping[str, Any]) -> str:
    rate = f"AdamW at {settings['learning_rate']:g} (new layers {settings['heads']:g} times)"
    return (
        f"- Training: {settings['epochs']} epochs, batch {settings['batch']}, {rate}, {settings['tokens']} tokens, seed {settings['seed']}"
    )


def _report_lines(metrics: Mapping[str, Any]) -> list[str]:
    before, after = metrics["dictionary"], metrics["tagger"]
    lines = ["| label | precision | recall | F1 | dictionary's F1 | spans |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, one, old in (*_pairs(after, before), ("macro", after["macro"], before["macro"])):
        lines.append(f"| {name} | {one['precision']:.3f} | {one['recall']:.3f} | {one['f1']:.3f} | {old['f1']:.3f} | {one['support']:,} |")
    return lines


def _part_lines(metrics: Mapping[str, Any]) -> list[str]:
    before, after = metrics["dictionary"], metrics["tagger"]
    heads = "F1 on seen words | dictionary's | spans | F1 on unseen words | dictionary's | spans"
    lines = [f"| label | {heads} |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    parts = [_pairs(after[part], before[part]) for part in ("seen", "unseen")]
    for both in zip(*parts, strict=True):
        cells = [f"{one['f1']:.3f} | {old['f1']:.3f} | {one['support']:,}" if one["support"] else " | | 0" for _, one, old in both]
        lines.append(f"| {both[0][0]} | {' | '.join(cells)} |")
    return lines


def _pairs(after: Mapping[str, Any], before: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Name, the tagger's score and the dictionary's: each label, then micro."""
    return [*((name, one, before["labels"][name]) for name, one in after["labels"].items()), ("micro", after["micro"], before["micro"])]


def _value_lines(metrics: Mapping[str, Any]) -> list[str]:
    guessed = metrics["values_withheld"]
    if metrics["tagger_without_photos"] is None:
        lines = ["| label | macro F1 | titles |", "| --- | ---: | ---: |"]
        return lines + [f"| {label} | {pair['without']['f1']:.3f} | {pair['without']['support']:,} |" for label, pair in guessed.items()]
    lines = ["| label | macro F1 with photo | without | titles |", "| --- | ---: | ---: | ---: |"]
    for label, pair in guessed.items():
        lines.append(f"| {label} | {pair['with_photo']['f1']:.3f} | {pair['without']['f1']:.3f} | {pair['without']['support']:,} |")
    return lines
