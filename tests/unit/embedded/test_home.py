"""The home folder: marked, locked, recorded, erased."""

import json
import os
import shutil
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.embedded import home as homes
from indexer.embedded.home import MARKER, Home, State
from indexer.embedded.processes import Mark
from indexer.errors import EngineError

marks = st.builds(Mark, st.integers(1, 2**22), st.text(max_size=20))
names = st.text(st.characters(categories=["L"]), min_size=1, max_size=10)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", others=tmp_path / "others")


@pytest.fixture
def made(home: Home) -> State:
    with home.locked():
        return home.make()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_home_is_marked_and_private(home: Home, made: State) -> None:
    home.make_databases()
    assert home.marker.is_file()
    assert mode(home.folder) == (0o711 if os.geteuid() == 0 else 0o700)
    assert mode(home.folder / "state.json") == 0o600
    assert mode(home.logs) == 0o700
    assert mode(home.folder / "ledger.sqlite") == 0o600
    assert made.cluster.startswith("fusedex-embedded-")
    assert made.processes == {}


def test_making_it_again_changes_nothing(home: Home, made: State) -> None:
    home.save(replace(made, ports={"broker": 7000}).with_process("broker", Mark(1, "x")))
    assert home.make() == home.load()
    assert home.make().ports == {"broker": 7000}


def test_the_databases_are_sqlites_to_fill(home: Home, made: State) -> None:
    home.make_databases()
    with sqlite3.connect(home.folder / "ledger.sqlite") as connection:
        connection.execute("create table t (a)")
    connection.close()
    home.make_databases()
    connection = sqlite3.connect(home.folder / "ledger.sqlite")
    assert connection.execute("select name from sqlite_master").fetchall() == [("t",)]
    connection.close()
    assert home.database("ledger") == f"sqlite:///{home.folder}/ledger.sqlite"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(ports=st.dictionaries(names, st.integers(1, 65535)), running=st.dictionaries(names, marks))
def test_a_record_survives_the_disk(home: Home, ports: dict[str, int], running: dict[str, Mark]) -> None:
    with home.locked():
        state = replace(home.make(), ports=ports, processes=running)
        home.save(state)
    assert home.load() == state
    assert mode(home.folder / "state.json") == 0o600
    assert not list(home.folder.glob("*.new"))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"processes": {"a": 3}}', '{"processes": {}, "home": "x", "strange": 1}', "\x00"])
def test_a_record_that_is_none_of_ours_is_named(home: Home, made: State, text: str) -> None:
    (home.folder / "state.json").write_text(text)
    with pytest.raises(EngineError, match=r"state\.json"):
        home.load()


def test_processes_come_and_go_in_the_record(made: State) -> None:
    one, two = Mark(1, "a"), Mark(2, "b")
    both = made.with_process("x", one).with_process("y", two)
    assert both.processes == {"x": one, "y": two}
    assert both.with_process("x", two).processes["x"] == two
    assert both.with_process("x", None).processes == {"y": two}
    assert made.processes == {}


def test_a_folder_with_other_things_is_refused_and_left_as_it_is(home: Home) -> None:
    home.folder.mkdir()
    (home.folder / "thesis.txt").write_text("mine")
    with pytest.raises(EngineError, match=r"thesis\.txt"), home.locked():
        pytest.fail("it was taken")
    assert [path.name for path in home.folder.iterdir()] == ["thesis.txt"]
    with pytest.raises(EngineError, match="nothing was deleted"):
        home.erase(None)
    assert (home.folder / "thesis.txt").read_text() == "mine"


def test_a_home_that_others_make_and_erase_meanwhile_is_never_foreign(home: Home) -> None:
    failures: list[Exception] = []

    def busy() -> None:
        try:
            for _ in range(40):
                with home.locked():
                    state = home.make()
                    home.erase(state)
        except EngineError as error:
            failures.append(error)

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_folder_whose_things_only_have_names_like_ours_is_refused_too(home: Home) -> None:
    (home.folder / "logs").mkdir(parents=True)
    with pytest.raises(EngineError, match="logs"), home.locked():
        pytest.fail("it was taken")
    assert (home.folder / "logs").is_dir()
    assert not home.marker.exists()


def test_a_folder_with_only_our_databases_is_taken(home: Home) -> None:
    home.folder.mkdir()
    (home.folder / "ledger.sqlite").touch()
    (home.folder / "ledger.sqlite-wal").touch()
    with home.locked():
        home.make()
    assert home.marker.is_file()


@pytest.mark.parametrize("name", ["what?", "a#b", "50%", "new\nline"])
def test_a_path_that_no_address_can_carry_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(EngineError, match="home folder"):
        Home(tmp_path / name)


def test_a_file_in_its_place_is_an_error_of_ours(home: Home) -> None:
    home.folder.write_text("")
    with pytest.raises(EngineError, match="can't be used"), home.locked():
        pytest.fail("it was taken")


def test_one_at_a_time(home: Home) -> None:
    order: list[str] = []

    def other() -> None:
        with home.locked() as waited:
            order.append(f"other, waited {waited}")

    with home.locked() as waited:
        assert not waited
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        order.append("first")
    thread.join()
    assert order == ["first", "other, waited True"]


def test_who_waited_through_a_reset_locks_the_new_file(home: Home) -> None:
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with home.locked():
            home.make()
            entered.set()
            leave.wait(20)

    with home.locked():
        state = home.make()
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.1)
        home.erase(state)
        assert not home.folder.exists()
    assert entered.wait(20)
    third = threading.Thread(target=lambda: home.locked().__enter__())
    third.start()
    third.join(0.2)
    assert third.is_alive()  # the one who waited holds the lock that others see
    leave.set()
    thread.join()
    third.join()


def test_erasing_takes_ours_and_leaves_the_rest(home: Home, made: State) -> None:
    home.make_databases()
    for name in ("logs/a.log", "broker/password", "opensearch/lib/a.jar", "ledger.sqlite-wal", "mine.txt"):
        (home.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (home.folder / name).touch()
    home.erase(made)
    assert [path.name for path in home.folder.iterdir()] == ["mine.txt"]


def test_erasing_an_undisturbed_home_removes_it(home: Home, made: State) -> None:
    home.erase(made)
    assert not home.folder.exists()


def test_erasing_follows_no_links(home: Home, made: State, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    shutil.rmtree(home.logs)
    home.logs.symlink_to(tmp_path / "precious")
    home.erase(made)
    assert (tmp_path / "precious" / "file").exists()
    assert not home.folder.exists()


def elsewhere(home: Home, state: State) -> State:
    state = replace(state, place=str(home.others / "abc"))
    home.save(state)
    home.make_place(state)
    return state


def test_the_folder_that_another_user_needs_is_erased_too(home: Home, made: State) -> None:
    state = elsewhere(home, made)
    assert mode(home.others) == 0o711
    home.erase(state)
    assert list(home.others.iterdir()) == []


def test_a_folder_elsewhere_that_belongs_to_another_home_stays(home: Home, made: State) -> None:
    state = elsewhere(home, made)
    (Path(state.place) / "home").write_text("/some/other/home")
    home.erase(state)
    assert Path(state.place).is_dir()


def test_a_moved_home_keeps_its_data_and_forgets_its_processes(home: Home, made: State, tmp_path: Path) -> None:
    state = elsewhere(home, made.with_process("opensearch", Mark(1, "x")))
    home.folder.rename(tmp_path / "moved")
    moved = Home(tmp_path / "moved", others=home.others).load()
    assert moved is not None
    assert (moved.place, moved.cluster, moved.processes) == (state.place, state.cluster, {})
    assert moved.home == str(tmp_path / "moved")


def test_a_copied_home_takes_nothing_from_the_first(home: Home, made: State, tmp_path: Path) -> None:
    state = elsewhere(home, made.with_process("opensearch", Mark(1, "x")))
    shutil.copytree(home.folder, tmp_path / "copy")
    copy = Home(tmp_path / "copy", others=home.others).load()
    assert copy is not None
    assert copy.processes == {}
    assert copy.ports == {}
    assert copy.place != state.place


def test_a_private_file_is_never_written_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    for name in ("file", "file.new"):
        (tmp_path / name).symlink_to(victim)
    homes.write_private(tmp_path / "file", "ours")
    assert victim.read_text() == "untouched"
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "file").read_text() == "ours"


def test_the_marker_says_what_reset_does(home: Home, made: State) -> None:
    assert "reset" in (home.folder / MARKER).read_text()
    assert json.loads((home.folder / "state.json").read_text())["home"] == str(home.folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to let another user in")
def test_roots_server_lies_where_its_user_can_reach_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    hidden = Home(closed / "home", others=tmp_path / "others")
    with hidden.locked():
        place = Path(hidden.make().place)
    assert place.parent == tmp_path / "others"
    assert homes.server_user() is not None
