"""The store of photos against a dictionary: any order of saving, damaging, using and purging."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.photos.blobs import FolderBlobs
from indexer.photos.kept import KeptPhotos, Record, Size

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
records = st.builds(
    Record,
    host=texts,
    sha=st.sampled_from(["", "0" * 64]),
    etag=texts,
    last_modified=texts,
    fetched=st.integers(0, 2**60),
    failures=st.integers(0, 10**6),
    retry_at=st.integers(0, 2**60),
    reason=texts,
    status=st.sampled_from(["unreachable", "unusable"]),
)


@settings(deadline=None, max_examples=40)  # the disk's time says nothing
@given(records, st.binary(max_size=40), st.integers(0, 200))
def test_a_record_comes_back_or_is_absent_when_damaged(record: Record, junk: bytes, cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = KeptPhotos(FolderBlobs(Path(folder)))
        kept.note("ab" * 32, record)
        assert kept.record("ab" * 32) == record
        (file,) = Path(folder, "addresses").rglob("*.json")
        whole = file.read_bytes()
        file.write_bytes(whole[: min(cut, len(whole) - 1)] + junk)
        damaged = kept.record("ab" * 32)
        assert damaged is None or isinstance(damaged, Record)


@settings(deadline=None, max_examples=40)  # the disk's time says nothing
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), min_size=1, max_size=25), st.integers(0, 400))
def test_a_purge_leaves_the_newest_that_fit(photos: list[tuple[int, int]], largest: int) -> None:
    """Of `photos` (age in days, size): those that stay fit, and none that went is of a later day than one that stayed."""
    now = 1_700_006_400.0
    with tempfile.TemporaryDirectory() as folder:
        kept = KeptPhotos(FolderBlobs(Path(folder)))
        ages: dict[str, int] = {}
        for number, (age, size) in enumerate(photos):
            sha = kept.save(number.to_bytes(2, "big") + bytes(size))
            ages[sha] = age
            os.utime(Path(folder, "photos", sha[:2], sha[2:4], sha), (now - age * 86_400,) * 2)
        before = kept.size()
        went = kept.purge(unused_s=30 * 86_400, largest_bytes=largest, now=now)
        after = kept.size()
        assert after == Size(before.photos - went.photos, before.bytes - went.bytes, 0)
        assert after.bytes <= largest
        stayed = [age for sha, age in ages.items() if kept.load(sha) is not None]
        gone = [age for sha, age in ages.items() if kept.load(sha) is None]
        assert not stayed or not gone or max(stayed) <= min(gone)


@settings(deadline=None, max_examples=40)  # the disk's time says nothing
@given(st.lists(st.binary(max_size=30), max_size=10))
def test_equal_bytes_are_kept_once(photos: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = KeptPhotos(FolderBlobs(Path(folder)))
        shas = [kept.save(data) for data in photos]
        assert [kept.load(sha) for sha in shas] == photos
        assert kept.size().photos == len(set(photos))
        record = replace(Record(host="h"), sha=shas[0] if shas else "")
        kept.note("cd" * 32, record)
        assert kept.record("cd" * 32) == record
