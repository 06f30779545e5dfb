"""The cross-encoder on tiny classifiers that the tests make: what transformers itself says, in order, in time, or a clear refusal."""

import json
import math
import shutil
from pathlib import Path

import pytest

from indexer.encode.cross_encoder import BATCH, CrossEncoder
from indexer.errors import ModelError, ModelUnavailable, NotFinite, RerankerLate

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "oak", "chair", "sofa", "red", "a", "b"]
PASSAGES = ["a red sofa", "oak chair", "chair", "b a b a b a b a b a"]


def make(folder: Path, *, labels: int, names: dict[int, str] | None = None, bare: bool = False) -> Path:
    """A BERT of two layers and sixteen numbers with random weights, as transformers saves it; `bare` has no classifier."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizer

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(WORDS), max_position_embeddings=24, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    config.num_labels = labels
    if names:
        config.id2label = names
    (BertModel if bare else BertForSequenceClassification)(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("models") / "tiny", labels=1)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy, to be spoilt."""
    return Path(shutil.copytree(made, tmp_path / "tiny"))


def logits(folder: Path, query: str, passage: str) -> list[float]:
    """Of one pair alone, without padding, straight from transformers."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(query, passage, return_tensors="pt", truncation="only_second", max_length=24)
    with torch.inference_mode():
        return [float(one) for one in AutoModelForSequenceClassification.from_pretrained(folder).eval()(**tokens).logits[0]]


def of(folder: Path) -> CrossEncoder:
    return CrossEncoder(folder, device="cpu")


def test_each_passage_gets_what_the_model_says_of_it_alone(made: Path) -> None:
    found = of(made).scores("red chair", PASSAGES)
    assert found == pytest.approx([logits(made, "red chair", passage)[0] for passage in PASSAGES], abs=1e-5)
    assert len(set(found)) == len(PASSAGES)


def test_many_passages_keep_their_order_over_batches(made: Path) -> None:
    many = [f"{'oak ' * (n % 7)}chair" for n in range(2 * BATCH + 3)]
    found = of(made).scores("red", many)
    alone = {passage: of(made).scores("red", [passage])[0] for passage in set(many)}
    assert found == pytest.approx([alone[passage] for passage in many], abs=1e-5)


def test_no_passage_is_no_figure(made: Path) -> None:
    assert of(made).scores("red", []) == []


def test_a_long_passage_is_cut_and_the_query_is_not(made: Path) -> None:
    encoder = of(made)
    assert encoder.scores("oak", ["chair " * 30]) == pytest.approx(encoder.scores("oak", ["chair " * 300]), abs=1e-6)


def test_of_classes_the_one_that_fits_leads_by_its_name(tmp_path: Path) -> None:
    names = make(tmp_path / "named", labels=3, names={0: "other", 1: "Relevant", 2: "unsure"})
    told = logits(names, "oak", "chair")
    assert of(names).scores("oak", ["chair"])[0] == pytest.approx(told[1] - max(told[0], told[2]), abs=1e-5)


def test_of_classes_without_telling_names_it_is_the_last(tmp_path: Path) -> None:
    two = make(tmp_path / "two", labels=2)
    told = logits(two, "oak", "chair")
    assert of(two).scores("oak", ["chair"])[0] == pytest.approx(told[1] - told[0], abs=1e-5)


def test_time_that_is_over_ends_it_between_batches(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 0.1, 0.6])
    monkeypatch.setattr("indexer.encode.cross_encoder.time.perf_counter", lambda: next(ticks))
    with pytest.raises(RerankerLate, match=f"read {BATCH} of {BATCH + 1} products within 0.5 s") as caught:
        of(made).scores("oak", ["chair"] * (BATCH + 1), within_s=0.5)
    assert caught.value.retryable
    assert "RERANK_DEPTH" in caught.value.cure


def test_a_bare_encoder_is_refused_since_its_head_would_be_chance(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"classifier.*never trained to classify"):
        of(make(tmp_path / "bare", labels=1, bare=True)).scores("oak", ["chair"])


def test_weights_that_could_run_code_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match=r"no \*\.safetensors"):
        of(folder)


@pytest.mark.parametrize(("content", "told"), [(None, "config.json can't be read"), ("{", "no JSON"), ("[]", "no JSON object")])
def test_a_folder_without_a_config_is_refused(folder: Path, content: str | None, told: str) -> None:
    (folder / "config.json").unlink()
    if content is not None:
        (folder / "config.json").write_text(content)
    with pytest.raises(ModelError, match=told):
        of(folder)


def test_code_that_a_folder_brings_is_not_run(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModelForSequenceClassification": "evil.Model", "AutoConfig": "evil.Config"}
    config["model_type"] = "evil"
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text("import pathlib\npathlib.Path(__file__).with_name('ran').write_text('')\n")
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        of(folder).scores("oak", ["chair"])
    assert not (folder / "ran").exists()


def test_broken_weights_are_refused_and_looked_at_again(folder: Path, made: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"no weights")
    encoder = of(folder)
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="can't be loaded"):
            encoder.scores("oak", ["chair"])
    shutil.copy(made / "model.safetensors", folder / "model.safetensors")
    assert math.isfinite(encoder.scores("oak", ["chair"])[0])


def test_figures_that_are_no_numbers_are_an_error(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][:] = math.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(NotFinite):
        of(folder).scores("oak", ["chair"])


def test_the_digest_names_the_weights(folder: Path, made: Path, tmp_path: Path) -> None:
    assert of(folder).digest == of(made).digest != of(make(tmp_path / "other", labels=2)).digest
