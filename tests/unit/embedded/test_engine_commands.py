"""The commands `up`, `down` and `reset`, as programs would call them."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from indexer.cli.engines import down, reset, up

ELSEWHERE = "http://search.example:9200"


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    for command in (up, down, reset):
        made.command()(command)
    return made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSEDEX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FUSEDEX_OPENSEARCH_URL", ELSEWHERE)
    monkeypatch.delenv("FUSEDEX_BROKER_URL", raising=False)
    monkeypatch.delenv("FUSEDEX_LEDGER_URL", raising=False)
    return tmp_path / "home"


def test_a_day_of_the_engines_in_json(app: typer.Typer, home: Path) -> None:
    run = CliRunner()
    started = run.invoke(app, ["up", "--no-workers", "--json"])
    try:
        said = json.loads(started.stdout)
        assert said["opensearch_url"] == ELSEWHERE
        assert said["broker_url"].startswith("redis://:")
        assert said["home"] == str(home)
        assert said["pids"]["broker"] > 0
        assert started.stderr == "starting broker\n"
    finally:
        stopped = run.invoke(app, ["down", "--json"])
    assert json.loads(stopped.stdout) == {"home": str(home), "stopped": ["broker"]}
    assert json.loads(run.invoke(app, ["down", "--json"]).stdout)["stopped"] == []
    erased = run.invoke(app, ["reset", "--yes", "--json"])
    assert json.loads(erased.stdout) == {"home": str(home), "reset": True}
    assert not home.exists()


def test_people_see_where_everything_is_but_no_password(app: typer.Typer, home: Path) -> None:
    run = CliRunner()
    try:
        shown = run.invoke(app, ["up", "--no-workers"]).stdout
        password = (home / "broker" / "password").read_text()
        assert shown.startswith("starting broker\nready after ")
        assert ELSEWHERE in shown
        assert str(home) in shown
        assert "●●●@127.0.0.1" in shown
        assert password not in shown
    finally:
        assert "the data stay" in run.invoke(app, ["down"]).stdout
    assert run.invoke(app, ["down"]).stdout == "nothing was running\n"


def test_reset_asks_and_takes_no_for_an_answer(app: typer.Typer, home: Path) -> None:
    run = CliRunner()
    run.invoke(app, ["up", "--no-workers"])
    try:
        refused = run.invoke(app, ["reset"], input="n\n")
        assert refused.exit_code == 1
        assert str(home) in refused.stderr
        assert "Delete" not in refused.stdout
        assert (home / "broker").is_dir()
        assert run.invoke(app, ["down", "--json"]).exit_code == 0
    finally:
        assert run.invoke(app, ["reset"], input="y\n").exit_code == 0
    assert not home.exists()


@pytest.mark.parametrize("command", ["up", "down", "reset"])
def test_each_command_explains_itself(app: typer.Typer, command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert "--json" in shown.stdout
