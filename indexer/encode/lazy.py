"""What heavy encoders share: parts made once when first needed, packages looked for without importing them, digests of files."""

import hashlib
import importlib.util
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from indexer.errors import ModelUnavailable

T = TypeVar("T")

CURE = "Install it: pip install 'fusedex[models]'."


class Once(Generic[T]):
    """A value that is made at the first `get`, by one thread while the others wait."""

    def __init__(self, make: Callable[[], T]) -> None:
        """Keep the maker; an error of it is raised by `get`, and the next `get` tries again."""
        self._make = make
        self._made: list[T] = []
        self._lock = threading.Lock()

    def get(self) -> T:
        """The value, made now if it was not yet."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]


def need(*packages: str, model: str, cure: str = CURE) -> Path:
    """The folder of the first package; all are found but none imported. Raises ModelUnavailable with the cure."""
    folders: list[Path] = []
    for package in packages:
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            raise ModelUnavailable(f"The model {model!r} needs the package {package!r}, which is not installed.", cure=cure)
        folders.append(Path(next(iter(found.submodule_search_locations))))
    return folders[0]


def digest_of(files: Iterable[Path], *, model: str) -> str:
    """The sha-256 (hex) over names and contents of files, in the order of their names; raises ModelUnavailable where one is missing."""
    state = hashlib.sha256()
    for file in sorted(files, key=lambda path: path.name):
        try:
            with file.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise ModelUnavailable(f"The model {model!r} lacks a readable file {file.name} ({error.strerror}).", cure=CURE) from error
        state.update(f"{file.name} {content}\n".encode())
    return state.hexdigest()
