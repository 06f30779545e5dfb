"""`fusedex reconcile` as it is run: what it prints, its JSON, its exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from indexer.cli import reconcile as command
from indexer.operate.reconcile import Kind
from indexer.store.base import Document
from tests.unit.write_path.shop import Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    monkeypatch.setattr(command, "build_indexer", lambda settings: shop.another_indexer())
    shop.feed([{"id": f"p{number:02}", "title": f"chair {number}"} for number in range(20)])
    shop.drain()
    yield shop
    shop.close()


def run(*words: str) -> Result:
    app = typer.Typer()
    app.command()(command.reconcile)
    return CliRunner().invoke(app, words)


def ghost(shop: Shop, *ids: str) -> None:
    shop.store.write([Document(id=id_, version=1, product=None) for id_ in ids])


def test_equal(shop: Shop) -> None:
    result = run()
    assert result.exit_code == 0
    assert "20 are the same in both" in result.stdout
    assert result.stdout.endswith("Ledger and index are equal.\n")
    assert "comparing: 20 rows" in result.stderr


def test_differences_are_told_with_examples_and_exit_code_3(shop: Shop) -> None:
    shop.store.remove({"p03": 2**60, "p07": 2**60})
    ghost(shop, "stranger")
    result = run()
    assert result.exit_code == 3
    assert "2 are missing in the index: p03, p07\n" in result.stdout
    assert "1 are in the index and unknown to the ledger: stranger\n" in result.stdout
    assert "--repair" in result.stdout


def test_repair_sends_hints_and_the_next_run_finds_them_equal(shop: Shop) -> None:
    while shop.publisher.take() is not None:
        pass
    shop.store.remove({"p03": 7 + shop.ledger.known(["p03"])["p03"]})
    ghost(shop, "stranger")
    result = run("--repair", "--json")
    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert (told["equal"], told["different"], told["redone"], told["removed"], told["refused"]) == (False, 2, 1, 1, "")
    assert told["kinds"].keys() == {str(kind) for kind in Kind}
    assert told["examples"] == {"missing": ["p03"], "ghost": ["stranger"]}
    assert shop.publisher.take() == "backfill"
    shop.drain()
    again = run("--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout)["kinds"]["equal"] == 20


def test_too_many_ghosts_need_force(shop: Shop) -> None:
    ghost(shop, "a", "b", "c")
    refused = run("--repair")
    assert refused.exit_code == 1
    assert "Not repaired: 3 of 23 documents (13.0%)" in refused.stdout
    assert "--force deletes them." in refused.stdout
    forced = run("--repair", "--force")
    assert forced.exit_code == 3
    assert "3 deleted from the index" in forced.stdout
    assert run().exit_code == 0
