"""The report: one HTML page that holds all it shows, one JSON file, and the files from which any other tool gets the same figures."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from indexer import whole
from indexer.errors import EvaluationError
from indexer.evaluate import sections
from indexer.evaluate.evaluation import Evaluation
from indexer.evaluate.plots import differences_plot, letter, means_plot, spread_plot
from indexer.evaluate.queries import topics_csv

STYLE = """
:root { color-scheme: light; --ink: #20262b; --soft: #5b6770; --line: #dfe4e8; --tint: #f5f7f9; --gain: #2c7a4b; --loss: #a82a37; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 62rem; background: #fff; color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; } p, li { max-width: 50rem; } .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1rem; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: break-word; }
th { background: var(--tint); font-weight: 600; } td.n, th.n { text-align: right; white-space: nowrap; }
tr.first td { border-top: 2px solid #c3ccd3; } td small { color: var(--soft); } .gain { color: var(--gain); } .loss { color: var(--loss); }
.wide { overflow-x: auto; } .two { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 0 2rem; }
 svg { width: 100%; height: auto; } code { font-size: .85em; overflow-wrap: anywhere; }
.key { display: inline-block; min-width: 1.5em; padding: 0 .35em; border-radius: .25em; color: #fff; text-align: center; font-weight: 600; }
.warn { border-left: 4px solid #d9730d; background: #fdf5ec; padding: .5rem .8rem; }
@media print {
  body { max-width: none; padding: 0; font-size: 11px; }
  h2 { break-after: avoid; } tr, svg { break-inside: avoid; } * { print-color-adjust: exact; }
}
"""


def page(evaluation: Evaluation, *, worst: int = 10) -> str:
    """The HTML page; every text from outside is escaped, and nothing is loaded from anywhere. `worst` queries a list."""
    title = f"Evaluation: {evaluation.name}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        sections.introduction(evaluation),
        "<h2>Runs</h2>",
        sections.runs_table(evaluation),
        *sections.remarks(evaluation),
        "<h2>Means</h2>",
        means_plot(evaluation),
        sections.means_table(evaluation),
        "<h2>How the queries are spread</h2>",
        spread_plot(evaluation),
        *_comparisons(evaluation, worst),
        *sections.groups_tables(evaluation),
        *sections.slices_table(evaluation),
        "<h2>Worst queries</h2>",
        *(sections.worst_table(evaluation, place, first=worst) for place in range(len(evaluation.runs))),
        "<h2>How to read this</h2>",
        sections.reading(evaluation),
        "<h2>What it came from</h2>",
        sections.digests(evaluation),
    ]
    return whole_page(title, parts)


def whole_page(title: str, parts: Sequence[str]) -> str:
    """A page of these parts, HTML already, that loads nothing from anywhere; the title is escaped."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
    body = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}<style>{STYLE}</style></head>\n<body>\n{body}\n</body>\n</html>\n'


def _comparisons(evaluation: Evaluation, worst: int) -> Iterable[str]:
    for one in evaluation.against:
        names = f"{letter(one.place)} {evaluation.runs[one.place].name}", f"{letter(0)} {evaluation.runs[0].name}"
        yield f"<h2>{escape(names[0])} against {escape(names[1])}</h2>"
        yield sections.verdict(one)
        yield differences_plot(evaluation, one.place)
        yield sections.comparison_table(evaluation, one)
        yield sections.moved_tables(evaluation, one.place, first=worst)


def write_report(evaluation: Evaluation, folder: Path, *, worst: int = 10) -> tuple[Path, ...]:
    """Write report.html, report.json, qrels.trec, queries.csv and run.trec (run-b.trec, ... for the other runs); the files' paths.

    Any tool that reads TREC files gets the same figures from the last ones. Raises EvaluationError where a file can't be written.
    """
    texts = {
        "report.html": page(evaluation, worst=worst),
        "report.json": json.dumps(evaluation.as_object(), ensure_ascii=False, indent=1) + "\n",
        "qrels.trec": evaluation.judgments.trec(),
        "queries.csv": topics_csv(evaluation.topics),
    }
    texts |= {run_file(place): run.trec() for place, run in enumerate(evaluation.runs)}
    return tuple(write_text(folder / name, text) for name, text in texts.items())


def run_file(place: int) -> str:
    """The name of a run's file in the report's folder."""
    return f"run-{letter(place).lower()}.trec" if place else "run.trec"


def write_text(path: Path, text: str) -> Path:
    """Write a file, with the folders above it; its path. Raises EvaluationError where that fails."""
    return write_whole(path, text.encode())


def write_whole(path: Path, content: bytes) -> Path:
    """Put a file in its place once all of it is written, with the folders above it; its path. Raises EvaluationError where that fails."""
    try:
        whole.write_whole(path, content)
    except OSError as error:
        raise EvaluationError(f"{path} can't be written: {error.strerror}.", cure="Name another place.") from error
    return path


def writable(paths: Sequence[Path]) -> None:
    """Raise EvaluationError for the first path whose folder can't be made or written, before any work is done."""
    for path in paths:
        probe = path.with_name(f".{path.name}.probe")
        write_text(probe, "")
        probe.unlink(missing_ok=True)
