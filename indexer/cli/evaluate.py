"""`fusedex evaluate`: how good the ranking is by judgments, for searches of this index and for run files, compared with one another."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from indexer.build.reading import build_searcher
from indexer.cli.evaluated import show
from indexer.cli.progress import display
from indexer.errors import EvaluationError, SettingsError
from indexer.evaluate.asking import Asking
from indexer.evaluate.evaluation import Evaluation, How, evaluated
from indexer.evaluate.judgments import Judgments, read_judgments
from indexer.evaluate.measures import need
from indexer.evaluate.queries import Topic, joined, read_topics
from indexer.evaluate.report import writable, write_report, write_text
from indexer.evaluate.runs import Run, make_run, read_run
from indexer.feed.read import read_feed
from indexer.records import Product
from indexer.registry import did_you_mean
from indexer.settings import SearchSettings, Settings

PARTLY = 3
CURRENT = "current"
"""What the run of the settings as they are is called."""
PATIENCE_S = 60.0
"""A search may take so long at least: quality is measured here, and a busy machine must not change it."""


def evaluate(
    judgments: Annotated[
        Path, typer.Argument(help="Judgments: CSV with the header query,product_id,grade, or TREC qrels.", show_default=False)
    ],
    *,
    queries: Annotated[
        Path | None, typer.Option(help="CSV with query_id, query and perhaps kind and language: the texts behind ids.")
    ] = None,
    runs: Annotated[
        list[Path] | None,
        typer.Option("--run", help="A run file (TREC or CSV) instead of a search; repeatable, the first is the baseline."),
    ] = None,
    changed: Annotated[
        list[str] | None, typer.Option("--set", help="A search setting for the baseline search: depth=200; repeatable.")
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(help="Search once more with other settings, and compare: strategy=lexical,blend=rrf, or a TOML file; repeatable."),
    ] = None,
    products: Annotated[
        list[Path] | None, typer.Option(help="The catalogue as a feed: tell which brands, prices and photos are found; repeatable.")
    ] = None,
    depth: Annotated[int, typer.Option(min=10, help="Hits taken for each query.")] = 100,
    relevant: Annotated[int, typer.Option(min=1, help="From which grade on a product is relevant.")] = 1,
    all_queries: Annotated[
        bool, typer.Option("--all-queries", help="Count queries without a relevant product too; every search scores zero on them.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="For intervals and tests; the same seed gives the same figures.")] = 0,
    worst: Annotated[int, typer.Option(min=1, help="Queries in each list of worst, winning and losing ones.")] = 10,
    save_run: Annotated[Path | None, typer.Option(help="Write the first search's run: CSV by the ending .csv, else TREC.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write report.html, report.json and TREC files into this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")] = False,
) -> None:
    """Measure searches or run files by judgments: nDCG, reciprocal rank, recall, precision and judged share, with intervals and tests.

    Without --run this home's index is searched. Exit code 3: some queries were refused, or answered without a part of the search.
    """
    need("ir_measures", *(("matplotlib",) if report else ()))
    baseline = not runs or bool(changed)
    searches = _searches(changed or (), against or (), baseline=baseline)
    _worth_saving(save_run, searches)
    writable([path for path in (save_run, report and report / "report.html") if path])
    judged, topics = joined(read_judgments(judgments), read_topics(queries) if queries else None)
    found = _files(runs or ())
    if searches:
        _texts_known(judged, judgments, queries=queries)
        asked = _all_asked(searches, topics, depth=depth, save_run=save_run)
        found = [*asked[:baseline], *found, *asked[baseline:]]
    evaluation = evaluated(judged, topics, found, name=judgments.name, how=How(relevant=relevant, all_queries=all_queries, seed=seed))
    evaluation = evaluation.among(_catalogue(products)) if products else evaluation
    written = write_report(evaluation, report, worst=worst) if report else ()
    _tell(evaluation, as_json=as_json, worst=worst, written=written)
    if any(run.refused or run.degraded for run in found):
        raise typer.Exit(PARTLY)


def search_settings(current: SearchSettings, given: str) -> SearchSettings:
    """The settings with the changes that `given` names: key=value pairs parted by commas, or a TOML file with a table [search].

    Raises SettingsError for an unknown name, a wrong value, or a file that can't be read.
    """
    changes = _from_file(Path(given)) if "=" not in given else dict(_pair(one) for one in given.split(",") if one.strip())
    unknown = [name for name in changes if name not in SearchSettings.model_fields]
    if unknown:
        raise SettingsError(f"{unknown[0]!r} is no search setting.", cure=did_you_mean(unknown[0], list(SearchSettings.model_fields)))
    try:
        return SearchSettings.model_validate(current.model_dump() | changes)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']} (got {one['input']!r})" for one in error.errors())
        raise SettingsError(f"Settings are wrong: {told}.", cure="docs/settings.md lists them all.") from error


def _searches(changed: Sequence[str], against: Sequence[str], *, baseline: bool) -> Mapping[str, Settings]:
    """The settings of each search by the run's name, the baseline first. Raises SettingsError; twice the same is wrong."""
    if not baseline and not against:
        return {}
    settings = Settings.load()
    base = search_settings(settings.search, ",".join(changed)) if changed else settings.search
    found = {",".join(changed) or CURRENT: base} if baseline else {}
    for given in against:
        if given in found:
            raise SettingsError(f"Two searches are called {given!r}.", cure="Name other settings, or leave one out.")
        found[given] = search_settings(base, given)
    return {name: settings.model_copy(update={"search": search}) for name, search in found.items()}


def _asked(name: str, settings: Settings, topics: Sequence[Topic], *, depth: int) -> Run:
    search = settings.search
    patient = {
        "encode_s": max(search.encode_s, PATIENCE_S),
        "timeout_s": max(search.timeout_s, PATIENCE_S),
        "rerank_s": max(search.rerank_s, PATIENCE_S),
    }
    with build_searcher(settings.model_copy(update={"search": search.model_copy(update=patient)})) as searcher, display() as shown:
        if search.strategy != "lexical":
            searcher.warm(photos=False)  # else the first query's time limit has to do for loading the model
        asking = Asking(searcher, per_page=search.per_page_cap)
        shown.begin(f"searching: {name}", total=len(topics))
        run = make_run(asking, topics, name=name, depth=depth, on_query=shown.at)
        shown.end()
    made_with = search.model_dump(mode="json") | {"text_encoder": settings.encode.text, "index": settings.index.alias}
    degraded = {topic.id: asking.degraded[topic.text] for topic in topics if topic.text in asking.degraded}
    return replace(run, settings=made_with, degraded=degraded)


def _worth_saving(path: Path | None, searches: Mapping[str, Settings]) -> None:
    if path and not searches:
        raise typer.BadParameter("Nothing is searched, so there is no run to write.", param_hint="--save-run")


def _all_asked(searches: Mapping[str, Settings], topics: Sequence[Topic], *, depth: int, save_run: Path | None) -> list[Run]:
    asked = [_asked(name, settings, topics, depth=depth) for name, settings in searches.items()]
    if save_run:
        write_text(save_run, asked[0].csv() if save_run.suffix.lower() == ".csv" else asked[0].trec())
    return asked


def _tell(evaluation: Evaluation, *, as_json: bool, worst: int, written: Sequence[Path]) -> None:
    if as_json:
        print(json.dumps(evaluation.as_object(), ensure_ascii=False))
    else:
        show(evaluation, Console(), worst=worst, written=written)


def _catalogue(feeds: Sequence[Path]) -> Iterator[Product]:
    return (event for event in read_feed(feeds, Settings.load().feed) if isinstance(event, Product))


def _files(paths: Sequence[Path]) -> list[Run]:
    """The run files under their names, or under their whole paths where names repeat."""
    names = [path.stem for path in paths]
    return [read_run(path, name=str(path) if names.count(name) > 1 else name) for path, name in zip(paths, names, strict=True)]


def _texts_known(judged: Judgments, path: Path, *, queries: Path | None) -> None:
    if judged.form == "trec" and queries is None:
        raise EvaluationError(f"{path} names its queries by ids, so there are no texts to search for.", cure="Give them by --queries FILE.")


def _pair(written: str) -> tuple[str, str | None]:
    name, equals, value = written.partition("=")
    if not equals:
        raise SettingsError(f"{written.strip()!r} is no setting.", cure="Write key=value, as strategy=lexical.")
    return name.strip(), value.strip() or None


def _from_file(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as stream:
            table = tomllib.load(stream).get("search")
    except OSError as error:
        raise SettingsError(f"{str(path)!r} is neither key=value nor a file: {error.strerror}.", cure="Write strategy=lexical.") from error
    except ValueError as error:
        raise SettingsError(f"{path} is no TOML: {error}.", cure="Mend the file.") from error
    if not isinstance(table, dict):
        raise SettingsError(f"{path} has no table [search].", cure="Put the search settings below [search].")
    return table
