"""Claimed rows to documents: what is asked of photo hosts and models and when, what is recorded, and when a row wakes."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.encode.base import Pixels
from indexer.encode.crew import Crew
from indexer.encode.engine import Encoded, Engine
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders
from indexer.fuse.weighted import WeightedFusion
from indexer.ledger.base import Claimed, Finished, PartRef
from indexer.ledger.vectors import open_vectors
from indexer.photos.base import Fetched
from indexer.records import Money, Photo, PhotoStatus, Product, Sale
from indexer.settings import EncodeSettings, PhotoSettings, Settings
from indexer.store.base import Document
from indexer.store.memory import MemoryStore
from indexer.work.documents import LATER, WORST_FIRST, Made, make_documents
from indexer.work.pictures import Picture, Pictures, Places
from indexer.work.workshop import Makers, Workshop

NOW = 1_800_000_000_000_000
HOUR = 3_600_000_000
WIDTH = 64


def png(tone: int, *, side: int = 24) -> bytes:
    out = BytesIO()
    Image.fromarray(np.full((side, side, 3), tone, dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


class Host:
    """Photos by address as a test has them; remembers what it was asked."""

    def __init__(self) -> None:
        self.has: dict[str, Fetched] = {}
        self.asked: list[list[str]] = []
        self.closed = False

    def show(self, address: str, tone: int) -> str:
        self.has[address] = Fetched(data=png(tone), status="used")
        return address

    def fail(self, address: str, status: PhotoStatus = "unreachable", retry_at: int | None = NOW + HOUR) -> str:
        self.has[address] = Fetched(status=status, reason="a test", retry_at=retry_at)
        return address

    def fetch(self, addresses: Sequence[str]) -> Mapping[str, Fetched]:
        self.asked.append(list(addresses))
        return {address: self.has[address] for address in addresses}

    def purge(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True


class Desk:
    """The engine for one index's encoders, with the sizes of what it was asked for."""

    def __init__(self, encoders: Encoders, crew: Crew) -> None:
        self.engine = Engine(crew=crew)
        self.encoders = encoders
        self.photo_counts: list[int] = []
        self.before_photos: Callable[[], None] = lambda: None

    def texts(self, texts: Sequence[str]) -> Encoded:
        return self.engine.texts(self.encoders.text, texts, side="product")

    def photos(self, photos: Sequence[Pixels]) -> Encoded:
        self.before_photos()
        self.photo_counts.append(len(photos))
        return self.engine.photos(self.encoders.photo, photos) if self.encoders.photo else Encoded()


class Shed:
    """A workshop over a real cache, real engine and hashed encoders."""

    def __init__(self, folder: Path, *, batch: int = 4, fetching: bool = True) -> None:
        self.host = Host()
        self.settings = Settings(home=folder, encode=EncodeSettings(text="hashed", photo="hashed", batch=batch))
        self.crew = Crew(2)
        fusion = WeightedFusion(title=0.4, description=0.2, photo=0.4, width=WIDTH)
        self.encoders = Encoders(HashedText(width=WIDTH), HashedPhoto(width=WIDTH), fusion)
        self.desk = Desk(self.encoders, self.crew)
        self.workshop = Workshop(
            Makers(
                store=MemoryStore,
                cache=lambda: open_vectors(f"sqlite:///{folder / 'vectors.sqlite'}"),
                encoders=lambda: self.encoders,
                engine=lambda _: self.desk,
                fetcher=lambda: self.host if fetching else None,
                crew=lambda: self.crew,
            )
        )

    def make(self, rows: Sequence[Claimed], *, lane: str = "encode", moment: int = NOW) -> Made:
        return make_documents(rows, self.workshop, self.settings, lane=lane, moment=moment)  # type: ignore[arg-type]  # a lane

    def one(self, row: Claimed, *, lane: str = "encode", moment: int = NOW) -> tuple[Document, Finished, Made]:
        made = self.make([row], lane=lane, moment=moment)
        return made.documents[0], made.finished[row.id], made


@pytest.fixture
def shed(tmp_path: Path) -> Iterator[Shed]:
    shed = Shed(tmp_path)
    yield shed
    shed.workshop.close()


def row(*photos: str, id_: str = "p", **more: object) -> Claimed:
    product = Product(id=id_, title=f"sofa {id_}", photos=tuple(map(Photo, photos)), **more)  # type: ignore[arg-type]
    return Claimed(id=id_, row_version=7, product=product, attempts=1)


def again(before: Claimed, finished: Finished, **product: object) -> Claimed:
    """The row as it is claimed after that write: same content, the offer as told."""
    assert before.product is not None
    changed = replace(before.product, **product)  # type: ignore[arg-type]
    return replace(before, product=changed, row_version=8, parts=finished.parts, photo_status=finished.photo_status)


def test_photos_by_address_are_asked_for_together_and_used_in_order(shed: Shed) -> None:
    first = row(shed.host.show("https://a/1", 10), shed.host.show("https://b/2", 200), id_="p")
    second = row(shed.host.show("https://a/3", 90), id_="q")
    made = shed.make([first, second])
    assert shed.host.asked == [["https://a/1", "https://b/2", "https://a/3"]]
    assert [document.photo_status for document in made.documents] == ["used", "used"]
    assert made.photos == 3
    tones = [part.digest for part in made.finished["p"].parts if part.kind == "photo"]
    swapped = shed.one(row("https://b/2", "https://a/1"))[1]
    assert [part.digest for part in swapped.parts if part.kind == "photo"] == tones[::-1]


def test_without_a_fetcher_nothing_is_asked(tmp_path: Path) -> None:
    shed = Shed(tmp_path, fetching=False)
    document, finished, made = shed.one(row("https://a/1"))
    assert (document.photo_status, finished.wake, made.photos) == ("remote", None, 0)
    shed.workshop.close()


@pytest.mark.parametrize("status", ["unreachable", "pending", "refused"])
def test_a_photo_that_can_not_be_had_leaves_a_text_only_document_and_a_time_to_try_again(shed: Shed, status: PhotoStatus) -> None:
    retry_at = None if status == "refused" else NOW + HOUR
    document, finished, _ = shed.one(row(shed.host.fail("https://a/1", status, retry_at)))
    assert document.photo_status == finished.photo_status == status
    assert document.row is not None
    assert (finished.wake, finished.wake_lane) == ((NOW + HOUR, "backfill") if retry_at else (None, "offers"))


def test_a_changed_price_asks_no_host_and_runs_no_model_and_keeps_the_time_to_try_again(shed: Shed) -> None:
    claimed = row(shed.host.show("https://a/1", 10), shed.host.fail("https://a/2"))
    document, finished, _ = shed.one(claimed)
    assert document.photo_status == "used"
    asked = len(shed.host.asked)
    for lane, moment in (("offers", NOW + 1), ("offers", NOW + 2 * HOUR), ("backfill", NOW + HOUR - 1)):
        cheaper = again(claimed, finished, price=Money(900, "EUR"))
        document, later, made = shed.one(cheaper, lane=lane, moment=moment)
        assert (made.texts, made.photos, len(shed.host.asked)) == (0, 0, asked)
        assert (later.wake, later.wake_lane) == (NOW + HOUR, "backfill")
        assert later.parts == finished.parts
        assert document.photo_status == "used"
        assert document.price_now == Money(900, "EUR")
        assert document.row is not None
        finished = later


def test_when_its_time_has_come_the_photo_is_asked_for_again_and_only_it_is_encoded(shed: Shed) -> None:
    claimed = row(shed.host.show("https://a/1", 10), shed.host.fail("https://a/2"))
    before, finished, _ = shed.one(claimed)
    shed.host.show("https://a/2", 200)
    after, later, made = shed.one(again(claimed, finished), lane="backfill", moment=NOW + HOUR)
    assert (made.texts, made.photos) == (0, 1)
    assert later.wake is None
    assert LATER not in {part.kind for part in later.parts}
    assert len([part for part in later.parts if part.kind == "photo"]) == 2
    assert before.row is not None
    assert after.row is not None
    assert not np.allclose(before.row, after.row)


def test_a_sale_and_a_photo_share_the_one_wake_and_none_is_forgotten(shed: Shed) -> None:
    sale = Sale(Money(500, "EUR"), begins=NOW + HOUR // 2, ends=NOW + 3 * HOUR)
    claimed = row(shed.host.fail("https://a/1"), price=Money(1000, "EUR"), sale=sale)
    document, finished, _ = shed.one(claimed)
    assert document.price_now == Money(1000, "EUR")
    assert (finished.wake, finished.wake_lane) == (NOW + HOUR // 2, "offers")
    document, finished, _ = shed.one(again(claimed, finished), lane="offers", moment=NOW + HOUR // 2)
    assert document.price_now == Money(500, "EUR")
    assert (finished.wake, finished.wake_lane) == (NOW + HOUR, "backfill")
    shed.host.fail("https://a/1", retry_at=NOW + 9 * HOUR)
    document, finished, _ = shed.one(again(claimed, finished), lane="backfill", moment=NOW + HOUR)
    assert (finished.wake, finished.wake_lane) == (NOW + 3 * HOUR, "offers")
    document, finished, _ = shed.one(again(claimed, finished), lane="offers", moment=NOW + 3 * HOUR)
    assert document.price_now == Money(1000, "EUR")
    assert (finished.wake, finished.wake_lane) == (NOW + 9 * HOUR, "backfill")


def test_changing_one_photo_of_five_encodes_one_photo(shed: Shed) -> None:
    five = [shed.host.show(f"https://a/{n}", 20 * n) for n in range(5)]
    assert shed.one(row(*five))[2].photos == 5
    shed.host.show("https://a/new", 250)
    _, finished, made = shed.one(row(*five[:2], "https://a/new", *five[3:]))
    assert (made.texts, made.photos, made.cached) == (0, 1, 5)
    assert len([part for part in finished.parts if part.kind == "photo"]) == 5


def test_a_photo_that_many_variants_show_is_brought_and_encoded_once(shed: Shed) -> None:
    shed.host.show("https://a/1", 10)
    made = shed.make([row("https://a/1", id_=f"p{n}") for n in range(9)])
    assert shed.host.asked == [["https://a/1"]]
    assert made.photos == 1
    assert {document.photo_status for document in made.documents} == {"used"}


def test_the_worst_status_is_told_where_no_photo_is_used(shed: Shed, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no photo")
    sources = {
        "unusable": str(broken),
        "refused": shed.host.fail("https://refused/", "refused", None),
        "missing": str(tmp_path / "missing.png"),
        "unreachable": shed.host.fail("https://unreachable/"),
        "pending": shed.host.fail("https://pending/", "pending"),
    }
    order = [status for status in WORST_FIRST if status != "remote"]
    assert order == list(sources)
    for start, status in enumerate(order):
        assert shed.one(row(*[sources[name] for name in reversed(order[start:])]))[0].photo_status == status


def test_fetched_bytes_that_are_no_photo_are_unusable(shed: Shed) -> None:
    shed.host.has["https://a/1"] = Fetched(data=b"<html>", status="used")
    document, finished, _ = shed.one(row("https://a/1"))
    assert (document.photo_status, finished.wake) == ("unusable", None)


def test_a_missing_file_is_looked_for_at_every_write(shed: Shed, tmp_path: Path) -> None:
    file = tmp_path / "late.png"
    claimed = row(str(file))
    document, finished, _ = shed.one(claimed)
    assert document.photo_status == "missing"
    file.write_bytes(png(40))
    document, _, made = shed.one(again(claimed, finished), lane="offers")
    assert (document.photo_status, made.texts, made.photos) == ("used", 0, 1)


def test_a_kind_of_text_that_gains_or_loses_weight_is_encoded_or_left_out_when_all_is_made_again(shed: Shed) -> None:
    def weigh(brand: float) -> None:
        shed.settings = shed.settings.model_copy(update={"encode": shed.settings.encode.model_copy(update={"brand_weight": brand})})

    claimed = row(shed.host.show("https://a/1", 10), brand="Acme")
    _, finished, _ = shed.one(claimed)
    assert [part.kind for part in finished.parts] == ["title", "photo"]
    weigh(0.2)
    assert shed.one(again(claimed, finished), lane="offers")[1].parts == finished.parts  # a price stays cheap
    _, branded, made = shed.one(again(claimed, finished), lane="backfill")
    assert [part.kind for part in branded.parts] == ["title", "brand", "photo"]
    assert (made.texts, made.photos) == (1, 0)
    weigh(0.0)
    _, plain, made = shed.one(again(claimed, branded), lane="backfill")
    assert plain.parts == finished.parts
    assert (made.texts, made.photos) == (0, 0)


def test_a_cache_that_was_emptied_has_its_rows_made_again(shed: Shed) -> None:
    claimed = row(shed.host.show("https://a/1", 10))
    before, finished, _ = shed.one(claimed)
    gone = replace(finished, parts=(*finished.parts, PartRef("title", "0" * 32)))
    after, later, _ = shed.one(again(claimed, gone), lane="backfill")
    assert later.parts == finished.parts
    assert before.row is not None
    assert after.row is not None
    assert (before.row == after.row).all()


def test_a_tombstone_needs_no_model() -> None:
    class Nothing:
        def places(self, number: int) -> threading.Semaphore:
            return threading.Semaphore(number)

    made = make_documents([Claimed(id="p", row_version=3, product=None, attempts=1)], Nothing(), Settings())  # type: ignore[arg-type]
    (document,) = made.documents
    assert (document.id, document.version, document.product, document.row) == ("p", 3, None, None)
    assert made.finished["p"] == Finished(id="p", row_version=3)


def test_decoded_photos_are_bounded_over_all_passes_of_a_process(tmp_path: Path) -> None:
    shed = Shed(tmp_path, batch=4)
    addresses = [shed.host.show(f"https://a/{n}", n) for n in range(60)]
    places = shed.workshop.places(8)
    threads = [
        threading.Thread(target=shed.make, args=([row(*addresses[n * 15 : n * 15 + 15], id_=f"p{n}")],), name=f"pass {n}") for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(shed.desk.photo_counts) == 60
    assert max(shed.desk.photo_counts) <= 4
    assert places._value == 8  # all given back
    shed.workshop.close()


def test_no_more_is_decoded_than_there_are_places(shed: Shed) -> None:
    wanted = [Photo(shed.host.show(f"https://a/{n}", n)) for n in range(10)]
    seen: list[int] = []
    held = 0
    with Places(threading.Semaphore(3)) as places:
        for picture in Pictures(shed.workshop, places, shed.settings).each(wanted):
            if picture is None:
                seen.append(held)
                places.give(held)
                held = 0
            else:
                held += 1
        seen.append(held)
    assert seen == [3, 3, 3, 1]


def test_places_come_back_when_a_pass_ends_in_an_error(shed: Shed) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    shed.desk.before_photos = fail
    with pytest.raises(KeyboardInterrupt):
        shed.one(row(*[shed.host.show(f"https://a/{n}", n) for n in range(9)]))
    assert shed.workshop.places(8)._value == 8


def test_photos_that_took_the_patience_of_a_claim_are_left_for_later(tmp_path: Path) -> None:
    shed = Shed(tmp_path, batch=512)
    shed.settings = shed.settings.model_copy(update={"photos": PhotoSettings(patience_s=1e-9, retry_s=60)})
    wanted = [Photo(shed.host.show(f"https://a/{n}", n % 250)) for n in range(300)]

    class Bench:
        crew = shed.crew
        fetcher = shed.host

    pictures: list[Picture | None] = []
    with Places(threading.Semaphore(1000)) as places:
        pictures += Pictures(Bench(), places, shed.settings).each([*wanted, *wanted])
    assert shed.host.asked == []
    assert len(pictures) == 300
    assert {picture.status for picture in pictures if picture} == {"pending"}
    assert all(picture.retry_at for picture in pictures if picture)
    shed.workshop.close()


def test_closing_the_workshop_closes_what_was_made_and_nothing_else(tmp_path: Path) -> None:
    shed = Shed(tmp_path)
    shed.workshop.close()
    assert not shed.host.closed
    shed.one(row(shed.host.show("https://a/1", 3)))
    shed.workshop.close()
    assert shed.host.closed
