"""`fusedex refuse-all` as it is run, with a worker beside it."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from indexer.cli import refuse_all as command
from indexer.errors import EncoderMismatch
from indexer.ledger.base import Letter
from indexer.ledger.vectors import open_vectors
from tests.unit.operate.weighed import ROWS, Weighed, working


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Weighed]:
    shop = Weighed(tmp_path)
    monkeypatch.setattr(command, "build_indexer", lambda settings: shop.another_indexer())
    monkeypatch.setattr(command, "LOOK_S", 0.05)
    shop.feed(ROWS)
    shop.drain()
    shop.clock.ahead_s += 300
    yield shop
    shop.close()


def run(*words: str) -> Result:
    app = typer.Typer()
    app.command()(command.refuse_all)
    return CliRunner().invoke(app, words)


def test_all_products_are_fused_again_and_the_same_command_finds_nothing_to_do(shop: Weighed) -> None:
    before = shop.vectors()
    shop.reweigh(0.9)
    with working(shop.another_indexer()):
        result = run("--json")
        assert result.exit_code == 0, result.output
        told = json.loads(result.stdout)
        assert (told["adopted"], told["products"], told["written"]) == (True, 30, 30)
        assert (told["pending"], told["dead"], told["model_runs"]) == (0, 0, {"texts": 0, "photos": 0})
        assert "setting to work: 30 rows" in result.stderr
        again = run()
    assert again.exit_code == 0
    assert "Nothing to set to work" in again.stdout
    assert "0 documents written" in again.stdout
    after = shop.vectors()
    assert not [id_ for id_ in after if after[id_] == before[id_]]


def test_people_are_told_too(shop: Weighed) -> None:
    shop.reweigh(0.9)
    with working(shop.another_indexer()):
        result = run()
    assert "The index has taken the new fusion." in result.stdout
    assert "30 products set to work, to be fused again." in result.stdout
    assert "30 documents written" in result.stdout
    assert "models ran for 0 texts and 0 photos" in result.stdout


def test_parts_that_the_cache_lost_are_said_to_have_run_models(shop: Weighed) -> None:
    shop.cache.close()
    shop.cache = open_vectors(f"sqlite:///{shop.folder / 'new.sqlite'}")
    shop.reweigh(0.9)
    with working(shop.another_indexer()):
        result = run()
    assert "no longer in the vector cache" in result.stdout
    assert "models ran for 60 texts" in result.stdout


def test_without_waiting_the_workers_go_on(shop: Weighed) -> None:
    while shop.publisher.take() is not None:
        pass
    shop.reweigh(0.9)
    result = run("--no-wait")
    assert result.exit_code == 0
    assert "30 are still to be done; workers go on." in result.stdout
    assert shop.publisher.take() == "backfill"
    with working(shop.another_indexer()):
        later = run("--json")
    assert json.loads(later.stdout)["pending"] == 0
    assert shop.dirty() == {}


def test_without_a_worker_it_gives_up_in_time(shop: Weighed) -> None:
    shop.reweigh(0.9)
    result = run("--timeout", "1")
    assert result.exit_code == 1
    assert "30 are still to be done: is a worker running with these settings?" in result.stdout


def test_why_rows_are_put_back_is_said(shop: Weighed) -> None:
    over = threading.Event()

    def grumble() -> None:
        while not over.wait(0.02):
            for row in shop.ledger.claim("backfill", owner="w", limit=1, lease_s=60):
                shop.ledger.release("w", [row.id], delay_s=60, give_back=True, reason="OpenSearch is away.")

    shop.reweigh(0.9)
    worker = threading.Thread(target=grumble)
    worker.start()
    try:
        result = run("--timeout", "1")
    finally:
        over.set()
        worker.join()
    assert result.exit_code == 1
    assert "workers put rows back, to try again: OpenSearch is away." in result.stderr


def test_new_dead_letters_are_told(shop: Weighed) -> None:
    def bury() -> None:
        end = time.monotonic() + 20
        while not (claimed := shop.ledger.claim("backfill", owner="w", limit=100, lease_s=60)) and time.monotonic() < end:
            time.sleep(0.02)
        told = [Letter(id=x.id, row_version=x.row_version, error="E", reason="r", attempts=1, first_seen=1, last_seen=1) for x in claimed]
        shop.ledger.bury("w", told)

    shop.reweigh(0.9)
    worker = threading.Thread(target=bury)
    worker.start()
    result = run("--timeout", "2")
    worker.join()
    assert result.exit_code == 1
    assert "30 new dead letters" in result.stdout


def test_clean_is_said(shop: Weighed) -> None:
    with working(shop.another_indexer()):
        result = run("--clean")
    assert "30 products set to work, to be cleaned and fused again." in result.stdout


def test_another_model_needs_another_index(shop: Weighed) -> None:
    shop.photo = None
    result = run()
    assert isinstance(result.exception, EncoderMismatch)
    assert "FUSEDEX_INDEX__ALIAS" in result.exception.cure


def test_an_interruption_leaves_it_to_go_on(shop: Weighed, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    shop.reweigh(0.9)
    with monkeypatch.context() as patched:
        patched.setattr(command, "walk_again", interrupt)
        result = run()
    assert result.exit_code == 130
    assert "goes on where it stopped" in result.stderr
    with working(shop.another_indexer()):
        told = json.loads(run("--json").stdout)
    assert (told["adopted"], told["products"], told["pending"]) == (False, 30, 0)
