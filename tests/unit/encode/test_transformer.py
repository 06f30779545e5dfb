"""The transformer encoder on a tiny BERT that the test makes: pooling, masks, cutting, prefixes, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from indexer.encode.engine import Engine
from indexer.encode.transformer import Folder, TransformerEncoder, minilm, read_spec
from indexer.errors import ModelUnavailable

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", ":", "oak", "chair", "sofa", "red", "a", "b"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers and sixteen numbers, with random weights, as transformers saves it."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("models") / "tiny"
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(WORDS), max_position_embeddings=24, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).save_pretrained(folder)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(WORDS) + "\n")
    BertTokenizer(str(vocabulary)).save_pretrained(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy, to be spoilt."""
    import shutil

    return Path(shutil.copytree(made, tmp_path / "tiny"))


def encoder_of(folder: Path) -> TransformerEncoder:
    return TransformerEncoder(Folder(path=folder, name="tiny"), device="cpu")


def states(folder: Path, text: str) -> "np.typing.NDArray[np.float32]":
    """The last states of a lone text, without padding, straight from transformers: (tokens, 16)."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt", truncation=True, max_length=24)
    with torch.inference_mode():
        return np.asarray(AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state[0].numpy(), dtype=np.float32)


def unit(row: "np.typing.NDArray[np.float32]") -> "np.typing.NDArray[np.float32]":
    return row / np.float32(np.linalg.norm(row))


def test_mean_pooling_leaves_padding_out(folder: Path) -> None:
    texts = ["oak chair", "red sofa a b a b a b a b"]
    rows = encoder_of(folder).encode(texts, side="product")
    for row, text in zip(rows, texts, strict=True):
        assert row == pytest.approx(unit(states(folder, text).mean(axis=0)), abs=1e-5)


def test_cls_pooling_takes_the_first_state(folder: Path) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    encoder = encoder_of(folder)
    assert encoder.spec.pooling == "cls"
    assert encoder.encode(["oak chair"], side="product")[0] == pytest.approx(unit(states(folder, "oak chair")[0]), abs=1e-5)


def test_other_poolings_are_refused(folder: Path) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_max_tokens": True}))
    with pytest.raises(ModelUnavailable, match="mean or cls"):
        encoder_of(folder)


def test_long_texts_are_cut_at_the_models_length(folder: Path) -> None:
    encoder = encoder_of(folder)
    assert encoder.spec.max_tokens == 24  # the folder says nothing, the model has 24 positions
    long, longer = encoder.encode(["oak " * 22, "oak " * 500], side="product")
    assert long == pytest.approx(longer, abs=1e-5)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 4}')
    short = encoder_of(folder)
    assert short.spec.max_tokens == 4
    assert short.encode(["oak chair sofa"], side="product")[0] == pytest.approx(short.encode(["oak chair"], side="product")[0], abs=1e-5)


def test_prompts_of_the_folder_go_before_the_texts(folder: Path) -> None:
    plain = encoder_of(folder)
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: ", "document": "passage: "}}')
    encoder = encoder_of(folder)
    assert encoder.encode(["oak"], side="query")[0] == pytest.approx(plain.encode(["query: oak"], side="query")[0], abs=1e-5)
    assert encoder.encode(["oak"], side="product")[0] == pytest.approx(plain.encode(["passage: oak"], side="product")[0], abs=1e-5)
    assert encoder.spec.digest != plain.spec.digest


def test_batches_and_threads_give_what_single_texts_give(folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    encoder, engine = encoder_of(folder), Engine()
    texts = ["oak", "oak chair", "red sofa a b", "", "zzz", "a b " * 30]
    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(lambda _: engine.texts(encoder, texts, side="product", batch=4), range(8)))
    for position, text in enumerate(texts):
        alone = encoder.encode([text], side="product")[0]
        for encoded in several:
            # padding changes the order of sums, so the last digits differ
            assert encoded.rows[position] == pytest.approx(alone, abs=1e-5)


def test_the_digest_sees_every_file_that_decides(folder: Path) -> None:
    before = read_spec(Folder(path=folder, name="tiny")).digest
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    changed = read_spec(Folder(path=folder, name="tiny")).digest
    assert changed != before
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text() + " ")
    assert read_spec(Folder(path=folder, name="tiny")).digest not in {before, changed}


def test_weights_that_can_run_code_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match=r"no \*\.safetensors.*can run code"):
        encoder_of(folder)


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "lacks config.json"), ("{", "no JSON"), ("[]", "no JSON object"), ("{}", "no hidden_size")]
)
def test_a_folder_without_a_proper_config_is_refused(folder: Path, content: str | None, reason: str) -> None:
    if content is None:
        (folder / "config.json").unlink()
    else:
        (folder / "config.json").write_text(content)
    with pytest.raises(ModelUnavailable, match=reason):
        encoder_of(folder)


def test_remote_code_is_never_run(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    told = {**config, "model_type": "strange", "auto_map": {"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"}}
    (folder / "config.json").write_text(json.dumps(told))
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\nclass Evil: pass\n")
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        encoder_of(folder).encode(["oak"], side="query")
    assert not (folder / "ran").exists()


def test_minilm_is_what_its_package_says() -> None:
    spec = read_spec(minilm())
    assert (spec.width, spec.max_tokens, spec.pooling, spec.query_prefix) == (384, 256, "mean", "")
