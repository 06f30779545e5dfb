"""Photos: only what an indexed product names, drawn small, nothing of the file itself."""

import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from indexer.service.gallery import SIDE, Gallery
from indexer.service.uploads import Uploads
from indexer.settings import FeedSettings
from tests.unit.service.web import awkward, png, searcher, web_app


def size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
        return image.size


def test_a_products_photo_comes_small_and_is_kept_by_the_browser(client: TestClient) -> None:
    response = client.get("/photos/0001/0")
    assert response.headers["content-type"] == "image/webp"
    assert max(size(response.content)) <= SIDE
    assert "max-age" in response.headers["cache-control"]
    again = client.get("/photos/0001/0", headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


@pytest.mark.parametrize(
    "address", ["/photos/0001/1", "/photos/0030/0", "/photos/nothing/0", "/photos/0001/-1", "/photos/0001/x", "/photos/0001"]
)
def test_there_is_no_such_photo(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/photos//etc/passwd/0",
        "/photos/..%2F..%2Fetc%2Fpasswd/0",
        "/photos/%2Fetc%2Fpasswd/0",
        "/photos/0001/../../../etc/passwd/0",
        "/photos/%00/0",
    ],
)
def test_no_address_reads_a_path(client: TestClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert "root:" not in response.text


def test_photos_that_can_not_be_shown_are_404_without_a_word_of_where_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    things = awkward(folder)
    # Indexed without looking at the photos, as a feed would whose photos come and go.
    client = TestClient(web_app(catalogue=[]))
    gallery: Gallery = client.app.state.gallery  # type: ignore[attr-defined]  # the client hides the app's type
    gallery._photos.update({thing.id: thing.photos for thing in things})
    for product_id in ("gone", "broken", "secret", "folder"):
        response = client.get(f"/photos/{product_id}/0")
        assert response.status_code == 404
        assert str(folder) not in response.text
        assert "a secret" not in response.text
    assert client.get("/photos/..%2Fetc%2Fpasswd/0").status_code == 404  # an address elsewhere is not fetched
    assert client.get("/photos/..%2Fetc%2Fpasswd/1").status_code == 200


async def test_a_photo_that_changes_is_drawn_anew(tmp_path: Path) -> None:
    [thing, *_] = awkward(tmp_path)
    gallery = Gallery(searcher([]), FeedSettings())
    gallery._photos[thing.id] = thing.photos
    first = await gallery.thumbnail(thing.id, 1)
    assert first is not None
    assert await gallery.thumbnail(thing.id, 1) is first
    (tmp_path / "good.png").write_bytes(png("blue", side=48))
    second = await gallery.thumbnail(thing.id, 1)
    assert second is not None
    assert second.tag != first.tag
    assert size(second.data) == (48, 48)


async def test_the_gallery_forgets_what_is_oldest(tmp_path: Path) -> None:
    [thing, *_] = awkward(tmp_path)
    gallery = Gallery(searcher([]), FeedSettings(), kept_bytes=1)
    gallery._photos[thing.id] = thing.photos
    for side in (32, 33, 34):
        (tmp_path / "good.png").write_bytes(png(side=side))
        assert await gallery.thumbnail(thing.id, 1) is not None
    assert len(gallery._drawn) == 1
    assert gallery._size == sum(len(drawn.data) for drawn in gallery._drawn.values())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_uploads_are_kept_for_a_while_and_within_bounds() -> None:
    clock = Clock()
    uploads = Uploads(kept_s=10, kept_bytes=250, clock=clock)
    first = uploads.put(b"a" * 90, b"t" * 10)
    clock.now = 5
    second = uploads.put(b"b" * 90, b"t" * 10)
    assert len({first, second}) == 2
    assert len(first) >= 22  # 128 bits in base64
    kept = uploads.get(first)
    assert kept is not None
    assert kept.data == b"a" * 90
    third = uploads.put(b"c" * 90, b"t" * 10)  # 300 bytes are more than 250: the oldest goes
    assert uploads.get(first) is None
    assert uploads.get(second) is not None
    clock.now = 15
    assert uploads.get(second) is None  # its time is over at 15
    assert uploads.get(third) is None


def test_one_large_upload_is_kept_whatever_its_size() -> None:
    uploads = Uploads(kept_bytes=10)
    name = uploads.put(b"x" * 100, b"")
    assert uploads.get(name) is not None
