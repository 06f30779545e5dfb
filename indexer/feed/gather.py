"""Which files a feed is: a file, a folder, a pattern, standard input, or several of these; in a defined order."""

import os
from collections.abc import Sequence
from pathlib import Path

from indexer.errors import UnreadableFeed
from indexer.feed.sources.formats import PACKED_SUFFIXES, suffix_format
from indexer.feed.sources.packing import STANDARD_INPUT
from indexer.observe import log

_MAGIC = "*?["


def feed_files(feeds: Path | Sequence[Path]) -> list[Path]:
    """The files of a feed: each path's own, in the order given; a folder's and a pattern's sorted by name.

    A folder gives the files in it (not those in folders below) whose names end as feeds do; hidden ones, and those whose names
    begin with an underscore, are passed over. `**` in a pattern means: in folders below too. Raises UnreadableFeed where there is
    none, and for a file that is named twice.
    """
    found = [file for path in ([feeds] if isinstance(feeds, Path) else feeds) for file in _files(path)]
    if not found:
        raise UnreadableFeed("No feed is named.", cure="Name a file, a folder, a pattern, or - for standard input.")
    seen: set[str] = set()
    for file in found:
        real = os.path.realpath(file) if file != STANDARD_INPUT else "-"
        if real in seen:
            raise UnreadableFeed(f"{file} is named twice.", cure="Name each file of a feed once.")
        seen.add(real)
    return found


def _files(path: Path) -> list[Path]:
    if path == STANDARD_INPUT:
        return [path]
    try:
        if path.is_dir():
            return _in_folder(path)
        if any(mark in str(path) for mark in _MAGIC) and not path.exists():
            return _matching(path)
    except (OSError, ValueError) as error:
        raise UnreadableFeed(f"{path} can't be read: {error}.", cure="Check its name and permissions.") from error
    return [path]


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith((".", "_")))
    fit = [file for file in files if suffix_format(file) is not None or _looks_like_one(file)]
    if len(fit) < len(files):
        left = next(file.name for file in files if file not in fit)
        log.warning("files_left_out", folder=str(folder), count=len(files) - len(fit), first=left, why="their names do not end as feeds do")
    if not fit:
        raise UnreadableFeed(f"The folder {folder} holds no feed.", cure="Feeds end in .jsonl, .json, .csv, .tsv, .txt, .xml or .parquet.")
    return fit


def _looks_like_one(file: Path) -> bool:
    """Whether the name ends in .txt (Google's tables do), packed or not."""
    endings = [suffix.lower() for suffix in file.suffixes if suffix.lower() not in PACKED_SUFFIXES]
    return endings[-1:] == [".txt"]


def _matching(pattern: Path) -> list[Path]:
    anchor = Path(pattern.anchor) if pattern.is_absolute() else Path()
    inner = str(pattern.relative_to(pattern.anchor)) if pattern.is_absolute() else str(pattern)
    files = sorted(file for file in anchor.glob(inner) if file.is_file() and not file.name.startswith("."))
    if not files:
        raise UnreadableFeed(f"No file matches {pattern}.", cure="Check the pattern; a relative one starts at the current folder.")
    return files
