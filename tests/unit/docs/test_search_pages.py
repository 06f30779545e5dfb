"""The pages on searching: their code runs, over the twin in memory and over a real OpenSearch, and so do their commands."""

import re
import shlex
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner

import indexer
from indexer.cli import search as search_command
from indexer.cli import suggest as suggest_command
from indexer.query.fields import PLAIN, PLAIN_SORTS
from indexer.query.filters import parse_filter
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Blend, Bound, Query, Strategy
from indexer.settings import IndexSettings, SearchSettings, Settings
from indexer.store.base import ProductStore
from indexer.store.memory import MemoryStore
from indexer.store.opensearch import OpenSearchStore
from tests.contract.read_path.shop import PIXELS, AsyncTwin, encoders, fill, products
from tests.house.source import ROOT

NAMES = ("search.md", "ranking.md", "coming-from.md")
PAGES = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in NAMES}
BLOCK = re.compile(r"^(<!-- needs OpenSearch -->\n)?```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS: list[str] = re.findall(r"^fusedex (?:search|suggest) .*$", PAGES["search.md"], re.MULTILINE)
SETTINGS = SearchSettings(min_cosine=0.3)
"""The hashed encoders of the tests have no measured floor; this stands for one."""

MakeStore = Callable[[], ProductStore]


@pytest.fixture(scope="module", params=["memory", pytest.param("opensearch", marks=pytest.mark.live)])
def make_store(request: pytest.FixtureRequest) -> Iterator[MakeStore]:
    """The store of the test catalogue; a server's is opened anew each time, as the pages close theirs."""
    store: ProductStore = MemoryStore()
    made: MakeStore = lambda: store  # noqa: E731 - either of two
    if request.param == "opensearch":
        address = SecretStr(request.getfixturevalue("opensearch_url"))
        settings = IndexSettings(alias=f"pages-{uuid.uuid4().hex[:12]}")
        store = OpenSearchStore(address, settings)
        made = lambda: OpenSearchStore(address, settings)  # noqa: E731
    fill(store, encoders(photo_vector=True), products())
    yield made
    store.close()


@pytest.fixture
def shop(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MakeStore:
    """What the pages build stands over the test catalogue, and photo.jpg lies in the working folder."""

    def searcher(_: Settings, *, once: bool = False) -> Searcher:
        return Searcher(make_store(), encoders(), settings=SETTINGS, photo_pixels=PIXELS)

    def async_searcher(_: Settings) -> AsyncSearcher:
        return AsyncSearcher(AsyncTwin(make_store()), encoders(), settings=SETTINGS, photo_pixels=PIXELS)

    monkeypatch.setattr(indexer, "build_searcher", searcher, raising=False)
    monkeypatch.setattr(indexer, "build_async_searcher", async_searcher, raising=False)
    monkeypatch.setattr(search_command, "build_searcher", searcher)
    monkeypatch.setattr(suggest_command, "build_searcher", searcher)
    shutil.copy(next(one for one in products() if one.id == "0015").photos[0].source, tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    return make_store


@pytest.mark.parametrize("name", NAMES)
def test_the_code_runs_from_top_to_bottom(name: str, shop: MakeStore) -> None:
    blocks = BLOCK.findall(PAGES[name])
    assert blocks
    seen: dict[str, object] = {}
    for needs_server, block in blocks:
        if not needs_server or not isinstance(shop(), MemoryStore):
            exec(compile(block, f"docs/{name}", "exec"), seen)


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.usefixtures("shop")
def test_a_command_runs(line: str) -> None:
    app = typer.Typer()
    app.command("search")(search_command.search)
    app.command("suggest")(suggest_command.suggest)
    told = CliRunner().invoke(app, shlex.split(line)[1:], env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.exception
    assert told.stdout.strip()


def test_the_explanation_is_what_comes() -> None:
    store = MemoryStore()
    fill(store, encoders(), products())
    with Searcher(store, encoders(), settings=SETTINGS, photo_pixels=PIXELS) as searcher:
        lines = searcher.search(Query(text="cotton t-shirt", explain=True)).hits[0].explanation
    told = PAGES["ranking.md"].split("## Explain")[1].split("```text\n")[1].split("```")[0]
    assert told == "".join(f"{'  ' * line.depth}{line.figure:+.4f} {line.what}\n" for line in lines)


def test_the_filters_of_the_table_are_filters() -> None:
    table = PAGES["search.md"].split("| filter | means |")[1].split("\n\n")[0].replace("\\|", "｜")
    cells = re.findall(r"^\| (`.*`) \|", table, re.MULTILINE)
    found = [one for cell in cells for text in re.findall(r"`([^`]+)`", cell) for one in parse_filter(text)]
    assert {one.op for one in found} == {"eq", "ne", "lt", "gte", "lte"}
    assert {one.values for one in found if one.field == "colour"} == {("red", "blue")}
    assert [one.op for one in parse_filter("价格＜200")] == ["lt"]
    assert "`价格＜200`" in PAGES["search.md"]


@pytest.mark.parametrize("name", ["strategy", "blend"])
def test_the_default_is_marked(name: str) -> None:
    table = PAGES["ranking.md"].split(f"| `{name}` |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` .*\| the default \|$", table, re.MULTILINE) == [getattr(SearchSettings(), name)]


def test_the_options_exist() -> None:
    app = typer.Typer()
    app.command()(search_command.search)
    help_text = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "250", "NO_COLOR": "1"}).stdout
    offered = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", help_text))
    assert {"--not", "--explain", "--facet"} <= offered
    shown = {word for line in COMMANDS for word in shlex.split(line) if word.startswith("--")}
    assert shown <= offered


def test_the_tables_name_what_there_is() -> None:
    ranking = PAGES["ranking.md"]
    for head, choices in (("strategy", Strategy), ("blend", Blend), ("bound", Bound)):
        table = ranking.split(f"| `{head}` |")[1].split("\n\n")[0]
        assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(get_args(choices))
    fields = PAGES["search.md"].split("\nFields: ")[1].split(", and any")[0]
    assert re.findall(r"`(\w+)`", fields) == list(PLAIN)
    sorts = PAGES["search.md"].split("\nBy `price`")[1].split(" or an attribute")[0]
    assert sorted(["price", *re.findall(r"`(\w+)`", sorts)]) == sorted(PLAIN_SORTS)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("best `depth` products (100)", "depth"),
        ("`enough` products (10)", "enough"),
        ("k = `rrf_constant` (60)", "rrf_constant"),
        ("Words weigh w = `lexical_weight` (0.8)", "lexical_weight"),
        ("`partial_weight` (0.2) of their weight", "partial_weight"),
        ("`FUSEDEX_SEARCH__TOP` (100)", "top"),
        ("`FUSEDEX_SEARCH__ENCODE_S` (3)", "encode_s"),
        ("seconds, all its requests together (10)", "timeout_s"),
        ("`FUSEDEX_SEARCH__KEEP_S` seconds from the first page on (300", "keep_s"),
    ],
)
def test_a_default_is_as_told(words: str, field: str) -> None:
    told = " ".join(" ".join(PAGES.values()).split())
    assert words in told
    assert float(re.findall(r"[\d.]+", words)[-1]) == getattr(SearchSettings(), field)
