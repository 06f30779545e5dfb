"""Where photos and feeds may lie."""

from pathlib import Path

import pytest

from indexer.errors import InvalidField, PathRefused
from indexer.feed.places import PHOTOS_CAP, Places
from indexer.feed.read import read_feed, read_rows
from indexer.records import Photo, Product, Rejected
from indexer.settings import FeedSettings

HOME = Path("/feeds/shop")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("a.png", ["/feeds/shop/a.png"]),
        ("./x/../a b.png", ["/feeds/shop/a b.png"]),
        ("/photos/a.png", ["/photos/a.png"]),
        ("a.png|b.jpeg; c.jpg", ["/feeds/shop/a.png", "/feeds/shop/b.jpeg", "/feeds/shop/c.jpg"]),
        ("a.png,b.jpeg, c.webp", ["/feeds/shop/a.png", "/feeds/shop/b.jpeg", "/feeds/shop/c.webp"]),
        ("one, two", ["/feeds/shop/one, two"]),
        ("HTTPS://host/a.png?x=1,2;3", ["https://host/a.png?x=1,2;3"]),
        ("http://host/a.png,https://host/b.png", ["http://host/a.png", "https://host/b.png"]),
        ("http://host/a.png | http://host/a.png", ["http://host/a.png"]),
        (["a,b.png", {"url": "http://host/c.png"}, {"path": "a,b.png"}], ["/feeds/shop/a,b.png", "http://host/c.png"]),
        ([], []),
        ([None, " "], []),
    ],
)
def test_photos_are_paths_made_absolute_or_addresses(written: object, found: list[str]) -> None:
    photos = Places(HOME).photos([written])
    assert [photo.source for photo in photos] == found
    assert all(photo.is_remote == photo.source.startswith("http") for photo in photos)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("ftp://host/a.png", "ftp:"),
        ("file:///etc/passwd", "file:"),
        ("data:image/png;base64,xxxx", "data:"),
        ("javascript:alert(1)", "javascript:"),
        ("//host/a.png", "without http"),
        ("http://", "without a host"),
        ("http://[::1/a.png", "without a host"),
        ("a\0.png", "control"),
        ("a\ud800.png", "control"),
        ("x" * 3000, "2048"),
        (7, "neither"),
        ({"alt": "x"}, "without"),
        ([["a.png"]], "list of lists"),
        ([f"{number}.png" for number in range(PHOTOS_CAP + 1)], "more than 50"),
    ],
)
def test_what_is_no_photos_place_is_refused(written: object, why: str) -> None:
    with pytest.raises(InvalidField, match=why):
        Places(HOME).photos([written])


def shop(tmp_path: Path) -> Path:
    """A root with a feed in it; a link in the root that leads out of it."""
    root, out = tmp_path / "root", tmp_path / "out"
    root.mkdir()
    out.mkdir()
    for folder in (root, out):
        (folder / "a.png").write_bytes(b"x")
        (folder / "feed.jsonl").write_text('{"id": "1", "title": "Mug", "photo": "a.png"}\n', encoding="utf-8")
    (root / "link").symlink_to(out)
    return root


def test_a_message_may_name_only_feeds_under_the_roots(tmp_path: Path) -> None:
    root = shop(tmp_path)
    settings = FeedSettings()
    (found,) = read_feed(root / "feed.jsonl", settings, roots=[root])
    assert isinstance(found, Product)
    assert found.photos == (Photo(str(root / "a.png")),)
    for outside in (
        tmp_path / "out" / "feed.jsonl",
        root / "link" / "feed.jsonl",
        root / ".." / "out" / "feed.jsonl",
        tmp_path / "root2" / "x",
    ):
        with pytest.raises(PathRefused, match="outside the folders") as refused:
            read_feed(outside, settings, roots=[root])
        assert "FUSEDEX_FEED__ROOTS" in refused.value.cure
    with pytest.raises(PathRefused):
        read_feed(root / "feed.jsonl", settings, roots=[])


def test_a_root_may_itself_be_a_link(tmp_path: Path) -> None:
    root = shop(tmp_path)
    (found,) = read_feed(root / "feed.jsonl", FeedSettings(), roots=[tmp_path / "root" / "link", root])
    assert isinstance(found, Product)
    (found,) = read_feed(root / "link" / "feed.jsonl", FeedSettings(), roots=[root / "link"])
    assert isinstance(found, Product)
    assert found.photos == (Photo(str(tmp_path / "out" / "a.png")),)


@pytest.mark.parametrize(
    ("photo", "why"),
    [("a.png", "relative"), ("{out}/a.png", "outside"), ("{root}/link/a.png", "outside"), ("{root}/../out/a.png", "outside")],
)
def test_photos_of_a_message_lie_under_the_roots(tmp_path: Path, photo: str, why: str) -> None:
    root = shop(tmp_path)
    named = photo.format(root=root, out=tmp_path / "out")
    good = {"id": "1", "title": "Mug", "photo": str(root / "a.png")}
    rows = list(read_rows([good, good | {"photo": named}], origin="message", settings=FeedSettings(), roots=[root]))
    assert isinstance(rows[0], Product)
    assert isinstance(rows[1], Rejected)
    assert why in rows[1].reason
    assert (rows[1].field, rows[1].value) == ("photos", named[:80])
