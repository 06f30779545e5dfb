"""`fusedex letters` over a real ledger, with hints kept in memory."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from indexer.cli import letters as command
from indexer.cli import make_app
from indexer.errors import BrokerUnavailable, SettingsError
from indexer.ledger.base import Letter
from indexer.ledger.open import SqlLedger, open_ledger
from indexer.publish.base import Publisher
from indexer.publish.memory import MemoryPublisher
from indexer.records import Lane, Product
from indexer.settings import Settings

NAN = "Row 0 [x] holds NaN."
SHOE = Product(id="p", title="Schuh [rot]", version=7)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlLedger]:
    url = f"sqlite:///{tmp_path}/ledger.db"
    monkeypatch.setenv("FUSEDEX_HOME", str(tmp_path))
    monkeypatch.setenv("FUSEDEX_LEDGER_URL", url)
    monkeypatch.setenv("FUSEDEX_VECTORS_URL", f"sqlite:///{tmp_path}/vectors.db")
    monkeypatch.setenv("FUSEDEX_OPENSEARCH_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("FUSEDEX_BROKER_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setenv("COLUMNS", "200")
    opened = open_ledger(url, future_s=300)
    yield opened
    opened.close()


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> MemoryPublisher:
    publisher = MemoryPublisher()
    monkeypatch.setattr(command, "make_publisher", lambda _settings: publisher)
    return publisher


def bury(ledger: SqlLedger, *ids: str, error: str = "NotFinite") -> None:
    ledger.begin_job("j", "test")
    ledger.accept("j", [replace(SHOE, id=id_) for id_ in ids])
    now = time.time_ns() // 1000
    ledger.bury(
        "w",
        [
            Letter(id=r.id, row_version=r.row_version, error=error, reason=NAN, attempts=3, first_seen=now, last_seen=now)
            for r in ledger.claim("encode_new", owner="w", limit=5000, lease_s=60)
        ],
    )


def run(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(make_app("letters"), ["letters", *words], input=answer)


def test_without_letters_it_says_so(ledger: SqlLedger) -> None:
    assert run("list").stdout.strip() == "No dead letters."
    assert json.loads(run("list", "--json").stdout) == []
    bury(ledger, "p")
    assert run("list", "--error", "ZeroRow").stdout.strip() == "No dead letters of the error ZeroRow."


def test_letters_are_listed_with_their_cause(ledger: SqlLedger) -> None:
    bury(ledger, "p", "q")
    bury(ledger, "r", error="ZeroRow")
    shown = run("list").stdout
    assert "3 in all" in shown
    assert all(word in shown for word in ("p", "q", "r", "NotFinite", "ZeroRow", "Row 0 [x] holds NaN.", "3"))
    told = json.loads(run("list", "--json", "--error", "NotFinite", "--limit", "1").stdout)
    assert [(one["error"], one["attempts"]) for one in told] == [("NotFinite", 3)]


def test_one_letter_is_shown_with_its_product(ledger: SqlLedger) -> None:
    bury(ledger, "p")
    found = json.loads(run("show", "p", "--json").stdout)
    version = ledger.known(["p"])["p"]
    expected = {"id": "p", "title": "Schuh [rot]", "source_version": 7, "row_version": version, "indexed_version": 0, "deleted": False}
    assert expected.items() <= found.items()
    shown = run("show", "p").stdout
    assert all(word in shown for word in ("Schuh [rot]", "NotFinite", "first seen", str(version), time.strftime("%Y-")))
    missing = run("show", "nobody")
    assert missing.exit_code == 1
    assert "nobody has no dead letter" in missing.stdout


def test_a_dry_run_changes_nothing(ledger: SqlLedger, hints: MemoryPublisher) -> None:
    bury(ledger, *(f"p{n:02}" for n in range(25)))
    bury(ledger, "z", error="ZeroRow")
    told = run("replay", "--all", "--dry-run").stdout
    assert "26 products would be set to work again." in told
    assert "NotFinite: 25" in told
    assert "..." in told
    assert "1 products would be forgotten." in run("discard", "--all", "--error", "ZeroRow", "--dry-run").stdout
    assert (ledger.counts().letters, hints.take()) == (26, None)


def test_replay_sets_to_work_and_tells_the_workers(ledger: SqlLedger, hints: MemoryPublisher) -> None:
    bury(ledger, "p", "q", "r")
    done = run("replay", "p", "q")
    assert (done.exit_code, done.stdout.strip()) == (0, "2 products are set to work again.")
    assert [letter.id for letter in ledger.letters()] == ["r"]
    assert hints.waiting("encode_new") == 1
    part = run("replay", "r", "nobody")
    assert (part.exit_code, "No such letter: nobody." in part.stdout) == (1, True)
    assert ledger.counts().dirty["encode_new"] == 3


def test_all_letters_of_one_error_in_pages(ledger: SqlLedger, hints: MemoryPublisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PAGE", 4)
    bury(ledger, *(f"p{n}" for n in range(10)))
    bury(ledger, "z", error="ZeroRow")
    assert "10 products" in run("replay", "--all", "--error", "NotFinite").stdout
    assert [letter.id for letter in ledger.letters()] == ["z"]
    assert "0 products" in run("replay", "--all", "--error", "NotFinite").stdout
    assert hints.waiting("encode_new") == 1


def test_named_products_may_be_bound_to_one_error(ledger: SqlLedger, hints: MemoryPublisher) -> None:
    bury(ledger, "p")
    assert run("replay", "p", "--error", "ZeroRow").exit_code == 1
    assert ledger.counts().letters == 1
    assert hints.take() is None


@pytest.mark.parametrize("words", [["replay"], ["discard", "--yes"], ["replay", "p", "--all"]])
def test_products_or_all_must_be_said(ledger: SqlLedger, words: list[str]) -> None:
    bury(ledger, "p")
    assert run(*words).exit_code == 2
    assert ledger.counts().letters == 1


def test_discard_asks_first(ledger: SqlLedger) -> None:
    bury(ledger, "p", "q", "r")
    refused = run("discard", "p", answer="n\n")
    assert (refused.exit_code, ledger.counts().letters) == (1, 3)
    assert run("discard", "p", answer="y\n").exit_code == 0
    assert "2 letters are forgotten." in run("discard", "--all", "--yes").stdout
    assert (ledger.counts().letters, ledger.counts().dirty["encode_new"]) == (0, 0)


class Away(MemoryPublisher):
    def work(self, lane: Lane, *, hints: int = 1) -> None:
        raise BrokerUnavailable("The broker is away.")


def test_without_broker_or_its_package_the_replay_stands(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(_settings: Settings) -> Publisher:
        raise SettingsError("Publishing needs Celery.")

    bury(ledger, "p", "q")
    monkeypatch.setattr(command, "make_publisher", lambda _settings: Away())
    assert run("replay", "p").exit_code == 0
    monkeypatch.setattr(command, "make_publisher", lacking)
    told = run("replay", "q")
    assert (told.exit_code, "next sweep" in told.stdout) == (0, True)
    assert ledger.counts().dirty["encode_new"] == 2


def test_the_real_publisher_is_made_of_the_settings(ledger: SqlLedger) -> None:
    publisher = command.make_publisher(Settings.load())
    publisher.close()
    assert os.environ["FUSEDEX_LEDGER_URL"]
