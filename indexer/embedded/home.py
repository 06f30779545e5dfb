"""One home folder: marked as ours, locked while it changes, with a record of what runs in it."""

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO

from indexer.embedded.java import reachable
from indexer.embedded.processes import Mark
from indexer.errors import EngineError

# The embedded server is known by this beginning of its cluster's name.
CLUSTER_PREFIX = "fusedex-embedded-"
ANOTHER = "Choose another FUSEDEX_HOME."
MARKER = ".fusedex-home"
LOCK = ".fusedex-lock"
STATE = "state.json"
DRAFT = ".new"
OURS = (STATE, "logs", "broker", "opensearch", "demo")
DATABASES = ("ledger.sqlite", "vectors.sqlite")
SIDE_FILES = ("", "-wal", "-shm", "-journal", ".opening")
OTHER_USER = "nobody"
OTHER_PLACES = Path("/var/lib/fusedex-engines")


@dataclass(frozen=True, slots=True)
class State:
    """What is recorded of a home: the cluster's name, where the server lies, its ports, and the processes last started."""

    home: str
    cluster: str
    place: str
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, Mark] = field(default_factory=dict)

    def with_process(self, name: str, mark: Mark | None) -> "State":
        """The same with that process started, or, with None, ended."""
        others = {key: value for key, value in self.processes.items() if key != name}
        return replace(self, processes=others | ({name: mark} if mark else {}))


class Home:
    """The folder of one stack. `others` is where the server of a home that its user can't reach is put."""

    def __init__(self, folder: Path, *, others: Path = OTHER_PLACES) -> None:
        """Only remember the folder; nothing is made yet. Raises EngineError for a path that no address can carry."""
        self.folder = folder.absolute()
        self.others = others
        if any(letter in "?#%" or not letter.isprintable() for letter in str(self.folder)):
            raise EngineError(f"The home folder {str(self.folder)!r} holds one of ? # % or a control character.", cure=ANOTHER)

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.folder / "logs"

    @property
    def marker(self) -> Path:
        """The file that says that this folder is ours."""
        return self.folder / MARKER

    def database(self, name: str) -> str:
        """The address of one of the home's SQLite files."""
        return f"sqlite:///{self.folder / f'{name}.sqlite'}"

    def make_databases(self) -> None:
        """Make the SQLite files, empty and private, where they are missing: SQLite itself would let others read them."""
        for name in DATABASES:
            (self.folder / name).touch(mode=0o600)

    def make(self) -> State:
        """Mark the folder as ours and give its record, a new one at first; to be called with the lock."""
        with permission_errors(self.folder):
            if not self.marker.is_file():
                self.marker.write_text("A home of fusedex: `fusedex reset` deletes what is in it.\n", encoding="utf-8")
            self.logs.mkdir(exist_ok=True, mode=0o700)
            state = self.load() or self._first()
            self.save(state)
        return state

    def load(self) -> State | None:
        """The record; None when there is none. Of a home that was moved or copied, the processes are the other's and left out."""
        file = self.folder / STATE
        with permission_errors(self.folder):
            if not file.exists():
                return None
            text = file.read_text(encoding="utf-8")
        try:
            record = json.loads(text)
            marks = {name: Mark(**mark) for name, mark in record.pop("processes").items()}
            state = State(processes=marks, **record)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise EngineError(
                f"{file} is no record of ours: {error}.", cure="End what runs in this home, then delete that file."
            ) from error
        return state if state.home == str(self.folder) else self._moved(state)

    def save(self, state: State) -> None:
        """Write the record, readable by its owner only; a crash leaves the old one or the new one."""
        write_private(self.folder / STATE, json.dumps(asdict(state), indent=2) + "\n")

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """
        One command at a time in this home; gives whether it had to wait. Makes the folder where it is missing.

        Raises EngineError for a folder that can't be used, or that holds other things and no marker of ours.
        """
        waited = False
        while True:
            try:
                lock = self._open_lock()
            except FileNotFoundError:
                continue  # another command erased the folder between our making it and our looking into it
            with lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    waited = True
                    fcntl.flock(lock, fcntl.LOCK_EX)
                # While we waited, a reset may have deleted the file that we hold: then it locks nothing.
                if _same_file(lock.fileno(), self.folder / LOCK):
                    self._refuse_foreign(())
                    yield waited
                    return

    def erase(self, state: State | None) -> None:
        """Delete what we put into the home and beside it, nothing else; raises EngineError for a folder without our marker."""
        if not self.marker.is_file():
            raise EngineError(f"{self.folder} has no {MARKER}: it is no home of ours, and nothing was deleted.", cure="Check FUSEDEX_HOME.")
        place = Path(state.place) if state else None
        with permission_errors(self.folder):
            if place and place != self.folder / "opensearch" and _owner_of(place) == str(self.folder):
                _delete(place)
            for name in DATABASES:
                for side in SIDE_FILES:
                    _delete(self.folder / (name + side))
            # The marker goes when all else is gone, so that a reset that was cut short can be run again; the lock at the very end.
            for name in (*OURS, MARKER, LOCK):
                _delete(self.folder / name)
            with suppress(OSError):  # it holds something else, or another command is already making it anew
                self.folder.rmdir()

    def make_place(self, state: State) -> Path:
        """Make the server's folder, marked with the home that it belongs to."""
        place = Path(state.place)
        if place.parent == self.others:
            self.others.mkdir(parents=True, exist_ok=True, mode=0o711)
        place.mkdir(exist_ok=True, mode=0o755)
        (place / "home").write_text(str(self.folder), encoding="utf-8")
        return place

    def _open_lock(self) -> IO[str]:
        with permission_errors(self.folder):
            # Other users may pass through root's home, to reach the server that one of them runs, but not look around.
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o711 if server_user() else 0o700)
            # Another command may be making or erasing this home, so what looks like ours is judged later, with the lock.
            self._refuse_foreign((*OURS, STATE + DRAFT))
            return (self.folder / LOCK).open("a")

    def _refuse_foreign(self, ours: Collection[str]) -> None:
        """Without a marker the folder may hold `ours` and the databases, which an indexer makes without any engine."""
        known = {MARKER, LOCK, *ours, *(name + side for name in DATABASES for side in SIDE_FILES)}
        foreign = sorted(path.name for path in self.folder.iterdir() if path.name not in known)
        if foreign and not self.marker.is_file():
            raise EngineError(
                f"{self.folder} holds things that are not ours ({', '.join(foreign[:3])}), so it can't be a home.",
                cure="Name an empty folder, or one that does not exist yet, in FUSEDEX_HOME.",
            )

    def _first(self) -> State:
        return State(home=str(self.folder), cluster=CLUSTER_PREFIX + secrets.token_hex(4), place=str(self._choose_place()))

    def _choose_place(self) -> Path:
        user = server_user()
        within = self.folder / "opensearch"
        if user is None or reachable(self.folder, user[0]):
            return within
        return self.others / hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]

    def _moved(self, state: State) -> State:
        """A moved home keeps a server's folder that lies elsewhere; while the old home is still there, this is a copy."""
        place = Path(state.place)
        if place.parent == self.others and not (Path(state.home) / MARKER).exists():
            return State(home=str(self.folder), cluster=state.cluster, place=state.place, ports=state.ports)
        return State(home=str(self.folder), cluster=state.cluster, place=str(self._choose_place()))


def server_user() -> tuple[int, int] | None:
    """User and group that OpenSearch runs as: the caller's (None), or for root, whom it refuses, another one."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(OTHER_USER)
    except KeyError as error:
        raise EngineError(
            f"OpenSearch refuses to run as root, and there is no user {OTHER_USER!r}.", cure="Run this as another user."
        ) from error
    return entry.pw_uid, entry.pw_gid


def write_private(file: Path, text: str, *, user: tuple[int, int] | None = None) -> None:
    """Write a whole file that only its owner (`user`, else the caller) may read, under its name once it is complete and on the disk."""
    draft = file.with_name(file.name + DRAFT)
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
        if user:
            os.fchown(out.fileno(), *user)
    draft.replace(file)


@contextmanager
def permission_errors(folder: Path) -> Iterator[None]:
    """Say whose fault a refused access is."""
    try:
        yield
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise EngineError(f"The home folder {folder} can't be used: {error.strerror or error}.", cure=ANOTHER) from error


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False  # erased


def _owner_of(place: Path) -> str:
    file = place / "home"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
