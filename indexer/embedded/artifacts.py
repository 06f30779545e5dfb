"""The server's files: which they are, with checksums, and how they come from Maven's repository into the cache folder."""

import errno
import fcntl
import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache as computed_once
from functools import partial
from importlib import resources
from pathlib import Path

from indexer.errors import BadChecksum, DiskFull, EngineError, NoNetwork

THREADS = 8
TRIES = 3
RETRY_S = 0.5
TIMEOUT_S = 30
FETCH_BYTES = 110_000_000
PARTIAL = ".part-"
MAKE_ROOM = "Make room, or choose another FUSEDEX_HOME."

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of the server: the folder it belongs to, its Maven coordinate, and the checksum it must have."""

    folder: str
    group: str
    name: str
    version: str
    packaging: str
    classifier: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name, as Maven has it."""
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{tail}.{self.packaging}"

    @property
    def coordinate(self) -> str:
        """The coordinate, for messages."""
        return f"{self.group}:{self.name}:{self.version}"


def parse(table: str) -> tuple[Artifact, ...]:
    """The artifacts of a table with tabs and one heading; raises EngineError that names a line which is not one."""
    found = []
    for number, line in enumerate(table.splitlines()[1:], start=2):
        cells = line.split("\t")
        coordinate = cells[1].split(":") if len(cells) == 5 else []
        if len(coordinate) != 3 or len(cells[4]) != 64:
            raise EngineError(f"Line {number} of the list of artifacts is not folder, coordinate, type, classifier, sha256.")
        found.append(Artifact(cells[0], *coordinate, *cells[2:]))
    return tuple(found)


@computed_once
def artifacts() -> tuple[Artifact, ...]:
    """The list that comes with this release."""
    return parse(_table())


@computed_once
def list_digest() -> str:
    """A digest of the list: what is installed from another list is laid out anew."""
    return hashlib.sha256(_table().encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(
    wanted: Sequence[Artifact], folder: Path, progress: Progress, *, repositories: Mapping[str, str] | None = None
) -> dict[Artifact, Path]:
    """
    Where each wanted file lies in the cache `folder`, fetched where it is missing or damaged; eight at a time, checksums compared.

    A file takes its final name only when it is whole. `repositories` (name to address) take the place
    of Maven Central. Raises NoNetwork, BadChecksum (naming the file) and DiskFull.
    """
    with _alone_in(folder) as drafts, room_errors(folder), ThreadPoolExecutor(THREADS) as pool:
        have = dict(zip(wanted, pool.map(lambda artifact: _kept(artifact, folder), wanted), strict=True))
        missing = [artifact for artifact, path in have.items() if path is None]
        if missing:
            progress(f"fetching {len(missing)} files of the search engine (once; kept in {folder})")
            need_room(folder, FETCH_BYTES)
        try:
            download = partial(_download, drafts=drafts, folder=folder, repositories=repositories)
            for done, path in enumerate(pool.map(download, missing), start=1):
                have[missing[done - 1]] = path
                if done % 25 == 0 or done == len(missing):
                    progress(f"fetched {done} of {len(missing)} files")
        finally:
            pool.shutdown(cancel_futures=True)
    return {artifact: path for artifact, path in have.items() if path is not None}


def need_room(folder: Path, size: int) -> None:
    """Raise DiskFull when less than `size` bytes are free where `folder` is, or will be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < size:
        raise DiskFull(f"{folder} has {free // 1_000_000} MB free and needs {size // 1_000_000} MB.", cure=MAKE_ROOM)


@contextmanager
def room_errors(folder: Path) -> Iterator[None]:
    """Turn the system's "no space left" into DiskFull that names the folder."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"No room is left under {folder}.", cure=MAKE_ROOM) from error
        raise


def _table() -> str:
    return resources.files("indexer.embedded").joinpath("artifacts.tsv").read_text(encoding="utf-8")


def _place(artifact: Artifact, folder: Path) -> Path:
    return folder / f"{artifact.sha256[:16]}-{artifact.filename}"


def _kept(artifact: Artifact, folder: Path) -> Path | None:
    path = _place(artifact, folder)
    return path if path.is_file() and sha256_of(path) == artifact.sha256 else None


def _download(artifact: Artifact, *, drafts: Path, folder: Path, repositories: Mapping[str, str] | None) -> Path:
    fetched = _from_maven(artifact, drafts, repositories)
    found = sha256_of(fetched)
    if found != artifact.sha256:
        raise BadChecksum(
            f"{artifact.filename} ({artifact.coordinate}) has the SHA-256 {found}, not {artifact.sha256}.",
            cure="Something between here and the repository changed it; it was not kept.",
        )
    return fetched.replace(_place(artifact, folder))


def _from_maven(artifact: Artifact, drafts: Path, repositories: Mapping[str, str] | None) -> Path:
    try:
        from jgo.maven import MavenContext
    except ImportError as error:
        raise EngineError("The package jgo is missing, which fetches the search engine.", cure="pip install 'fusedex[embedded]'") from error
    reason: Exception | None = None
    for attempt in range(TRIES):
        time.sleep(attempt * RETRY_S)
        # A new folder each time: the client writes straight to the final name and would take half a file for a whole one.
        repository = Path(tempfile.mkdtemp(dir=drafts))
        context = MavenContext(repo_cache=repository, timeout=TIMEOUT_S, remote_repos=dict(repositories) if repositories else None)
        component = context.project(artifact.group, artifact.name).at_version(artifact.version)
        try:
            return Path(component.artifact(classifier=artifact.classifier, packaging=artifact.packaging).resolve())
        except (OSError, RuntimeError) as error:  # RuntimeError: no repository has it, or none answered with 200
            if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
                raise
            reason = error
    raise NoNetwork(
        f"{artifact.coordinate} could not be fetched: {reason}.",
        cure="The first run needs the network; later ones do not. What was fetched so far is kept.",
    ) from reason


@contextmanager
def _alone_in(folder: Path) -> Iterator[Path]:
    """A folder for files in the making, gone afterwards; one process at a time, so leftovers of a killed one go too."""
    try:
        with room_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / "lock").open("w")
    except OSError as error:
        raise EngineError(f"The cache folder {folder} can't be used: {error.strerror}.", cure="See to its permissions.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob(f"{PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)
        drafts = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=folder))
        try:
            yield drafts
        finally:
            shutil.rmtree(drafts, ignore_errors=True)
