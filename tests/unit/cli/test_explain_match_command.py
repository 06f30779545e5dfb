"""`fusedex explain-match` over a real ledger and hashed encoders."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from indexer.cli import make_app
from indexer.errors import QueryError
from indexer.ledger.open import SqlLedger, open_ledger
from indexer.records import Photo, Product
from tests.unit.explain.matched import picture, saved


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlLedger]:
    url = f"sqlite:///{tmp_path}/ledger.db"
    settings = {
        "FUSEDEX_HOME": str(tmp_path),
        "FUSEDEX_LEDGER_URL": url,
        "FUSEDEX_VECTORS_URL": f"sqlite:///{tmp_path}/vectors.db",
        "FUSEDEX_OPENSEARCH_URL": "http://127.0.0.1:9",
        "FUSEDEX_BROKER_URL": "redis://127.0.0.1:9/0",
        "FUSEDEX_ENCODE__TEXT": "hashed",
        "FUSEDEX_ENCODE__PHOTO": "hashed",
        "COLUMNS": "220",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    opened = open_ledger(url, future_s=300)
    opened.begin_job("j", "test")
    photos = (Photo(str(saved(tmp_path / "shoe.png", picture()))), Photo(str(tmp_path / "gone.png")))
    opened.accept("j", [Product(id="S-1", title="Black [running] shoes", description="Light trainers", photos=photos)])
    yield opened
    opened.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(make_app("explain-match"), ["explain-match", *words])


def test_the_table_tells_parts_words_and_the_photos_warmest_place(ledger: SqlLedger) -> None:
    shown = run("black shoes", "S-1").stdout
    assert "Black [running] shoes: cosine 0." in shown
    assert all(word in shown for word in ("query: text", "product: title", "product: description", "product: photo (shoe.png)"))
    assert all(word in shown for word in ("shoes +", "[running]", "leave one word out", "occlusion", "gone.png is missing"))


def test_json_is_one_object(ledger: SqlLedger) -> None:
    told = json.loads(run("black shoes", "S-1", "--json").stdout)
    assert [(one["side"], one["kind"]) for one in told["parts"]] == [
        ("query", "text"),
        ("product", "title"),
        ("product", "description"),
        ("product", "photo"),
    ]
    assert [one["status"] for one in told["unused_photos"]] == ["missing"]
    assert {one["word"]: one["value"] for one in told["parts"][1]["why"]["words"]}["Black"] > 0


def test_files_are_written_and_named(ledger: SqlLedger, tmp_path: Path) -> None:
    shown = run("black shoes", "S-1", "--out", str(tmp_path / "why")).stdout
    assert {path.name for path in (tmp_path / "why").iterdir()} == {"match.png", "match.html", "match.json"}
    assert shown.count("written: ") == 3


def test_a_photo_alone_can_be_asked(ledger: SqlLedger, tmp_path: Path) -> None:
    told = json.loads(run("", "S-1", "--image", str(tmp_path / "shoe.png"), "--json").stdout)
    assert told["parts"][0]["kind"] == "photo"
    assert told["parts"][-1]["cosine"] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("words", "told"),
    [(("shoes", "nobody"), "'nobody'"), (("", "S-1"), "Nothing is asked"), (("", "S-1", "--image", "no.png"), "no.png can't be read")],
)
def test_what_can_not_be_explained_is_refused(ledger: SqlLedger, words: tuple[str, ...], told: str) -> None:
    error = run(*words).exception
    assert isinstance(error, QueryError)
    assert told in error.message
