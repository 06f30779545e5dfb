"""Starting, recognising and ending processes: real ones."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.embedded import processes
from indexer.embedded.processes import Detached, Launch, Mark, mark_of
from indexer.errors import EngineError

Start = Callable[..., Detached]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Start]:
    """Starts a command as an engine; what still runs at the end is killed."""
    started: list[Detached] = []

    def launch(*argv: str, environment: dict[str, str] | None = None) -> Detached:
        started.append(processes.start(Launch(argv=argv, folder=tmp_path, log=tmp_path / "log", environment=environment)))
        return started[-1]

    yield launch
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def python(code: str) -> Sequence[str]:
    return sys.executable, "-c", code


def until(happened: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            pytest.fail("it did not happen in time")
        time.sleep(0.01)


def marked(process: Detached) -> Mark:
    mark = mark_of(process.pid)
    if mark is None:
        pytest.fail("the process has ended")
    return mark


def test_a_process_is_known_by_pid_and_start() -> None:
    mark = mark_of(os.getpid())
    assert mark is not None
    assert mark == mark_of(os.getpid())
    assert processes.is_running(mark)
    # The same pid with another start is another process: pids are used again.
    assert not processes.is_running(replace(mark, started="some-boot/1"))
    assert not processes.is_running(None)


def test_a_dead_process_that_nobody_collected_does_not_run(begin: Start) -> None:
    process = begin(*python(""))
    until(lambda: "Z" in Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1][:3])
    assert mark_of(process.pid) is None
    process.wait()
    assert mark_of(process.pid) is None


def test_a_name_with_brackets_and_spaces_does_not_confuse(begin: Start, tmp_path: Path) -> None:
    program = tmp_path / "a ) S (1 2"
    program.symlink_to("/bin/sleep")
    process = begin(str(program), "60")
    until(lambda: ") S (" in Path(f"/proc/{process.pid}/comm").read_text())
    mark = marked(process)
    assert mark.started.rsplit("/", 1)[1].isdigit()
    assert processes.is_running(mark)


def test_an_engine_stands_alone(begin: Start, tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        code = "import os,sys; print(os.getsid(0)==os.getpid(), sys.stdin.read()=='', sorted(map(int, os.listdir('/proc/self/fd')))[:4])"
        process = begin(*python(code))
        assert process.wait() == 0
    finally:
        os.close(held)
    # Descriptor 3 is the listing itself: nothing of ours came along.
    assert (tmp_path / "log").read_text() == "True True [0, 1, 2, 3]\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_an_environment_is_taken_whole_or_inherited(begin: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLD", "yes")
    begin("/bin/sh", "-c", "echo $TOLD").wait()
    begin("/bin/sh", "-c", "echo $TOLD", environment={}).wait()
    assert (tmp_path / "log").read_text() == "yes\n\n"


def test_output_and_errors_go_to_the_end_of_the_log(begin: Start, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("before\n")
    begin("/bin/sh", "-c", "echo out; echo err >&2").wait()
    assert (tmp_path / "log").read_text() == "before\nout\nerr\n"


def test_a_log_that_grew_large_is_put_aside_once(begin: Start, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        file.truncate(processes.LOG_BYTES + 1)
    begin("/bin/echo", "new").wait()
    assert (tmp_path / "log").read_text() == "new\n"
    assert (tmp_path / "log.1").stat().st_size == processes.LOG_BYTES + 1


def test_a_program_that_is_missing_is_an_error_of_ours(begin: Start, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no-such-program"):
        begin(str(tmp_path / "no-such-program"))


def test_stopping_is_gentle_first(begin: Start) -> None:
    process = begin("/bin/sleep", "60")
    mark = marked(process)
    assert processes.stop(mark, grace_s=20)
    assert mark_of(process.pid) is None


def test_what_ignores_the_gentle_way_is_killed_with_its_children(begin: Start, tmp_path: Path) -> None:
    process = begin("/bin/sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait")
    until((tmp_path / "log").read_text)
    child = mark_of(int((tmp_path / "log").read_text()))
    assert not processes.stop(marked(process), grace_s=0.2)
    assert mark_of(process.pid) is None
    until(lambda: not processes.is_running(child))


def test_a_process_with_the_same_pid_but_another_start_is_left_alone(begin: Start) -> None:
    process = begin("/bin/sleep", "60")
    stale = replace(marked(process), started="other-boot/5")
    assert processes.stop(stale, grace_s=1)
    assert process.poll() is None


def test_stopping_what_is_gone_is_no_error(begin: Start) -> None:
    process = begin("/bin/sleep", "60")
    mark = marked(process)
    os.kill(process.pid, signal.SIGKILL)
    assert processes.stop(mark, grace_s=5)
    assert processes.stop(mark, grace_s=5)


def test_a_process_is_stopped_by_another_program_than_the_one_that_started_it(begin: Start) -> None:
    process = begin("/bin/sleep", "60")
    mark = marked(process)
    code = f"from indexer.embedded.processes import Mark, stop; print(stop(Mark({mark.pid}, {mark.started!r}), grace_s=20))"
    done = subprocess.run(python(code), capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert process.wait() == -signal.SIGTERM


def test_endings_in_words() -> None:
    assert processes.ending(1) == "status 1"
    assert processes.ending(-9) == "signal SIGKILL"


def test_last_lines_are_the_telling_ones_of_this_start(tmp_path: Path) -> None:
    console, log = tmp_path / "console", tmp_path / "log"
    console.write_text("an earlier start\n")
    skip = processes.size_of(console)
    with console.open("a") as file:
        file.write("WARNING: harmless\nException in thread main\n\tat some.Frame(File.java:1)\n\t... 12 more\n\n")
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    lines = processes.last_lines((log, 0), (console, skip)).splitlines()
    assert lines == [*(f"line {number}" for number in range(86, 100)), "Exception in thread main"]
    assert processes.last_lines((tmp_path / "none", 0)) == ""
    assert processes.size_of(tmp_path / "none") == 0


def test_a_log_that_was_put_aside_meanwhile_is_read_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("new file\n")
    assert processes.last_lines((tmp_path / "log", 5_000)) == "new file"


def test_of_a_huge_log_only_the_end_is_read_and_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        file.truncate(50_000_000)
        file.seek(0, os.SEEK_END)
        file.write(b"\n\xff\xfe the end\n")
    assert processes.last_lines((tmp_path / "log", 0)).splitlines()[-1].endswith("the end")
