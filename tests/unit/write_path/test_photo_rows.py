"""Claimed rows to documents where the index has vectors of photos alone: made from the same cached parts, and lost with them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders
from indexer.fuse.weighted import WeightedFusion
from indexer.operate.fuse_again import begin, walk_again
from indexer.photos.decode import decode
from indexer.records import LANES, Money
from indexer.vectors import Row, unit_row
from tests.unit.operate.weighed import ROWS, Weighed
from tests.unit.write_path.shop import WIDTH as SHOP_WIDTH
from tests.unit.write_path.test_documents_of_claims import NOW, WIDTH, Shed, again, png, row


@pytest.fixture
def shed(tmp_path: Path) -> Iterator[Shed]:
    shed = Shed(tmp_path)
    fusion = WeightedFusion(title=0.4, description=0.2, photo=0.4, width=WIDTH)
    shed.encoders = shed.desk.encoders = Encoders(HashedText(width=WIDTH), HashedPhoto(width=WIDTH), fusion, photo_vector=True)
    yield shed
    shed.workshop.close()


def mean_of(*tones: int) -> Row:
    rows = HashedPhoto(width=WIDTH).encode([decode(png(tone), pixels=10_000) for tone in tones])
    return unit_row(rows.sum(axis=0, dtype=np.float64), width=WIDTH)


def test_it_is_of_the_photos_that_could_be_had(shed: Shed) -> None:
    both, one, none = (
        shed.one(row(*photos, id_=id_))[0]
        for id_, photos in (
            ("both", (shed.host.show("https://a/1", 10), shed.host.show("https://a/2", 200))),
            ("one", ("https://a/1", shed.host.fail("https://a/3"))),
            ("none", ("https://a/3",)),
        )
    )
    assert both.photo_row == pytest.approx(mean_of(10, 200), abs=1e-6)
    assert one.photo_row == pytest.approx(mean_of(10), abs=1e-6)
    assert (none.photo_row, none.row is None) == (None, False)


def test_a_changed_price_brings_it_along_and_runs_no_model(shed: Shed) -> None:
    claimed = row(shed.host.show("https://a/1", 10))
    before, finished, _ = shed.one(claimed)
    after, _, made = shed.one(again(claimed, finished, price=Money(900, "EUR")), lane="offers", moment=NOW + 1)
    assert (made.texts, made.photos) == (0, 0)
    assert after.photo_row is not None
    assert after.photo_row == pytest.approx(before.photo_row, abs=0)


def test_a_product_that_is_gone_has_none(shed: Shed) -> None:
    gone = row(shed.host.show("https://a/1", 10))
    document = shed.make([type(gone)(id="p", row_version=9, product=None, attempts=1)]).documents[0]
    assert (document.product, document.row, document.photo_row) == (None, None, None)


class Shown(Weighed):
    """The shop whose index has vectors of photos alone."""

    def _encoders(self) -> Encoders:
        self.models_made += 1
        fusion = WeightedFusion(title=self.title, description=0.2, photo=0.4, width=SHOP_WIDTH)
        return Encoders(self.text, self.photo, fusion, photo_vector=True)


def test_fused_again_the_photos_stay_what_they_are_and_the_index_keeps_its_place_for_them(tmp_path: Path) -> None:
    shop = Shown(tmp_path)
    for tone in range(3):
        (tmp_path / f"{tone}.png").write_bytes(png(80 * tone))
    shop.feed([{**told, "photos": [str(tmp_path / f"{place % 3}.png")]} if place % 2 else told for place, told in enumerate(ROWS)])
    shop.drain()
    shop.clock.ahead_s += 300
    before, runs = {id_: kept.rows for id_, kept in shop.store._kept.items()}, shop.runs()
    assert sum("photo_vector" in rows for rows in before.values()) == len(ROWS) // 2
    shop.reweigh(0.9)
    current = begin(shop.ledger, shop.store, shop.encoders())
    assert current is not None
    assert walk_again(shop.ledger, current) == shop.drain() == len(ROWS)
    assert shop.runs() == runs
    assert shop.store.describe().identity.photo_vector
    for id_, rows in before.items():
        now = shop.store._kept[id_].rows
        assert now.keys() == rows.keys()
        assert not np.allclose(now["vector"], rows["vector"])
        if "photo_vector" in rows:
            assert now["photo_vector"] == pytest.approx(rows["photo_vector"], abs=0)
    assert not any(shop.ledger.counts().dirty.get(lane) for lane in LANES)
    shop.close()
