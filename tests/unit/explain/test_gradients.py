"""Integrated gradients on a tiny BERT: they add up, words that do nothing get nothing, and what is not read is said."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from indexer.encode.folder import Folder
from indexer.encode.hashed import HashedText
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import ModelUnavailable
from indexer.explain.gradients import GAP, can_integrate, integrated
from indexer.explain.words import words_of
from indexer.text import segmenter
from indexer.vectors import Row, cosine
from tests.tiny_bert import make_tiny_bert


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bert(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TransformerEncoder:
    return TransformerEncoder(Folder(path=folder, name="tiny"), device="cpu", threads=1)


def row(seed: int) -> Row:
    return np.random.default_rng(seed).normal(size=16).astype(np.float32)


TEXTS = ("oak chair", "red sofa, blackish a b", "chair", "unheard words here", "黑色 chair", "a b a b oak oak sofa red chair b a")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_base_and_words_add_up_to_the_cosine(encoder: TransformerEncoder, text: str, seed: int) -> None:
    words = words_of(text, segmenter())
    found = integrated(encoder, text, words, toward=row(seed), side="product")
    assert found.cosine == pytest.approx(cosine(encoder.encode([text], side="product")[0], row(seed)), abs=1e-4)
    assert found.base + sum(found.values) == pytest.approx(found.cosine, abs=GAP)
    assert (len(found.values), found.method, found.unread) == (len(words), "integrated gradients", 0)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_both_poolings_are_followed(folder: Path, tmp_path: Path, pooling: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "tiny"))
    (copy / "1_Pooling").mkdir()
    (copy / "1_Pooling" / "config.json").write_text(f'{{"pooling_mode_{pooling}_token{"s" * (pooling == "mean")}": true}}')
    encoder = TransformerEncoder(Folder(path=copy, name="tiny"), device="cpu", threads=1)
    found = integrated(encoder, "red oak chair", words_of("red oak chair", segmenter()), toward=row(5), side="query")
    assert encoder.spec.pooling == pooling
    assert found.cosine == pytest.approx(cosine(encoder.encode(["red oak chair"], side="query")[0], row(5)), abs=1e-4)
    assert abs(found.gap) <= GAP


def test_a_prefix_is_no_word_and_moves_no_place(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "tiny"))
    (copy / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: ", "document": "passage: "}}')
    prefixed = TransformerEncoder(Folder(path=copy, name="tiny"), device="cpu", threads=1)
    found = integrated(prefixed, "oak chair", words_of("oak chair", segmenter()), toward=row(1), side="query")
    assert [word.text for word in found.words] == ["oak", "chair"]
    assert found.cosine == pytest.approx(cosine(prefixed.encode(["oak chair"], side="query")[0], row(1)), abs=1e-4)
    # The prefix stands in the blank text too, so the words alone explain the way from it.
    assert abs(found.gap) <= GAP
    assert found.base != pytest.approx(found.cosine, abs=1e-6)


def test_words_beyond_the_models_length_are_worth_nothing_and_counted(encoder: TransformerEncoder) -> None:
    text = " ".join(["oak", "chair"] * 15)  # 24 positions, two of them frame the text
    found = integrated(encoder, text, words_of(text, segmenter()), toward=row(1), side="product")
    assert found.unread == 8
    assert found.values[22:] == (0.0,) * 8
    assert all(found.values[:22])


def test_a_word_in_several_tokens_has_their_sum(encoder: TransformerEncoder) -> None:
    whole = integrated(encoder, "blackish chair", words_of("blackish chair", segmenter()), toward=row(1), side="product")
    assert len(whole.values) == 2
    assert abs(whole.gap) <= GAP


def test_a_word_that_reads_like_padding_is_worth_nothing(encoder: TransformerEncoder) -> None:
    found = integrated(encoder, "oak [PAD] chair", words_of("oak [PAD] chair", segmenter()), toward=row(1), side="product")
    assert found.values[1] == 0.0


def test_gradients_leave_the_encoder_as_it_was(encoder: TransformerEncoder) -> None:
    before = encoder.encode(["oak chair"], side="product")
    integrated(encoder, "oak chair", words_of("oak chair", segmenter()), toward=row(1), side="product")
    assert np.array_equal(encoder.encode(["oak chair"], side="product"), before)
    model, tokenizer = encoder.torch_model()
    assert not model.training
    assert all(weight.grad is None for weight in model.parameters())
    assert tokenizer.encode("oak").tokens == ["[CLS]", "oak", "[SEP]"]


def test_an_encoder_without_gradients_says_so() -> None:
    encoder = HashedText()
    assert not can_integrate(encoder)
    with pytest.raises(ModelUnavailable, match="no gradients"):
        integrated(encoder, "oak", words_of("oak", segmenter()), toward=np.ones(64, dtype=np.float32), side="query")
