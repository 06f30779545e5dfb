"""The command: what it prints, what it puts into JSON, and which errors it lets through."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from indexer.cli import search as command
from indexer.cli.search import facet_line, photo_bytes, show, summary, terms_text
from indexer.errors import BadFilter, CursorGone, ModelUnavailable, QueryError, UnknownField, UnusablePhoto
from indexer.rank.as_json import AnswerJson
from indexer.read_path import Searcher
from indexer.records import Answer, Boundary, FacetValue, Hit, Money, Product, Term
from indexer.settings import SearchSettings, Settings
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import PIXELS, encoders, fill, products

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    filled = MemoryStore()
    fill(filled, encoders(), products())
    return filled


@pytest.fixture
def run(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command over a store in memory, in place of the one that the settings name."""

    def build(settings: Settings, *, once: bool) -> Searcher:
        return Searcher(store, encoders(), settings=SearchSettings(bound="all", enough=0), photo_pixels=PIXELS)

    monkeypatch.setattr(command, "build_searcher", build)
    app = typer.Typer()
    app.command()(command.search)
    return lambda *arguments: CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.exception
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def error_of(result: Result) -> BaseException | None:
    assert result.exit_code == 1
    return result.exception


def answer(*hits: Hit, total: int = 24, page: int = 1, per_page: int = 10) -> Answer:
    return Answer(
        hits=hits,
        total=total,
        facets={},
        page=page,
        per_page=per_page,
        strategy="msearch",
        blend="rrf",
        boundary=Boundary(kind="score", limit=0.42, candidates=200, relevant=total, capped=True),
        took_ms=7.6,
    )


def test_json_is_one_object_and_nothing_else(run: Run) -> None:
    found = told(run("blue sofa", "--facet", "brand", "--facet", "colour", "--per-page", "3", "--page", "2", "--json"))
    assert set(found) == set(AnswerJson.__annotations__)
    assert len(found["hits"]) == 3
    assert (found["page"], found["per_page"], found["strategy"], found["blend"]) == (2, 3, "msearch", "min_max")
    assert set(found["facets"]) == {"brand", "colour"}


def test_json_keeps_chinese_readable(run: Run) -> None:
    result = run("沙发", "--json")
    assert "沙发" in result.stdout
    assert told(result)["hits"][0]["id"] == "0003"


def test_filters_strategy_and_blend_reach_the_search(run: Run) -> None:
    found = told(run("sofa", "-f", "price<900", "--filter", "currency=EUR", "--strategy", "rescore", "--blend", "rrf", "--json"))
    assert (found["strategy"], found["blend"]) == ("rescore", "rrf")
    assert all(hit["product"]["price"]["currency"] == "EUR" for hit in found["hits"])
    assert all(float(hit["product"]["price"]["amount"]) < 900 for hit in found["hits"])


def test_a_photo_with_words_and_weights(run: Run) -> None:
    path = products()[0].photos[0].source
    alone = told(run("--image", path, "--json"))
    weightless = told(run("running shoes", "-i", path, "--text-weight", "0", "--photo-weight", "2", "--json"))
    assert alone["strategy"] == "vector"
    assert alone["hits"] == weightless["hits"]
    assert told(run("running shoes", "-i", path, "--json"))["strategy"] == "msearch"


def test_the_table_shows_rank_title_price_score_and_terms(run: Run) -> None:
    lines = run("running shoes", "--facet", "brand", "--per-page", "2", "--page", "2").stdout
    assert "│ 3 │" in lines
    assert "vector 0." in lines
    assert "cosine" in lines
    assert "brand: " in lines
    assert "30 relevant products; page 2 of 15 (msearch min_max; all of 30 candidates" in lines


def test_without_hits_there_is_a_sentence_and_no_table(run: Run) -> None:
    lines = run("--filter", "brand=Nobody").stdout
    assert lines.startswith("Nothing relevant")
    assert "┃" not in lines


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        (("--filter", "brand"), BadFilter, "lacks a field or an operator"),
        (("--filter", "color=red"), UnknownField, "Did you mean 'colour'"),
        (("--facet", "price"), BadFilter, "counted in ranges"),
        (("--facet", "gtin"), UnknownField, "not counted"),
        (("--sort", "brand"), UnknownField, "not sorted by"),
        (("sofa", "--like", "nobody"), QueryError, "No product has the id 'nobody'"),
        (("--not", "leather"), QueryError, "only what it is not like"),
        (("sofa", "--diversity", "2"), QueryError, "from 0 to 1"),
        (("sofa", "--cursor", "x"), CursorGone, "no cursor of an answer"),
        (("--page", "0"), QueryError, "no page 0"),
        (("--per-page", "1000"), QueryError, "1 to 100"),
        (("sofa", "--text-weight", "-1"), QueryError, "text weight"),
        (("--image", "/no/such/photo.jpg"), UnusablePhoto, "no photo at /no/such/photo.jpg"),
        (("--image", __file__), UnusablePhoto, "no JPEG"),
    ],
)
def test_errors_pass_through_to_the_edge(run: Run, arguments: tuple[str, ...], error: type[Exception], reason: str) -> None:
    caught = error_of(run(*arguments))
    assert isinstance(caught, error)
    assert reason in str(caught)


@pytest.mark.parametrize("arguments", [("--strategy", "magic"), ("--blend", "sum"), ("--page", "one"), ("one", "two"), ("--what",)])
def test_wrong_usage_is_exit_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_help_names_every_option(run: Run) -> None:
    lines = run("--help").stdout
    options = "image filter facet page per-page strategy blend bound sort like not explain freeze cursor text-weight photo-weight json"
    assert all(f"--{name}" in lines for name in options.split())


def test_a_photo_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large.jpg").write_bytes(bytes(100))
    assert photo_bytes(tmp_path / "large.jpg", limit_bytes=100) == bytes(100)
    with pytest.raises(UnusablePhoto, match="more than 99"):
        photo_bytes(tmp_path / "large.jpg", limit_bytes=99)


def test_marks_in_a_title_are_text_and_no_markup() -> None:
    terms = (Term("lexical", 0.25, 8.123, 0.5), Term("vector", 0.5, 0.875, 0.5))
    hit = Hit(id="[1]", score=0.75, terms=terms, product=Product(id="[1]", title="[red]Sofa[/red]", price=Money(1999, "JPY")))
    sheet = io.StringIO()
    show(answer(hit), Console(file=sheet, width=160, color_system=None))
    assert "[1]" in sheet.getvalue()
    assert "[red]Sofa[/red]" in sheet.getvalue()
    assert "1999 JPY" in sheet.getvalue()
    assert "0.750" in sheet.getvalue()
    assert terms_text(hit) == "lexical 0.250 (BM25 8.12) + vector 0.500 (cosine 0.88)"


ENDS = "all that the words match, else cosine at least 0.42, of 200 candidates, and there may be more"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer(), f"24 relevant products; page 1 of 3 (msearch rrf; {ENDS}; 8 ms)."),
        (answer(total=1), f"1 relevant product (msearch rrf; {ENDS}; 8 ms)."),
        (answer(total=10), f"10 relevant products (msearch rrf; {ENDS}; 8 ms)."),
        (answer(total=0), f"Nothing relevant (msearch rrf; {ENDS}; 8 ms)."),
        (answer(total=5, page=3), f"5 relevant products; page 3 of 1 (msearch rrf; {ENDS}; 8 ms)."),
    ],
)
def test_the_total_in_words(given: Answer, words: str) -> None:
    assert summary(given) == words


def test_a_facet_shows_its_first_values() -> None:
    many = tuple(FacetValue(f"v{number}", 20 - number) for number in range(10))
    assert facet_line("size", many[:2]) == "[bold]size[/bold]: v0 (20), v1 (19)"
    assert facet_line("size", many).endswith("v7 (13), and 2 more")
    assert facet_line("size", ()).endswith("no product here has it")


def test_what_looks_again_is_loaded_before_the_search_or_refused(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    warmed: list[str] = []

    class Warmed(Searcher):
        def warm(self, *, photos: bool = True) -> None:
            warmed.append(self._desk.settings.rerank)
            super().warm(photos=photos)

    monkeypatch.setattr(
        command, "build_searcher", lambda settings, once: Warmed(store, encoders(), settings=settings.search, photo_pixels=PIXELS)
    )
    monkeypatch.setenv("FUSEDEX_SEARCH__RANKER_FOLDER", str(tmp_path / "none"))
    app = typer.Typer()
    app.command()(command.search)
    for words in (["sofa", "--rerank", "learned"], ["sofa", "--rerank", "learned", "--strategy", "lexical"]):
        assert isinstance(error_of(CliRunner().invoke(app, words)), ModelUnavailable)
    found = told(CliRunner().invoke(app, ["sofa", "--rerank", "none", "--json"]))
    assert not found["degraded"]
    assert warmed == ["learned", "learned", "none"]
