"""A match as one page that holds all it shows: the picture, the texts with their words coloured, and the tables."""

import base64
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path

from indexer.evaluate.report import whole_page, write_whole
from indexer.evaluate.sections import signed, table
from indexer.explain.match import Match, Part
from indexer.explain.picture import png, undrawn
from indexer.explain.words import Attribution

READING = (
    "<b>cosine</b>: this part alone against the other side whole. <b>gives</b>: what the cosine of both sides loses without this part.",
    "<b>integrated gradients</b>: what each word adds on the way from the text with every word blank (the base) to the text as it is.",
    "Base and words add up to the cosine, but for the gap.",
    "<b>leave one word out</b>: what the cosine loses when this word alone goes. Words that say the same cover for each other.",
    "<b>occlusion</b>: an even patch hides a window of the photo; red is where that costs cosine, blue where it gains. The box costs most.",
    "The cosine is the part of a score that comes from vectors; what the words themselves gave is told by a search's explanation.",
)


def page(match: Match, picture: bytes) -> str:
    """The HTML page around a picture (PNG); every text is escaped, and nothing is loaded from anywhere."""
    asked = match.query or "a photo"
    models = ", ".join(f"{what} by {name}" for what, name in match.models.items())
    title = f"Why {match.product.id} matches {asked}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(match.product.title)}: cosine <b>{match.cosine:.3f}</b>; {escape(models)}.</p>',
        *_remarks(match),
        f'<img alt="{escape(title)}" style="max-width: 100%" src="data:image/png;base64,{base64.b64encode(picture).decode()}">',
        "<h2>Parts</h2>",
        table(("part", "#cosine", "#gives", "by"), [_row(part) for part in match.parts]),
        "<h2>Words</h2>",
        *(one for part in match.parts for one in _words(part)),
        "<h2>How to read this</h2>",
        f"<ul>{''.join(f'<li>{one}</li>' for one in READING)}</ul>",
    ]
    return whole_page(title, parts)


def write(match: Match, folder: Path) -> tuple[Path, ...]:
    """Write match.png, match.html and match.json into the folder, each whole or not at all; their paths. Raises EvaluationError."""
    picture = png(match)
    files = {
        "match.png": picture,
        "match.html": page(match, picture).encode(),
        "match.json": (json.dumps(match.as_object(), ensure_ascii=False, indent=1) + "\n").encode(),
    }
    return tuple(write_whole(folder / name, content) for name, content in files.items())


def _remarks(match: Match) -> Iterator[str]:
    for source, status in match.unused:
        yield f'<p class="warn">The photo {escape(source)} is {escape(status)}, so it has no part in this.</p>'
    if undrawn(match):
        yield '<p class="warn">This machine has no font for some characters of the picture; below they stand as they are.</p>'


def _row(part: Part) -> tuple[str, ...]:
    method = part.why.method if isinstance(part.why, Attribution) else "occlusion"
    return escape(part.name), f"{part.cosine:.3f}", signed(part.gain), method


def _words(part: Part) -> Iterator[str]:
    if not isinstance(part.why, Attribution):
        return
    why = part.why
    yield f"<h3>{escape(part.name)}</h3><p>{''.join(_coloured(why))}</p>"
    told = f"base {why.base:.3f}, gap {why.gap:+.3f}" if why.method == "integrated gradients" else "words do not add up"
    unread = f"; {why.unread} more words were not looked at" if why.unread else ""
    yield f'<p class="soft">{why.method}: {told}{unread}.</p>'
    yield table(("word", "#value"), [(escape(word.text), signed(value)) for word, value in why.strongest(len(why.words))])


def _coloured(why: Attribution) -> Iterator[str]:
    reach = max((abs(value) for value in why.values), default=0.0) or 1.0
    place = 0
    for word, value in zip(why.words, why.values, strict=True):
        yield escape(why.text[place : word.start])
        colour = "58, 143, 92" if value > 0 else "179, 50, 63"
        style = f"background: rgba({colour}, {abs(value) / reach * 0.75:.2f}); border-radius: .2em"
        yield f'<span style="{style}" title="{value:+.3f}">{escape(why.text[word.start : word.end])}</span>'
        place = word.end
    yield escape(why.text[place:])
