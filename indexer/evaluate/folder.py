"""A folder of results: whole or not there, and never over what others wrote."""

import secrets
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from indexer.errors import EvaluationError

CURE_FOLDER = "Name another folder, or an empty one."


def check_folder(folder: Path, *, files: Collection[str], force: bool) -> Path:
    """The folder without links in its path, which can be written.

    Raises EvaluationError where it holds files; with `force`, only where it holds others than `files`.
    """
    folder = folder.absolute().resolve()
    if folder.exists() and not folder.is_dir():
        raise EvaluationError(f"{folder} is no folder.", cure=CURE_FOLDER)
    there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if strange := there - set(files):
        raise EvaluationError(f"{folder} holds {min(strange)!r}, which this command did not write.", cure=CURE_FOLDER)
    if there and not force:
        raise EvaluationError(f"{folder} holds an earlier result.", cure=f"{CURE_FOLDER[:-1]}, or replace it by --force.")
    _made(folder).rmdir()
    return folder


def write_folder(folder: Path, texts: Mapping[str, str], *, files: Collection[str], force: bool) -> Sequence[Path]:
    """Write the files into a folder beside it, then give that its name; the files' paths. Raises EvaluationError, leaving nothing."""
    folder = check_folder(folder, files=files, force=force)
    made = _made(folder)
    old = made.with_name(f"{made.name}.old")
    try:
        for name, text in texts.items():
            (made / name).write_text(text, encoding="utf-8")
        if folder.exists():
            folder.rename(old)
        made.rename(folder)
    except OSError as error:
        raise EvaluationError(f"{folder} can't be written: {error.strerror}.", cure=CURE_FOLDER) from error
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return [folder / name for name in texts]


def _made(folder: Path) -> Path:
    made = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        made.mkdir(parents=True)
    except OSError as error:
        raise EvaluationError(f"{folder} can't be written: {error.strerror}.", cure=CURE_FOLDER) from error
    return made
