"""Packed feeds: gzip, bzip2, xz, zip; cut short, empty, with a password, and bombs; standard input."""

import bz2
import gzip
import io
import lzma
import os
import sys
import threading
import zipfile
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.errors import UnreadableFeed
from indexer.feed.read import read_feed
from indexer.feed.sources import packing
from indexer.feed.sources.opening import estimated_lines, opened, recognise
from indexer.records import Event, Product, Rejected
from indexer.settings import FeedSettings

ROWS = 3000
TEXT = "id,title\n" + "".join(f"{number:05d},Mug {number * 2654435761 % 2**32}\n" for number in range(ROWS))


def zipped(content: bytes, *more: str, name: str = "feed.csv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        for other in more:
            archive.writestr(other, b"x")
    return buffer.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zip": zipped, "": bytes}


def ids(path: Path) -> list[str]:
    return [row.id for row in read_feed(path, FeedSettings()) if isinstance(row, Product)]


@pytest.mark.parametrize("packed", PACKERS)
def test_every_packing_is_known_by_its_content_and_read(tmp_path: Path, packed: str) -> None:
    path = tmp_path / "feed"
    path.write_bytes(PACKERS[packed](TEXT.encode()))
    source = recognise(path)
    assert (source.packing, source.format) == (packed, "csv")
    assert ids(path) == [f"{number:05d}" for number in range(ROWS)]
    assert estimated_lines(source) == ROWS + 1


@pytest.mark.parametrize("packed", ["gzip", "bzip2", "xz"])
def test_what_is_cut_short_gives_its_rows_and_then_raises(tmp_path: Path, packed: str) -> None:
    whole = PACKERS[packed](TEXT.encode() * 20)
    path = tmp_path / "feed.csv"
    path.write_bytes(whole[: int(len(whole) * 0.7)])
    found: list[Event | Rejected] = []
    with pytest.raises(UnreadableFeed, match="can't be read from here on") as refused:
        found.extend(read_feed(path, FeedSettings()))
    assert refused.value.cure
    assert len(found) > (1000 if packed != "bzip2" else 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zipped(b"id\n1\n", "other.csv"), "zip archive of 2 files"),
        (zipped(b"<xml/>", name="[Content_Types].xml"), "Excel workbook"),
        (zipped(TEXT.encode())[:-10], "broken or cut short"),
        (gzip.compress(TEXT.encode())[:12], "begins like a gzip file and is none"),
        (b"\xfd7zXZ\0broken" * 10, "begins like a xz file and is none"),
        (b"BZhbroken", "begins like a bzip2 file and is none"),
        (gzip.compress(zipped(b"id\n")), "a zip archive or an Excel workbook"),
    ],
)
def test_archives_that_hold_no_feed_are_refused_with_a_cure(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFeed) as refused:
        recognise(path)
    assert why in refused.value.message
    assert refused.value.cure


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(b"id\n1\n"))
    content[6] |= 1  # the flag in the file's own header and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(UnreadableFeed, match="password"):
        recognise(tmp_path / "a.zip")


def test_what_a_mac_adds_to_a_zip_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(TEXT.encode(), "__MACOSX/._feed.csv"))
    assert len(ids(tmp_path / "a.zip")) == ROWS


@pytest.mark.parametrize("packed", ["gzip", "bzip2", "xz", "zip"])
def test_a_bomb_is_given_up(tmp_path: Path, packed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "RATIO_FREE", 1_000_000)
    monkeypatch.setattr(packing, "RATIO_CAP", 100)
    (tmp_path / "a.csv").write_bytes(PACKERS[packed](b"id,title\n" + b"0" * 20_000_000))
    with opened(recognise(tmp_path / "a.csv")) as stream, pytest.raises(UnreadableFeed, match="unpacks to more than 100 times its size"):
        deque(iter(lambda: stream.read(1 << 16), b""), maxlen=0)


@pytest.mark.parametrize("packed", PACKERS)
def test_standard_input_is_read_like_a_file(packed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = PACKERS[packed](TEXT.encode() * 30)
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(content)

    thread = threading.Thread(target=write)
    with os.fdopen(reading) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        thread.start()
        assert len(ids(Path("-"))) == 30 * ROWS + 29  # the header came thirty times: a row of its own, but for the first
        thread.join()
        assert estimated_lines(recognise(Path("-"))) == 0
