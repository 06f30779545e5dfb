"""What errors tell of the device, in which numbers models compute, and how long texts are taken to be."""

from pathlib import Path

import pytest

from indexer.encode.base import tokens
from indexer.encode.device import free_memory, is_full, is_lost, pick_device, pick_dtype
from indexer.encode.image import Lite0
from indexer.encode.sentence import LIMIT, SentenceEncoder
from indexer.encode.transformer import TransformerEncoder, minilm
from indexer.errors import ModelUnavailable


def test_torchs_own_error_is_known() -> None:
    import torch

    assert is_full(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."))
    assert is_full(MemoryError())
    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 60, dtype=torch.float32)
    assert is_full(raised.value), raised.value


@pytest.mark.parametrize(
    ("told", "full", "lost"),
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 139.8 GiB total capacity)", True, False),
        ("CUDA error: out of memory", True, False),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True, False),
        ("CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported", False, True),
        ("CUDA error: an illegal memory access was encountered", False, True),
        ("CUDA error: unspecified launch failure", False, True),
        ("CUDA error: uncorrectable ECC error encountered", False, True),
        ("The size of tensor a (8) must match the size of tensor b (7)", False, False),
        ("device-side assert", False, False),
        ("out of patience", False, False),
    ],
)
def test_what_errors_say(told: str, full: bool, lost: bool) -> None:
    assert (is_full(RuntimeError(told)), is_lost(RuntimeError(told))) == (full, lost)
    assert not is_full(ValueError(told))
    assert not is_lost(ValueError(told))


def test_on_the_processor_numbers_are_float32_whatever_is_wished() -> None:
    import torch

    assert pick_device("cpu") == "cpu"
    assert {pick_dtype("auto", device="cpu"), pick_dtype("bfloat16", device="cpu"), pick_dtype("float32", device="cuda")} == {torch.float32}
    assert pick_dtype("bfloat16", device="cuda") is torch.bfloat16
    free_memory()  # there is nothing to free, and nothing to fail


def test_a_gpu_that_is_not_there_can_not_be_demanded() -> None:
    import torch

    if torch.cuda.is_available():
        assert pick_device("cuda") == "cuda"
    else:
        with pytest.raises(ModelUnavailable, match="No GPU"):
            pick_device("cuda")


def test_models_load_in_the_numbers_of_their_device() -> None:
    import torch

    network = Lite0(device="cpu", dtype="bfloat16")
    assert network._loaded.get().dtype is torch.float32
    encoder = TransformerEncoder(minilm(), device="cpu", dtype="bfloat16")
    model = encoder._loaded.get().model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert getattr(model.config, "_attn_implementation", "") == "sdpa"


def test_lengths_are_about_tokens() -> None:
    assert tokens("") == 0
    assert tokens("oak chair") == 2.25
    assert tokens("橡木椅子") == 4
    assert tokens("oak 椅子") == 3
    assert tokens("木のイス") == 4
    assert tokens("a" * 8) == tokens("é" * 8) == 2


def test_what_is_not_read_does_not_count() -> None:
    assert SentenceEncoder().length("a" * 10 * LIMIT) == LIMIT / 4
    encoder = TransformerEncoder(minilm(), device="cpu")
    assert encoder.length("a" * 100_000) == 256
    assert encoder.length("") == 2


def test_the_estimate_sorts_real_texts_much_as_the_tokeniser_does() -> None:
    """Padding by the estimate, over padding by true lengths, for the catalogue of the tests."""
    import csv

    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(minilm().path / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    with (Path(__file__).parents[2] / "data" / "catalogue.csv").open(encoding="utf-8") as file:
        texts = [value for row in csv.DictReader(file) for value in row.values() if value]
    encoder = TransformerEncoder(minilm(), device="cpu")
    true = {text: min(256, len(tokenizer.encode(text).ids)) for text in texts}

    def padded(order: list[str]) -> int:
        return sum(
            len(some) * max(true[text] for text in some) for start in range(0, len(order), 16) if (some := order[start : start + 16])
        )

    by_estimate = padded(sorted(texts, key=encoder.length))
    by_tokens = padded(sorted(texts, key=true.__getitem__))
    assert by_tokens <= by_estimate <= 1.35 * by_tokens
