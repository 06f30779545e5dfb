"""One GPU, where there is one: texts a second by batch and by numbers, and the share of the bare model's rate that the engine reaches.

`python -m benchmarks.gpu`; without a GPU it says so.
"""

import time
from typing import Literal, cast

from benchmarks.products import rows
from indexer.encode.engine import Engine
from indexer.encode.parity import sample_texts
from indexer.encode.transformer import TransformerEncoder, minilm

BATCHES = (64, 256, 1024)
NUMBERS: tuple[Literal["float32", "bfloat16"], ...] = ("float32", "bfloat16")
TEXTS = 16_384
GOAL = 0.9


def main() -> None:
    """Print one line for each batch size and kind of numbers."""
    import torch

    if not torch.cuda.is_available():
        print("gpu: torch finds none here, so nothing was measured.")
        return
    titles = [str(row["title"]) for row in rows(TEXTS)[1]] or sample_texts()
    texts = [titles[number % len(titles)] for number in range(TEXTS)]
    print(f"gpu: {torch.cuda.get_device_name()}, {TEXTS:,} titles, MiniLM; goal: {GOAL} of the bare model's rate")
    for numbers in NUMBERS:
        encoder = TransformerEncoder(minilm(), device="cuda", dtype=numbers)
        encoder.encode(texts[:64], side="product")
        for batch in BATCHES:
            raw, whole = bare(encoder, texts, batch), through(encoder, texts, batch)
            print(f"  {numbers:<9} batch {batch:>5}: bare {raw:9,.0f}/s, engine {whole:9,.0f}/s, share {whole / raw:.2f}")


def bare(encoder: TransformerEncoder, texts: list[str], batch: int) -> float:
    """Texts a second of the model alone, its inputs tokenised and sorted by length before."""
    import torch

    ordered = sorted(texts, key=encoder.length)
    prepared = [encoder.prepare(ordered[at : at + batch], "product") for at in range(0, len(ordered), batch)]
    placed = [{name: tensor.cuda() for name, tensor in cast("dict[str, torch.Tensor]", one).items()} for one in prepared]
    model, _ = encoder.torch_model()
    torch.cuda.synchronize()
    began = time.perf_counter()
    with torch.inference_mode():
        for one in placed:
            model(**one)
    torch.cuda.synchronize()
    return len(texts) / (time.perf_counter() - began)


def through(encoder: TransformerEncoder, texts: list[str], batch: int) -> float:
    """Texts a second through the engine, from words to unit rows."""
    engine = Engine()
    began = time.perf_counter()
    engine.texts(encoder, texts, side="product", batch=batch)
    return len(texts) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
