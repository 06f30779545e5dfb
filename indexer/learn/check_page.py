"""What the checks found, as one HTML page that loads nothing."""

from collections.abc import Iterator, Mapping
from html import escape

from indexer.evaluate.report import whole_page
from indexer.evaluate.sections import table
from indexer.learn.findings import CHECKS, Checked, Finding

SHOWN = 200
"""Findings of one check on the page; the JSON has them all."""
READING = (
    "<b>duplicate</b>: similarity of titles (shingles of four characters) or cosine of vectors, from 0 to 1; variants are left out.",
    "<b>mislabelled</b>: the share of the twenty nearest neighbours by which another kind leads over the one given.",
    "<b>price</b>, <b>photo</b>: robust deviations (1.4826 · median of absolute deviations) from the median of neighbours or kind.",
    "Each finding is a suspicion with its evidence, not a verdict: look before you mend.",
)


def page(checked: Checked, *, name: str) -> str:
    """The page; every text from outside is escaped. `name` is what the feed is called."""
    title = f"Checks: {name}"
    kinds = f", {checked.kinds:,} kinds by {checked.kind_field}" if checked.kind_field else ""
    counts = [(check, told, f"{len(checked.of(check)):,}") for check, told in CHECKS.items()]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{checked.listings:,} listings{escape(kinds)}.</p>',
        table(("check", "a listing that", "#found"), counts),
        *(f'<p class="warn">Left out: <b>{escape(check)}</b>, as {escape(why)}.</p>' for check, why in checked.left_out.items()),
        f'<p class="warn">{escape(unusable(checked))}</p>' if checked.unusable else "",
        *_sections(checked),
        "<h2>How to read this</h2>",
        f"<ul>{''.join(f'<li>{one}</li>' for one in READING)}</ul>",
    ]
    return whole_page(title, parts)


def _sections(checked: Checked) -> Iterator[str]:
    for check in CHECKS:
        found = checked.of(check)
        if not found:
            continue
        yield f"<h2>{escape(check)} ({len(found):,})</h2>"
        yield table(("listing", "#score", "why", "evidence"), [_row(one) for one in found[:SHOWN]])
        if len(found) > SHOWN:
            yield f'<p class="soft">The {SHOWN} most suspicious; {len(found) - SHOWN:,} more are in the JSON.</p>'


def _row(one: Finding) -> tuple[str, ...]:
    return escape(one.id), f"{one.score:.2f}", escape(one.reason), f"<small>{escape(told(one.evidence))}</small>"


def unusable(checked: Checked) -> str:
    """How many photos could not be looked at, with the first and why; empty where all could."""
    if not checked.unusable:
        return ""
    source, why = next(iter(checked.unusable.items()))
    return f"{len(checked.unusable):,} photos could not be looked at; the first, {source}: {why}"


def told(evidence: Mapping[str, object]) -> str:
    """Evidence in one line: names with their values, numbers short, lists by commas."""
    return "; ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in evidence.items())


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
