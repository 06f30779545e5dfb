"""Folders, patterns and several files as one feed."""

from pathlib import Path

import pytest
import structlog

from indexer.errors import PathRefused, UnreadableFeed
from indexer.feed.gather import feed_files
from indexer.feed.read import read_feed
from indexer.records import Event, Photo, Product, Rejected
from indexer.settings import FeedSettings

SETTINGS = FeedSettings()


def fill(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def row(number: int) -> str:
    return f'{{"id": "{number}", "title": "Mug", "photo": "mug.png"}}\n'


def test_a_folders_feeds_are_one_feed_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = fill(
        tmp_path / "in", b__jsonl=row(2), a__csv="id,title,photo\n1,Mug,mug.png\n", c__txt="id\ttitle\n3\tMug\n", _SUCCESS="", __hidden="x"
    )
    fill(folder / "below", z__jsonl=row(9))
    fill(folder, notes__md="# not a feed")
    with structlog.testing.capture_logs() as events:
        found = list(read_feed(folder, SETTINGS))
    assert [row.id for row in found if isinstance(row, Product)] == ["1", "2", "3"]
    assert [(event["event"], event["first"], event["count"]) for event in events] == [("files_left_out", "notes.md", 1)]
    assert isinstance(found[0], Product)
    assert found[0].photos == (Photo(str(folder / "mug.png")),)


def test_patterns_are_sorted_and_may_reach_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fill(tmp_path / "in", b__jsonl=row(2), a__jsonl=row(1))
    below = fill(folder / "below", z__jsonl=row(9))
    assert feed_files(folder / "*.jsonl") == [folder / "a.jsonl", folder / "b.jsonl"]
    assert feed_files(folder / "**" / "*.jsonl") == [folder / "a.jsonl", folder / "b.jsonl", below / "z.jsonl"]
    monkeypatch.chdir(tmp_path)
    assert feed_files(Path("in/[ab].jsonl")) == [Path("in/a.jsonl"), Path("in/b.jsonl")]
    odd = fill(tmp_path / "odd", **{"a[1]__jsonl": row(1)})
    assert feed_files(odd / "a[1].jsonl") == [odd / "a[1].jsonl"]


def test_nothing_to_feed_and_the_same_file_twice_are_refused(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", a__jsonl=row(1))
    (tmp_path / "same.jsonl").symlink_to(folder / "a.jsonl")
    for feeds, why in (
        (fill(tmp_path / "empty"), "holds no feed"),
        (folder / "*.csv", "No file matches"),
        ([folder, tmp_path / "same.jsonl"], "is named twice"),
        ([Path("-"), Path("-")], "is named twice"),
        ([], "No feed is named"),
    ):
        with pytest.raises(UnreadableFeed, match=why) as refused:
            feed_files(feeds)
        assert refused.value.cure


def test_a_broken_file_ends_the_feed_behind_all_others(tmp_path: Path) -> None:
    folder = fill(
        tmp_path / "in", a__jsonl=row(1) + row(2)[:20], b__json="[" + row(3) + "," + row(4)[:20], c__jsonl=row(5), d__csv="colour\nred\n"
    )
    found: list[Event | Rejected] = []
    with pytest.raises(UnreadableFeed, match="3 files could not be read to their end") as refused:
        found.extend(read_feed(folder, SETTINGS))
    assert "a.jsonl" in refused.value.message
    assert [row.id for row in found if isinstance(row, Product)] == ["1", "3", "5"]
    assert [row.id for row in found if isinstance(row, Rejected)] == ["2"]


def test_paths_of_a_message_stay_under_the_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = fill(tmp_path / "outside", x__jsonl=row(1))
    inside = fill(tmp_path / "inside", a__jsonl=row(1))
    assert [one.id for one in read_feed([inside], SETTINGS, roots=[inside]) if isinstance(one, Product)] == ["1"]
    (inside / "y.jsonl").symlink_to(outside / "x.jsonl")
    monkeypatch.chdir(outside)
    for feed in (outside, inside, inside / "*.jsonl", inside / ".." / "outside" / "x.jsonl", Path("-")):
        with pytest.raises(PathRefused):
            read_feed(feed, SETTINGS, roots=[inside])
    monkeypatch.chdir(inside)
    with pytest.raises(UnreadableFeed):  # a file called so, and not what is piped in
        read_feed(Path("-"), SETTINGS, roots=[inside])
