"""Which words of a text made a cosine, by integrated gradients (Sundararajan, Taly and Yan 2017, arXiv:1703.01365) through captum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

import numpy as np

from indexer.encode.base import Side, TextEncoder
from indexer.errors import ModelUnavailable
from indexer.explain.words import Attribution, Word
from indexer.specs import ModelSpec
from indexer.vectors import Row

if TYPE_CHECKING:
    import torch
    from tokenizers import Encoding, Tokenizer

GAP = 0.01
"""How much of a cosine may stay unexplained; beyond it the path is cut into twice as many steps."""
STEPS, MOST_STEPS = 64, 512
AT_ONCE = 16
"""Steps in one run of the model: a text's gradients take a few megabytes each."""

POOLED: dict[str, "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"] = {
    "mean": lambda states, mask: (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1),
    "cls": lambda states, mask: states[:, 0],  # noqa: ARG005 - poolings are called alike
    "max": lambda states, mask: states.masked_fill(mask == 0, float("-inf")).amax(dim=1),
    "last": lambda states, mask: states[:, int(mask[0].sum()) - 1],  # one text at a time, padded on the right or not at all
}
"""Last states (n, tokens, width) and a mask (n, tokens, 1) to rows (n, width), by the spec's name of the pooling."""


@runtime_checkable
class Differentiable(Protocol):
    """A text encoder that lends its torch model, which takes `inputs_embeds`, and its tokeniser."""

    spec: ModelSpec

    def torch_model(self) -> "tuple[torch.nn.Module, Tokenizer]":
        """The loaded model and its tokeniser; both stay the encoder's."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A text as the model reads it: which tokens are of the text itself, and where in it they begin and end."""

    encoding: "Encoding"
    own: tuple[bool, ...]
    places: tuple[tuple[int, int], ...]


def can_integrate(encoder: TextEncoder) -> bool:
    """Whether the encoder's cosines can be taken apart by gradients here: it is differentiable, pools in a known way, captum is there."""
    return isinstance(encoder, Differentiable) and encoder.spec.pooling in POOLED and find_spec("captum") is not None


def integrated(encoder: TextEncoder, text: str, words: Sequence[Word], *, toward: Row, side: Side) -> Attribution:
    """How much each word moves the cosine to the row `toward` (width,), from the text with every token blank (padding) to the text.

    base + Σ values = cosine, up to a gap that shrinks with the steps; they are doubled while it is above GAP. Words that the model
    does not read (beyond its `max_tokens`) have the value 0 and are counted as unread. Raises ModelUnavailable for an encoder that
    `can_integrate` says no to.
    """
    if not can_integrate(encoder):
        raise ModelUnavailable(
            f"The encoder {encoder.spec.name!r} gives no gradients here.",
            cure="pip install 'fusedex[explain]', or leave words out instead.",
        )
    model, tokenizer = cast("Differentiable", encoder).torch_model()
    prefix = encoder.spec.query_prefix if side == "query" else encoder.spec.product_prefix
    read = _read(tokenizer, prefix, text)
    steps = STEPS
    while True:
        shares, cosine, base = _shares(model, encoder.spec, read, toward=toward, steps=steps)
        gap = abs(cosine - base - float(shares.sum()))
        if gap <= GAP or steps >= MOST_STEPS:
            break
        steps *= 2
    end = max((stop for (_, stop), own in zip(read.places, read.own, strict=True) if own), default=0)
    values = _by_word(shares.tolist(), read.places, words)
    return Attribution(text, tuple(words), values, cosine, base, "integrated gradients", unread=sum(word.start >= end for word in words))


def _read(tokenizer: "Tokenizer", prefix: str, text: str) -> _Read:
    encoding = tokenizer.encode(prefix + text)
    places = tuple((start - len(prefix), end - len(prefix)) for start, end in encoding.offsets)
    framing = encoding.special_tokens_mask
    own = tuple(not frame and end > 0 for frame, (_, end) in zip(framing, places, strict=True))
    return _Read(encoding, own, places)


def _shares(
    model: "torch.nn.Module", spec: ModelSpec, read: _Read, *, toward: Row, steps: int
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], float, float]:
    """Each token's share, the cosine of the text, and that of its blank twin."""
    import torch
    from captum.attr import IntegratedGradients

    embed = cast("Callable[[], torch.nn.Module]", model.get_input_embeddings)()
    weight = next(model.parameters())
    ids = torch.tensor([read.encoding.ids], device=weight.device)
    blank = torch.where(torch.tensor([read.own], device=weight.device), _padding(embed), ids)
    mask = torch.tensor([read.encoding.attention_mask], device=weight.device)
    types = torch.tensor([read.encoding.type_ids], device=weight.device)
    target = torch.from_numpy(np.ascontiguousarray(toward)).to(weight.device)[None]

    def cosines(embedded: torch.Tensor) -> torch.Tensor:
        count = len(embedded)
        told = {"token_type_ids": types.expand(count, -1)} if _knows_types(model) else {}
        states = model(inputs_embeds=embedded, attention_mask=mask.expand(count, -1), **told).last_hidden_state.float()
        rows = POOLED[spec.pooling](states, mask.expand(count, -1).unsqueeze(-1).to(states.dtype))
        return torch.nn.functional.cosine_similarity(rows, target)

    with torch.no_grad():
        real, start = embed(ids), embed(blank)
        cosine, base = float(cosines(real)), float(cosines(start))
    found = IntegratedGradients(cosines).attribute(real, start, n_steps=steps, internal_batch_size=AT_ONCE)
    return found.detach().double().sum(dim=-1)[0].cpu().numpy(), cosine, base


def _padding(embed: "torch.nn.Module") -> int:
    told = getattr(embed, "padding_idx", None)
    return 0 if told is None else int(told)


def _knows_types(model: "torch.nn.Module") -> bool:
    return int(getattr(getattr(model, "config", None), "type_vocab_size", 0) or 0) > 0


def _by_word(shares: Sequence[float], places: Sequence[tuple[int, int]], words: Sequence[Word]) -> tuple[float, ...]:
    """Each word's sum over its tokens; a token over several words is divided by its letters, one beside all words is the next one's."""
    values = [0.0] * len(words)
    for share, (start, end) in zip(shares, places, strict=True):
        if not share or not words:
            continue
        overlaps = [max(0, min(end, word.end) - max(start, word.start)) for word in words]
        letters = sum(overlaps)
        if letters:
            values = [value + float(share) * overlap / letters for value, overlap in zip(values, overlaps, strict=True)]
        else:
            behind = next((place for place, word in enumerate(words) if word.start >= start), len(words) - 1)
            values[behind] += float(share)
    return tuple(values)
