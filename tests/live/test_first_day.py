"""A first day with the commands alone: one home of its own, started, fed, asked, stopped, as a new user would."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from indexer.embedded.stack import Stack
from tests.data.broken import write_broken_feed
from tests.data.catalogue import JSONL

pytestmark = pytest.mark.live
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("first-day") / "home"


@pytest.fixture(scope="module")
def fusedex(home: Path) -> Iterator[Run]:
    """Run the command in that home, with encoders that need no weights; everything is stopped at the end."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("FUSEDEX_")}
    env |= {"FUSEDEX_HOME": str(home), "FUSEDEX_ENCODE__TEXT": "hashed", "FUSEDEX_ENCODE__PHOTO": "hashed", "FUSEDEX_HEAP_MB": "512"}

    def run(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "indexer", *words]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    try:
        run("up")
        run("feed", str(JSONL), "--json")  # so that no test's order decides whether the index is empty
        yield run
    finally:
        stack = Stack(home)
        stack.down()
        stack.reset()


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def write(folder: Path, *rows: dict[str, object]) -> str:
    file = folder / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return str(file)


def ids(fusedex: Run, *words: str) -> list[str]:
    return [hit["id"] for hit in answer(fusedex("search", *words, "--json"))["hits"]]


def test_the_same_file_twice_encodes_and_writes_nothing_the_second_time(fusedex: Run) -> None:
    second = answer(fusedex("feed", str(JSONL), "--json"))
    assert second["counts"]["unchanged"] == 30
    assert second["counts"]["encoded"] == 0
    assert second["written"] == 0
    assert second["model_runs"] == {"texts": 0, "photos": 0}
    assert "0 encoded, 0 written" in fusedex("feed", str(JSONL)).stdout


def test_a_price_an_older_version_and_a_delete(fusedex: Run, tmp_path: Path) -> None:
    lamp: dict[str, object] = {"id": "first-day", "title": "Brass reading lamp Orla", "price": "80.00 EUR", "stock": 4, "version": 10}
    new = answer(fusedex("feed", write(tmp_path, lamp), "--json"))
    assert (new["counts"]["encoded"], new["searchable"]) == (1, True)

    cheaper = answer(fusedex("feed", write(tmp_path, lamp | {"price": "60.00 EUR", "version": 11}), "--json"))
    assert cheaper["counts"]["offer_only"] == 1
    assert cheaper["model_runs"] == {"texts": 0, "photos": 0}
    assert "first-day" in ids(fusedex, "brass reading lamp", "--filter", "price<61")

    old_content = lamp | {"title": "An older title", "price": "1.00 EUR", "version": 9}
    assert answer(fusedex("feed", write(tmp_path, old_content), "--json"))["counts"]["stale"] == 1
    old_offer: dict[str, object] = {"id": "first-day", "price": "2.00 EUR", "version": 10}
    assert answer(fusedex("feed", write(tmp_path, old_offer), "--json"))["counts"]["stale"] == 1
    (hit,) = [h for h in answer(fusedex("search", "brass reading lamp", "--json"))["hits"] if h["id"] == "first-day"]
    assert hit["product"]["title"] == "Brass reading lamp Orla"
    assert hit["product"]["price"]["amount"] == "60.00"

    gone: dict[str, object] = {"id": "first-day", "deleted": True, "version": 12}
    assert answer(fusedex("feed", write(tmp_path, gone), "--json"))["counts"]["deleted"] == 1
    assert "first-day" not in ids(fusedex, "brass reading lamp")
    late = answer(fusedex("feed", write(tmp_path, lamp | {"version": 11, "title": "Back from the dead"}), "--json"))
    assert late["counts"]["stale"] == 1
    assert "first-day" not in ids(fusedex, "back from the dead")


def test_a_broken_feed_is_partly_done(fusedex: Run, tmp_path: Path) -> None:
    feed = tmp_path / "broken.jsonl"
    flaws = write_broken_feed(feed, lines=200)
    done = answer(fusedex("feed", str(feed), "--json", code=3))
    assert {row["line"] for row in done["rejected"]} == set(flaws)
    assert all(row["reason"] for row in done["rejected"])
    assert done["counts"]["encoded"] == 200 - len(flaws)
    assert done["searchable"]


def test_status_and_job_tell_how_things_stand(fusedex: Run) -> None:
    fed = answer(fusedex("feed", str(JSONL), "--job", "from-the-test", "--json"))
    status = answer(fusedex("status", "--json"))
    assert status["running"]
    assert status["opensearch"]["version"].startswith("3.")
    versions = {engine["name"]: engine["version"] for engine in status["engines"]}
    assert versions["opensearch"] == status["opensearch"]["version"]
    assert versions["broker"]
    assert sum(status["dirty"].values()) == status["dead_letters"] == 0
    assert status["index"]["products"] == status["products"]
    assert answer(fusedex("job", "from-the-test", "--json"))["counts"] == fed["counts"]
    assert "dead letters" in fusedex("status").stdout


def test_wrong_use_is_said_and_costs_code_two(fusedex: Run) -> None:
    wrong = fusedex("search", "lamp", "--filter", "colr=red", code=2)
    assert "colr" in wrong.stderr
    assert wrong.stdout == ""
    assert "price<1500" in fusedex("search", "lamp", "--filter", "price", code=2).stderr
    fusedex("search", "--no-such-option", code=2)
    missing = fusedex("feed", "/no/such/file.csv", code=1)
    assert "/no/such/file.csv" in missing.stderr


def test_nothing_is_left_after_down_and_data_are_there_after_up(fusedex: Run, home: Path) -> None:
    before = answer(fusedex("status", "--json"))["products"]
    fusedex("down")
    assert not [process.pid for process in psutil.process_iter(["cmdline"]) if str(home) in " ".join(process.info["cmdline"] or ())]
    assert "fusedex up" in fusedex("search", "lamp", code=1).stderr
    fusedex("up")
    assert answer(fusedex("status", "--json"))["products"] == before
