"""`fusedex cache` over a real cache."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from indexer.cli import cache as command
from indexer.cli import make_app
from indexer.encode.hashed import HashedText
from indexer.ledger.database import Database
from indexer.ledger.open import wall_clock
from indexer.ledger.vectors import SqlVectorCache, open_vectors

DAY = 86_400_000_000


class Clock:
    """The wall's time, set back by so many days."""

    def __init__(self) -> None:
        self.days_ago = 0

    def __call__(self) -> int:
        return wall_clock() - self.days_ago * DAY


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlVectorCache]:
    monkeypatch.setenv("FUSEDEX_HOME", str(tmp_path))
    monkeypatch.setenv("FUSEDEX_LEDGER_URL", f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.setenv("FUSEDEX_VECTORS_URL", f"sqlite:///{tmp_path}/vectors.db")
    monkeypatch.setenv("FUSEDEX_OPENSEARCH_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("FUSEDEX_BROKER_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setenv("FUSEDEX_ENCODE__TEXT", "hashed")
    monkeypatch.setenv("FUSEDEX_ENCODE__PHOTO", "none")
    monkeypatch.setenv("COLUMNS", "200")
    opened = open_vectors(f"sqlite:///{tmp_path}/vectors.db", clock=clock)
    yield opened
    opened.close()


def fill(cache: SqlVectorCache, clock: Clock, count: int, *, spec: str, days_ago: int) -> None:
    clock.days_ago = days_ago
    cache.put({(f"{spec}{n}", spec): np.full(250, n, dtype=np.float32) for n in range(count)})


def run(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(make_app("cache"), ["cache", *words], input=answer)


def test_an_empty_cache_is_shown(cache: SqlVectorCache) -> None:
    assert cache.size() == 0
    shown = run("show")
    assert (shown.exit_code, "0 B of at most 20.0 GB" in shown.stdout) == (0, True)


def test_rows_and_shares_by_model(cache: SqlVectorCache, clock: Clock) -> None:
    ours = HashedText().spec
    fill(cache, clock, 300, spec=ours.digest, days_ago=3)
    fill(cache, clock, 100, spec="gone", days_ago=40)
    shown = run("show").stdout
    assert "400.0 KB of at most" in shown
    assert f"300 rows, 75%: {ours.name}" in shown
    assert "100 rows, 25%: of no model in use now" in shown
    told = json.loads(run("show", "--json").stdout)
    assert (told["rows"], told["bytes"], told["by_spec"]) == (400, 400_000, {ours.digest: 300, "gone": 100})
    assert told["models"] == {ours.digest: ours.name}
    assert told["file_bytes"] >= 400_000
    assert told["newest"] - told["oldest"] >= 36 * DAY


def test_models_that_can_not_be_told_leave_their_digests(cache: SqlVectorCache, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEDEX_ENCODE__TEXT", "transformer")
    fill(cache, clock, 5, spec="abc", days_ago=0)
    assert "model abc" in run("show").stdout


def test_trimming_by_size_and_by_age(cache: SqlVectorCache, clock: Clock) -> None:
    fill(cache, clock, 100, spec="old", days_ago=50)
    fill(cache, clock, 300, spec="new", days_ago=3)
    told = run("trim", "--unused", "30d", "--yes").stdout
    assert "100 of 400 vectors dropped; 300 are kept (300.0 KB)." in told
    assert "The file:" in told
    assert "20 of 300 vectors dropped" in run("trim", "--max-size", "280KB", "--yes").stdout
    assert "0 of 280 vectors dropped" in run("trim", "--yes").stdout
    assert cache.stats().by_spec == {"new": 280}


def test_without_bounds_the_settings_hold(cache: SqlVectorCache, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEDEX_CACHE__BYTES", "1000000")
    fill(cache, clock, 10, spec="old", days_ago=100)
    fill(cache, clock, 1500, spec="new", days_ago=1)
    assert "510 of 1,510 vectors dropped" in run("trim", "--yes").stdout


def test_it_asks_first_and_warns_of_what_may_be_in_use(cache: SqlVectorCache, clock: Clock) -> None:
    fill(cache, clock, 10, spec="s", days_ago=1)
    refused = run("trim", "--unused", "6h", "--max-size", "1KB", answer="n\n")
    assert (refused.exit_code, cache.size()) == (1, 10)
    assert "drops vectors in use" in refused.stdout
    assert "fits into 1.0 KB" in refused.stdout
    assert run("trim", "--unused", "6h", answer="y\n").exit_code == 0
    assert cache.size() == 0


def test_a_file_of_an_earlier_release_keeps_its_size(
    tmp_path: Path, cache: SqlVectorCache, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache.size() == 0
    url = f"sqlite:///{tmp_path}/before.db"
    plain = Database(url)
    plain.write(lambda connection: connection.exec_driver_sql("CREATE TABLE other (n INTEGER)"))
    plain.close()
    monkeypatch.setenv("FUSEDEX_VECTORS_URL", url)
    old = open_vectors(url, clock=clock)
    fill(old, clock, 10, spec="s", days_ago=50)
    old.close()
    assert "keeps its size" in run("trim", "--unused", "4w", "--yes").stdout


@pytest.mark.parametrize("words", [["--max-size", "5 apples"], ["--max-size", "-5GB"], ["--unused", "30"], ["--unused", "soon"]])
def test_what_can_not_be_read_is_said(cache: SqlVectorCache, words: list[str]) -> None:
    assert cache.size() == 0
    assert run("trim", "--yes", *words).exit_code == 2


@pytest.mark.parametrize(("text", "number"), [("5GB", 5 * 10**9), ("1.5 gib", 1_610_612_736), ("7", 7), ("0kb", 0), ("2TB", 2 * 10**12)])
def test_sizes_as_people_write_them(text: str, number: int) -> None:
    assert command.size_of(text) == number


@pytest.mark.parametrize(("text", "number"), [("30d", 2_592_000), ("12 w", 7_257_600), ("90m", 5400), ("1.5h", 5400), ("9s", 9)])
def test_times_as_people_write_them(text: str, number: float) -> None:
    assert command.seconds_of(text) == number
    with pytest.raises(typer.BadParameter, match="30d"):
        command.seconds_of(text + "x")


@pytest.mark.parametrize(("number", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (2 * 10**6, "2.0 MB"), (3 * 10**12, "3.0 TB")])
def test_sizes_for_people(number: int, text: str) -> None:
    assert command.size_text(number) == text
