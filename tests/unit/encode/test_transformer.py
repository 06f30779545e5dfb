"""The transformer encoder on a tiny BERT that the test makes: pooling, masks, cutting, prefixes, and what it refuses."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from indexer.encode.catalog import make_text_encoder
from indexer.encode.engine import Engine
from indexer.encode.folder import Folder
from indexer.encode.pooling import Pooling, pooled
from indexer.encode.transformer import TransformerEncoder, minilm, read_spec
from indexer.errors import ModelError, ModelUnavailable, SettingsError
from indexer.settings import EncodeSettings
from tests.data.models import hub_cache, tiny_bert

if TYPE_CHECKING:
    import torch

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("models") / "tiny")


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


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "last"])
def test_each_pooling_leaves_padding_out_on_either_side(folder: Path, pooling: Pooling, side: str) -> None:
    told = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**told, "padding_side": side}))
    encoder = TransformerEncoder(Folder(path=folder, name="tiny", pooling=pooling), device="cpu")
    texts = ["oak chair", "red sofa a b a b a b a b"]
    prepared = encoder.prepare(texts, "product")
    assert isinstance(prepared, dict)
    assert prepared["attention_mask"][0, 0 if side == "left" else -1] == 0
    rows = encoder.finish(encoder.run(prepared | {"position_ids": positions(prepared["attention_mask"])}))
    for row, text in zip(rows, texts, strict=True):
        alone = states(folder, text)
        expected = {"mean": alone.mean(axis=0), "cls": alone[0], "max": alone.max(axis=0), "last": alone[-1]}[pooling]
        assert row == pytest.approx(unit(expected), abs=1e-5)


def positions(mask: "torch.Tensor") -> "torch.Tensor":
    """Where each token stands when padding is not counted: BERT would count it, models made for padding on the left do not."""
    return (mask.cumsum(dim=1) - 1).clamp(min=0)


def test_poolings_by_hand() -> None:
    import torch

    rows = torch.tensor([[[1.0, -8.0], [3.0, -4.0], [100.0, 100.0]], [[100.0, 100.0], [5.0, 6.0], [7.0, 2.0]]])
    mask = torch.tensor([[1, 1, 0], [0, 1, 1]])
    told: dict[Pooling, list[list[float]]] = {
        "mean": [[2, -6], [6, 4]],
        "cls": [[1, -8], [5, 6]],
        "max": [[3, -4], [7, 6]],
        "last": [[3, -4], [7, 2]],
    }
    for pooling, expected in told.items():
        assert pooled(rows, mask, pooling=pooling).tolist() == expected


@pytest.mark.parametrize(
    ("content", "pooling"),
    [
        ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": False}, "max"),
        ({"pooling_mode_lasttoken": True}, "last"),
        ({"pooling_mode": "lasttoken"}, "last"),
        ({"pooling_mode": "mean", "word_embedding_dimension": 16}, "mean"),
    ],
)
def test_the_folder_says_how_it_pools(folder: Path, content: dict[str, object], pooling: str) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(content))
    assert encoder_of(folder).spec.pooling == pooling
    assert TransformerEncoder(Folder(path=folder, name="tiny", pooling="cls")).spec.pooling == "cls"


@pytest.mark.parametrize(
    "content",
    [
        {"pooling_mode_weightedmean_tokens": True},
        {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True},
        {"pooling_mode": "strange"},
        {"word_embedding_dimension": 16},
    ],
)
def test_other_poolings_are_refused(folder: Path, content: dict[str, object]) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(content))
    with pytest.raises(ModelUnavailable, match="cls, last, max, mean"):
        encoder_of(folder)


def test_a_layer_behind_the_model_is_refused_and_a_decoder_too(folder: Path) -> None:
    modules = [{"type": f"sentence_transformers.models.{kind}"} for kind in ("Transformer", "Pooling", "Normalize")]
    (folder / "modules.json").write_text(json.dumps(modules))
    assert encoder_of(folder).spec.width == 16
    (folder / "modules.json").write_text(json.dumps([*modules, {"type": "sentence_transformers.models.Dense"}]))
    with pytest.raises(ModelUnavailable, match="'Dense'"):
        encoder_of(folder)
    (folder / "modules.json").write_text("{")
    with pytest.raises(ModelUnavailable, match="no JSON"):
        encoder_of(folder)
    (folder / "modules.json").unlink()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "is_encoder_decoder": True}))
    with pytest.raises(ModelUnavailable, match="decoder"):
        encoder_of(folder)


def test_a_missing_shard_is_named(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "model.safetensors", "b": "other.safetensors"}}))
    with pytest.raises(ModelUnavailable, match=r"lacks other\.safetensors"):
        encoder_of(folder)


def test_settings_win_over_the_folder(folder: Path) -> None:
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: ", "passage": "passage: "}}')
    plain = make_text_encoder(EncodeSettings(text="transformer", text_folder=folder))
    assert (plain.spec.query_prefix, plain.spec.product_prefix, plain.spec.max_tokens) == ("query: ", "passage: ", 24)
    told = EncodeSettings(
        text="transformer", text_folder=folder, text_pooling="max", text_tokens=5, query_prefix="", product_prefix="a ", device="cpu"
    )
    encoder = make_text_encoder(told)
    assert (encoder.spec.query_prefix, encoder.spec.product_prefix, encoder.spec.max_tokens) == ("", "a ", 5)
    assert encoder.spec.digest != plain.spec.digest
    same = encoder.encode(["oak"], side="product")[0]
    assert encoder.encode(["a oak"], side="query")[0] == pytest.approx(same, abs=1e-5)
    expected = unit(states(folder, "a oak").max(axis=0))
    assert same == pytest.approx(expected, abs=1e-5)
    assert make_text_encoder(told.model_copy(update={"text_tokens": 5000})).spec.max_tokens == 24


def test_positions_that_count_from_the_padding_leave_room_for_fewer_tokens(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "xlm-roberta", "pad_token_id": 1}))
    assert encoder_of(folder).spec.max_tokens == 22


def test_a_model_of_the_hub_is_read_from_its_cache_at_its_commit(made: Path, folder: Path, tmp_path: Path) -> None:
    hub_cache(tmp_path / "hub", "shop/tiny", REVISION, [path for path in made.iterdir() if path.is_file()])
    told = EncodeSettings(text="transformer", text_model="shop/tiny", text_revision=REVISION, hub_cache=tmp_path / "hub", device="cpu")
    encoder = make_text_encoder(told)
    assert encoder.spec.origin == f"hub: shop/tiny at {REVISION}"
    local = make_text_encoder(EncodeSettings(text="transformer", text_folder=folder, device="cpu"))
    assert encoder.spec.digest == local.spec.digest
    assert np.array_equal(encoder.encode(["oak chair"], side="query"), local.encode(["oak chair"], side="query"))


@pytest.mark.parametrize("revision", ["", "main", "v1.0", REVISION[:12], REVISION.upper()])
def test_a_revision_that_is_no_commit_is_refused(revision: str) -> None:
    with pytest.raises(SettingsError, match=r"pinned revision.*40 hex digits"):
        make_text_encoder(EncodeSettings(text="transformer", text_model="shop/tiny", text_revision=revision))


@pytest.mark.parametrize("name", ["tiny", "../../etc/passwd", "a/b/c", "-a/b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="owner/name"):
        make_text_encoder(EncodeSettings(text="transformer", text_model=name, text_revision=REVISION))


def test_a_folder_and_a_model_contradict_each_other(folder: Path) -> None:
    with pytest.raises(SettingsError, match="both name a model"):
        make_text_encoder(EncodeSettings(text="transformer", text_folder=folder, text_model="shop/tiny", text_revision=REVISION))


def test_what_the_cache_lacks_and_nobody_serves_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # as its users switch the network off
    told = EncodeSettings(text="transformer", text_model="shop/tiny", text_revision=REVISION, hub_cache=tmp_path)
    with pytest.raises(ModelUnavailable, match=r"not in the hub's cache.*TEXT_FOLDER"):
        make_text_encoder(told)


def test_a_cache_that_lacks_the_weights_is_not_enough(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub_cache(tmp_path, "shop/tiny", REVISION, [made / "config.json"])
    told = EncodeSettings(text="transformer", text_model="shop/tiny", text_revision=REVISION, hub_cache=tmp_path)
    with pytest.raises(ModelUnavailable, match=r"hub's cache|no \*\.safetensors"):
        make_text_encoder(told)


def test_the_torch_model_gives_gradients_and_the_encoders_rows(folder: Path) -> None:
    encoder = encoder_of(folder)
    model, tokenizer = encoder.torch_model()
    prepared = encoder.prepare(["oak chair"], "query")
    assert isinstance(prepared, dict)
    rows = pooled(model(**prepared).last_hidden_state, prepared["attention_mask"], pooling="mean")
    cast("Any", rows.sum()).backward()
    words = cast("Any", model).get_input_embeddings().weight.grad
    assert words[tokenizer.token_to_id("oak")].abs().sum() > 0
    assert words[tokenizer.token_to_id("sofa")].abs().sum() == 0
    assert encoder.finish(rows.detach().numpy()) == pytest.approx(encoder.encode(["oak chair"], side="query"), abs=1e-6)


def test_attention_is_torchs_fused_one(folder: Path) -> None:
    model, _ = encoder_of(folder).torch_model()
    assert cast("Any", model).config._attn_implementation == "sdpa"


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
    ("content", "reason"), [(None, "config.json can't be read"), ("{", "no JSON"), ("[]", "no JSON object"), ("{}", "no hidden_size")]
)
def test_a_folder_without_a_proper_config_is_refused(folder: Path, content: str | None, reason: str) -> None:
    if content is None:
        (folder / "config.json").unlink()
    else:
        (folder / "config.json").write_text(content)
    with pytest.raises(ModelError, match=reason):
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
