"""The list of files, and fetching from a repository on loopback that behaves well or badly."""

import fcntl
import gc
import hashlib
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from indexer.embedded import artifacts
from indexer.embedded.artifacts import Artifact
from indexer.errors import BadChecksum, DiskFull, EngineError, NoNetwork

# The fetcher forgets to close connections over which it got no file.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


def quiet(_: str) -> None:
    pass


class Served(SimpleHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.endswith("short-1.0.jar"):  # promises more than it sends, then hangs up
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"only this")
            self.close_connection = True
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Repository:
    """A Maven repository on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        handler = type("Here", (Served,), {"asked": self.asked})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
        self.addresses = {"here": f"http://127.0.0.1:{self.server.server_port}"}

    def add(self, name: str, content: bytes, *, packaging: str = "jar") -> Artifact:
        artifact = Artifact("lib", "org.example", name, "1.0", packaging, "", hashlib.sha256(content).hexdigest())
        place = self.folder / "org" / "example" / name / "1.0" / artifact.filename
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
        return artifact

    def times_asked(self, artifact: Artifact) -> int:
        return sum(path.endswith(f"/{artifact.filename}") for path in self.asked)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    (tmp_path / "repository").mkdir()
    made = Repository(tmp_path / "repository")
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_the_list_that_we_ship_is_whole() -> None:
    found = artifacts.artifacts()
    assert len(found) == 105
    assert len({(a.folder, a.filename) for a in found}) == 105
    assert len({a.sha256 for a in found}) == 105
    assert all(set(a.sha256) <= set("0123456789abcdef") for a in found)
    assert [a.filename for a in found if a.packaging == "zip"] == ["opensearch-knn-3.6.0.0.zip"]
    assert {"opensearch-3.6.0.jar", "icu4j-localespi-77.1.jar"} <= {a.filename for a in found}


@pytest.mark.parametrize("line", ["lib", "lib\ta:b\tjar\t\t" + "0" * 64, "lib\ta:b:1\tjar\t\tabc", "lib\ta:b:1\tjar\t" + "0" * 64])
def test_a_line_that_is_no_artifact_is_named(line: str) -> None:
    good = "lib\ta:b:1\tjar\tlinux\t" + "0" * 64
    assert artifacts.parse(f"heading\n{good}\n")[0].filename == "b-1-linux.jar"
    with pytest.raises(EngineError, match="Line 3"):
        artifacts.parse(f"heading\n{good}\n{line}\n")


def test_files_are_fetched_once_and_then_kept(repository: Repository, tmp_path: Path) -> None:
    wanted = [repository.add(f"part{number}", b"x" * number) for number in range(1, 20)]
    told: list[str] = []
    first = artifacts.fetch(wanted, tmp_path / "cache", told.append, repositories=repository.addresses)
    assert [first[a].read_bytes() for a in wanted] == [b"x" * number for number in range(1, 20)]
    assert told[0].startswith("fetching 19 files")
    assert told[-1] == "fetched 19 of 19 files"
    second = artifacts.fetch(wanted, tmp_path / "cache", quiet, repositories={})
    assert second == first
    assert all(repository.times_asked(a) == 1 for a in wanted)


def test_a_damaged_file_of_the_cache_is_fetched_again(repository: Repository, tmp_path: Path) -> None:
    good, hurt = repository.add("good", b"good"), repository.add("hurt", b"whole")
    paths = artifacts.fetch([good, hurt], tmp_path / "cache", quiet, repositories=repository.addresses)
    paths[hurt].write_bytes(b"who")
    again = artifacts.fetch([good, hurt], tmp_path / "cache", quiet, repositories=repository.addresses)
    assert again[hurt].read_bytes() == b"whole"
    assert (repository.times_asked(good), repository.times_asked(hurt)) == (1, 2)


def test_a_file_with_another_checksum_is_named_and_not_kept(repository: Repository, tmp_path: Path) -> None:
    forged = replace(repository.add("forged", b"not what was promised"), sha256="0" * 64)
    with pytest.raises(BadChecksum) as caught:
        artifacts.fetch([forged], tmp_path / "cache", quiet, repositories=repository.addresses)
    assert "forged-1.0.jar" in caught.value.message
    assert hashlib.sha256(b"not what was promised").hexdigest() in caught.value.message
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_half_a_file_never_gets_its_final_name(repository: Repository, tmp_path: Path) -> None:
    short = repository.add("short", b"what it should be")
    with pytest.raises(NoNetwork, match=r"org\.example:short:1\.0"):
        artifacts.fetch([short], tmp_path / "cache", quiet, repositories=repository.addresses)
    assert repository.times_asked(short) == artifacts.TRIES
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_no_network_names_the_file_and_keeps_what_came(repository: Repository, tmp_path: Path) -> None:
    there = repository.add("there", b"there")
    gone = replace(there, name="gone")
    with pytest.raises(NoNetwork, match=r"org\.example:gone:1\.0") as caught:
        artifacts.fetch([there, gone], tmp_path / "cache", quiet, repositories=repository.addresses)
    assert caught.value.retryable
    kept = artifacts.fetch([there], tmp_path / "cache", quiet, repositories={})
    assert kept[there].read_bytes() == b"there"


def test_leftovers_of_a_killed_fetch_are_cleared_away(repository: Repository, tmp_path: Path) -> None:
    left = tmp_path / "cache" / f"{artifacts.PARTIAL}abc"
    left.mkdir(parents=True)
    (left / "half.jar").write_bytes(b"ha")
    artifacts.fetch([repository.add("one", b"1")], tmp_path / "cache", quiet, repositories=repository.addresses)
    assert not left.exists()


def test_two_fetches_take_turns(repository: Repository, tmp_path: Path) -> None:
    wanted = [repository.add("one", b"1")]
    (tmp_path / "cache").mkdir()
    with (tmp_path / "cache" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread = threading.Thread(
            target=artifacts.fetch, args=(wanted, tmp_path / "cache", quiet), kwargs={"repositories": repository.addresses}
        )
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        assert repository.asked == []
    thread.join()
    assert repository.times_asked(wanted[0]) == 1


def test_a_full_disk_is_said_before_and_while_it_fills(tmp_path: Path) -> None:
    artifacts.need_room(tmp_path / "not" / "yet", 1)
    with pytest.raises(DiskFull, match="MB free"):
        artifacts.need_room(tmp_path / "not" / "yet", 2**62)
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(DiskFull, match="No room"), artifacts.room_errors(tmp_path):
        full.write(b"x")


def test_other_errors_of_the_system_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), artifacts.room_errors(tmp_path):
        (tmp_path / "none").read_bytes()


def test_a_cache_that_is_no_folder_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match="cache folder"):
        artifacts.fetch([], tmp_path / "file", quiet)
