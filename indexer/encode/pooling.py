"""How the states of a text's tokens become one row."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Pooling = Literal["mean", "cls", "max", "last"]


def pooled(states: "torch.Tensor", mask: "torch.Tensor", *, pooling: Pooling) -> "torch.Tensor":
    """States (n, tokens, width) and a mask (n, tokens), 1 at tokens that are no padding, to rows (n, width).

    `cls` takes the first and `last` the last token that is no padding, on whichever side the padding lies; `mean` and `max` go over
    the tokens that are none. Gradients flow through it.
    """
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
    if pooling == "max":
        return states.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(dim=1)
    # argmax gives the first of equal values, so counting up from 1 finds the last token, and the bare mask the first.
    marks = mask.long() if pooling == "cls" else mask.long() * (mask.long().cumsum(dim=1) + 1)
    index = marks.argmax(dim=1).view(-1, 1, 1).expand(-1, 1, states.shape[-1])
    return states.gather(1, index).squeeze(1)
