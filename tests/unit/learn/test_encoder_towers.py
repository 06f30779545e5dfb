"""Rows of encoders while they learn, photos that are read, and the projection that a training begins with."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.encode.image import ImageEncoder
from indexer.errors import LearningError
from indexer.learn.encoder_network import make_network
from indexer.learn.encoder_pairs import Ware
from indexer.learn.encoder_towers import TOGETHER, PhotoReader, Towers, first_projection
from indexer.learn.rows import PhotoLimits
from tests.unit.learn.encoder_shop import photo_encoder, text_encoder

COLOURS = {"black": (10, 10, 10), "red": (220, 20, 20), "blue": (20, 20, 220), "white": (250, 250, 250)}


@pytest.fixture
def wares(tmp_path: Path) -> list[Ware]:
    """Four chairs of each colour, each with a photo of it."""
    made = []
    for colour, values in COLOURS.items():
        for number in range(4):
            file = tmp_path / f"{colour}{number}.png"
            Image.new("RGB", (20 + number, 24), values).save(file)
            made.append(Ware(id=file.stem, title=f"{colour} chair", photo=file))
    return made


def test_texts_come_back_in_their_order_however_many(tmp_path: Path) -> None:
    text = text_encoder(tmp_path / "bert")
    towers = Towers(text, None, make_network(text, None), PhotoReader())
    words = ["norda alba black chair 40 cm", "lamp", "old oak sofa", "red"]
    many = [words[number % 4] for number in range(TOGETHER + 3)]
    rows = towers.texts(many, side="query")
    assert rows.shape == (TOGETHER + 3, 32)
    assert rows == pytest.approx(np.concatenate([text.encode([one], side="query") for one in many]), abs=1e-5)
    assert towers.texts([]).shape == (0, 32)
    assert towers.photos([]).shape == (0, 32)


def test_towers_without_photos_say_so(tmp_path: Path) -> None:
    text = text_encoder(tmp_path / "bert")
    towers = Towers(text, None, make_network(text, None), PhotoReader())
    with pytest.raises(LearningError, match="none for photos"):
        towers.pixels([tmp_path / "a.png"])


def test_a_photo_is_read_or_told(wares: list[Ware], tmp_path: Path) -> None:
    read = PhotoReader()
    assert wares[4].photo is not None
    assert read(wares[4].photo)[0, 0].tolist() == [220, 20, 20]
    assert read.usable(wares[4].photo)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no photo")
    for path in (broken, tmp_path / "none.png"):
        assert not read.usable(path)
        with pytest.raises(LearningError, match=path.name):
            read(path)
    assert not PhotoReader(PhotoLimits(pixels=100)).usable(wares[4].photo), "larger than is allowed"
    assert not PhotoReader(PhotoLimits(largest_bytes=10)).usable(wares[4].photo)


def test_the_first_projection_brings_photos_to_their_titles(wares: list[Ware], tmp_path: Path) -> None:
    text, photo = text_encoder(tmp_path / "bert"), photo_encoder(tmp_path / "vit")
    read = PhotoReader()
    start = first_projection(wares, text, photo, read=read)
    assert start.weight.shape == (32, photo.spec.width)
    projected = ImageEncoder(photo.network, start)
    towers = Towers(text, projected, make_network(text, projected), read)
    titles = [f"{colour} chair" for colour in COLOURS]
    seen = towers.photos([ware.photo for ware in wares if ware.photo])
    found = (seen @ towers.texts(titles, side="query").T).argmax(axis=1)
    right = [list(COLOURS).index(ware.title.split()[0]) for ware in wares]
    assert np.mean(found == right) >= 0.75, "four plain colours are told apart"
    assert seen == pytest.approx(projected.encode([read(ware.photo) for ware in wares if ware.photo]), abs=1e-5)


def test_one_photo_is_too_few_for_a_projection(wares: list[Ware], tmp_path: Path) -> None:
    text, photo = text_encoder(tmp_path / "bert"), photo_encoder(tmp_path / "vit")
    with pytest.raises(LearningError, match="1 photos are too few"):
        first_projection(wares[:1], text, photo, read=PhotoReader())
