"""Every encoder of ours keeps the public contract, and encoders that break a part of it are found out."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from indexer.encode.base import PhotoEncoder, Pixels, Side, TextEncoder
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.errors import ContractBroken
from indexer.settings import EncodeSettings
from indexer.specs import ModelSpec
from indexer.testing import PHOTO_CASES, TEXT_CASES, PhotoCase, TextCase
from tests.data.models import tiny_bert, tiny_dual, tiny_timm

text_cases = pytest.mark.parametrize("case", TEXT_CASES, ids=str)
photo_cases = pytest.mark.parametrize("case", PHOTO_CASES, ids=str)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, EncodeSettings]:
    root: Path = tmp_path_factory.mktemp("contract")
    bert, clip, siglip = tiny_bert(root / "bert"), tiny_dual(root / "clip", "clip"), tiny_dual(root / "siglip", "siglip")
    resnet = tiny_timm(root / "resnet", "resnet10t", {"input_size": [3, 64, 64]})
    return {
        "hashed": EncodeSettings(text="hashed", photo="hashed"),
        "transformer": EncodeSettings(text="transformer", text_folder=bert, query_prefix="query : ", product_prefix="a ", device="cpu"),
        "last": EncodeSettings(text="transformer", text_folder=bert, text_pooling="last", device="cpu"),
        "clip": EncodeSettings(text="dual", photo="dual", text_folder=clip, device="cpu"),
        "siglip": EncodeSettings(text="dual", photo="dual", text_folder=siglip, device="cpu"),
        "image": EncodeSettings(text="hashed", photo="image", photo_folder=resnet, fusion="mlp", device="cpu"),
    }


@text_cases
@pytest.mark.parametrize("name", ["hashed", "transformer", "last", "clip", "siglip"])
def test_text_encoders_keep_the_contract(name: str, case: TextCase, settings: Mapping[str, EncodeSettings]) -> None:
    case.check(partial(make_text_encoder, settings[name]))


@photo_cases
@pytest.mark.parametrize("name", ["hashed", "clip", "siglip", "image"])
def test_photo_encoders_keep_the_contract(name: str, case: PhotoCase, settings: Mapping[str, EncodeSettings]) -> None:
    def make() -> PhotoEncoder:
        encoder = make_photo_encoder(settings[name], make_text_encoder(settings[name]))
        assert encoder is not None
        return encoder

    case.check(make)


class Narrow(HashedText):
    """Rows of another width than the spec's."""

    def finish(self, raw: npt.ArrayLike) -> npt.NDArray[np.float32]:
        return super().finish(raw)[:, :8]


class Long(HashedText):
    """Rows that are not unit rows."""

    def finish(self, raw: npt.ArrayLike) -> npt.NDArray[np.float32]:
        return super().finish(raw) * np.float32(3)


class Shuffled(HashedText):
    """Rows sorted by something else."""

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        return sorted(texts)


class Reversed(HashedText):
    """Rows last to first."""

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        return list(texts)[::-1]


class Mixed(HashedText):
    """Rows that lean to their batch."""

    def run(self, inputs: object) -> npt.ArrayLike:
        rows: npt.NDArray[np.float64] = np.asarray(super().run(inputs), dtype=np.float64)
        return np.asarray(rows + rows.mean(axis=0))


class Forgetful(HashedText):
    """A prefix that nobody puts there."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = ModelSpec(name="f", revision="1", width=64, weights="none", licence="MIT", origin="a test", query_prefix="query: ")

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        return list(texts)


class Random(HashedText):
    """Other rows each time, under another name."""

    def __init__(self) -> None:
        super().__init__()
        noise = np.random.default_rng()
        self.spec = ModelSpec(name=str(noise.random()), revision="1", width=64, weights="none", licence="MIT", origin="a test")
        self._noise = noise

    def run(self, inputs: object) -> npt.ArrayLike:
        assert isinstance(inputs, list)
        return self._noise.normal(size=(len(inputs), 64))


class Nameless(HashedText):
    """A spec without a licence, and lengths of nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = ModelSpec(name="n", revision="1", width=64, weights="none", licence="", origin="a test")

    def length(self, text: str) -> float:
        return 0


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        (Narrow, {"unit rows", "empty"}),
        (Long, {"unit rows", "empty"}),
        (Shuffled, {"order"}),
        (Reversed, {"order", "batches"}),
        (Mixed, {"batches"}),
        (Forgetful, {"sides"}),
        (Random, {"order", "batches", "again", "sides", "digest"}),
        (Nameless, {"digest", "length"}),
        (HashedText, set()),
    ],
)
def test_each_breach_is_found_by_its_case(kind: Callable[[], TextEncoder], broken: set[str]) -> None:
    assert {case.name for case in TEXT_CASES if breaks(case, kind)} >= broken
    assert broken or not any(breaks(case, kind) for case in TEXT_CASES)


def breaks(case: TextCase, kind: Callable[[], TextEncoder]) -> bool:
    try:
        case.check(kind)
    except ContractBroken as error:
        return bool(error.cure)
    return False


class Backwards(HashedPhoto):
    """Photos last to first."""

    def prepare(self, photos: Sequence[Pixels]) -> object:
        return super().prepare(photos[::-1])


class Together(HashedPhoto):
    """Rows that lean to their batch."""

    def run(self, inputs: object) -> npt.ArrayLike:
        rows: npt.NDArray[np.float64] = np.asarray(super().run(inputs), dtype=np.float64)
        return np.asarray(rows + rows.sum(axis=0))


@pytest.mark.parametrize(("kind", "broken"), [(Backwards, "order"), (Together, "batches")])
def test_breaches_of_photo_encoders_are_found_too(kind: Callable[[], PhotoEncoder], broken: str) -> None:
    case = next(case for case in PHOTO_CASES if case.name == broken)
    with pytest.raises(ContractBroken):
        case.check(kind)
