"""Where bytes are kept under a name: what is asked of such a place, and the folder that many processes and hosts can share."""

import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LEFTOVER_S = 3600
"""A half-written file this old has lost its writer: no write of a photo takes an hour."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A kept thing: its name, its size, and when it was written or touched (seconds since 1970)."""

    name: str
    size: int
    touched: float


class Blobs(Protocol):
    """Bytes by name; names are relative paths with slashes, of signs that every file system takes. Safe across threads and hosts.

    A name's bytes are replaced as a whole: a reader sees the old or the new ones. Every method raises OSError where the place fails.
    """

    def get(self, name: str) -> bytes | None:
        """The bytes, or None."""

    def put(self, name: str, data: bytes) -> None:
        """Keep bytes, in place of others of that name."""

    def touch(self, name: str, data: bytes) -> None:
        """Count as used now; `data` are its bytes, which the caller has at hand, for places that can only write again."""

    def delete(self, names: Sequence[str]) -> None:
        """Let go, together; nothing happens where there is no such name."""

    def walk(self, folder: str) -> Iterator[Blob]:
        """Everything whose name begins with `folder` and a slash, in no order, a few at a time."""

    def tidy(self) -> None:
        """Remove what killed writers have left behind."""


class FolderBlobs:
    """Files under one folder, which may be one that many hosts mount."""

    def __init__(self, root: Path) -> None:
        """Make the folder where it is missing; raises OSError."""
        self._root = root
        self._writing = root / "writing"
        self._writing.mkdir(parents=True, exist_ok=True)

    def get(self, name: str) -> bytes | None:
        """The bytes, or None."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, name: str, data: bytes) -> None:
        """Write beside, flush to the disk, then rename: a power cut leaves the whole file or none."""
        path = self._root / name
        draft = self._writing / uuid.uuid4().hex
        try:
            with draft.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            try:
                draft.replace(path)
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                draft.replace(path)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise

    def touch(self, name: str, data: bytes) -> None:
        """Set the file's time; the bytes are written again where it has just been removed."""
        try:
            os.utime(self._root / name)
        except FileNotFoundError:
            self.put(name, data)

    def delete(self, names: Sequence[str]) -> None:
        """Let go, one by one."""
        for name in names:
            (self._root / name).unlink(missing_ok=True)

    def walk(self, folder: str) -> Iterator[Blob]:
        """Every file below, folder by folder; what disappears meanwhile is left out."""
        for path, _, files in os.walk(self._root / folder):
            for file in files:
                whole = Path(path) / file
                with suppress(FileNotFoundError):
                    facts = whole.stat()
                    yield Blob(whole.relative_to(self._root).as_posix(), facts.st_size, facts.st_mtime)

    def tidy(self) -> None:
        """Remove half-written files that are older than LEFTOVER_S."""
        for blob in self.walk("writing"):
            if blob.touched < time.time() - LEFTOVER_S:
                self.delete([blob.name])
