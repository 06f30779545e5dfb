"""The keeper, as the process that it is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.embedded import keeper
from indexer.embedded.processes import mark_of

# A command that writes its pid down and stays until it is told to go.
STAY = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STAY

Keep = Callable[..., "subprocess.Popen[bytes]"]


def until(happened: Callable[[], object], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            pytest.fail("it did not happen in time")
        time.sleep(0.01)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "pids"


def pids(notes: Path) -> list[int]:
    return [int(line) for line in notes.read_text().splitlines()] if notes.exists() else []


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    started = []

    def begin(argv: Sequence[str], *, code: str = "") -> "subprocess.Popen[bytes]":
        call = [sys.executable, "-c", code] if code else [sys.executable, "-m", "indexer.embedded.keeper"]
        with (tmp_path / "log").open("ab") as log:
            started.append(subprocess.Popen([*call, "--", *argv], stderr=log, stdout=log, start_new_session=True))
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@given(st.floats(0, 1000), st.floats(0, keeper.STEADY_S, exclude_max=True))
def test_the_delay_grows_to_a_minute_while_the_command_keeps_failing(delay: float, ran: float) -> None:
    later = keeper.next_delay(delay, ran)
    assert keeper.FIRST_DELAY_S <= max(later, keeper.FIRST_DELAY_S) <= keeper.LONGEST_DELAY_S
    assert later >= min(delay, keeper.LONGEST_DELAY_S)


def test_the_delay_begins_anew_after_a_steady_run() -> None:
    delays = [0.0]
    for _ in range(8):
        delays.append(keeper.next_delay(delays[-1], 0.1))
    assert delays[1:] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert keeper.next_delay(60, keeper.STEADY_S) == keeper.FIRST_DELAY_S


def test_a_command_that_ends_is_started_again(keep: Keep, notes: Path, tmp_path: Path) -> None:
    process = keep([sys.executable, "-c", STAY, str(notes)])
    until(lambda: len(pids(notes)) == 1)
    os.kill(pids(notes)[0], signal.SIGKILL)
    until(lambda: len(pids(notes)) == 2)
    assert process.poll() is None
    assert mark_of(pids(notes)[1]) is not None
    assert "command_ended" in (tmp_path / "log").read_text()


def test_a_command_that_ends_well_is_started_again_too(keep: Keep, notes: Path) -> None:
    keep(["/bin/sh", "-c", f"echo $$ >> {notes}"])
    until(lambda: len(pids(notes)) == 2)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_end_it_ends_the_command_first(keep: Keep, notes: Path, asked: signal.Signals) -> None:
    process = keep([sys.executable, "-c", STAY, str(notes)])
    until(lambda: pids(notes))
    process.send_signal(asked)
    assert process.wait(30) == 0
    assert mark_of(pids(notes)[0]) is None
    assert len(pids(notes)) == 1


def test_asked_to_end_between_two_starts_it_does_not_start_again(keep: Keep, notes: Path, tmp_path: Path) -> None:
    process = keep(["/bin/sh", "-c", f"echo $$ >> {notes}"])
    until(lambda: "command_ended" in (tmp_path / "log").read_text())
    process.terminate()
    assert process.wait(30) == 0
    assert len(pids(notes)) == 1


def test_a_command_that_does_not_listen_is_killed_after_its_grace(keep: Keep, notes: Path) -> None:
    code = "import sys; from indexer.embedded.keeper import keep; sys.exit(keep(sys.argv[2:], grace_s=0.2))"
    process = keep([sys.executable, "-c", STUBBORN, str(notes)], code=code)
    until(lambda: pids(notes))
    process.terminate()
    assert process.wait(30) == 0
    assert mark_of(pids(notes)[0]) is None


def test_the_command_dies_with_a_keeper_that_was_killed(keep: Keep, notes: Path) -> None:
    process = keep(["env", "A=1", sys.executable, "-c", STUBBORN, str(notes)])
    until(lambda: pids(notes))
    process.kill()
    process.wait()
    until(lambda: mark_of(pids(notes)[0]) is None)


def test_the_command_takes_signals_as_usual(keep: Keep, notes: Path) -> None:
    show = "import os, sys; open(sys.argv[1], 'a').write(open('/proc/self/status').read()); import time; time.sleep(60)"
    process = keep([sys.executable, "-c", show, str(notes)])
    until(lambda: notes.exists() and "SigBlk" in notes.read_text())
    blocked = next(line.split()[1] for line in notes.read_text().splitlines() if line.startswith("SigBlk"))
    assert int(blocked, 16) == 0
    process.terminate()
    assert process.wait(30) == 0


@pytest.mark.parametrize("arguments", [[], ["--"], ["sleep", "1"]])
def test_wrong_usage_is_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert keeper.main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_several_commands_are_kept_each_for_itself_and_ended_together(keep: Keep, notes: Path, tmp_path: Path) -> None:
    other = tmp_path / "others"
    process = keep([sys.executable, "-c", STAY, str(notes), "--", sys.executable, "-c", STAY, str(other)])
    until(lambda: len(pids(notes)) == len(pids(other)) == 1)
    os.kill(pids(notes)[0], signal.SIGKILL)
    until(lambda: len(pids(notes)) == 2)
    assert len(pids(other)) == 1  # the other one was left alone
    assert mark_of(pids(other)[0]) is not None
    process.terminate()
    assert process.wait(30) == 0
    assert not any(mark_of(pid) for pid in (pids(notes)[1], pids(other)[0]))
