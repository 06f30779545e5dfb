"""Titles through the network: for each word a tag and how sure it is, for each listed label the likelihood of each value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from indexer.batches import batches
from indexer.learn.tag_decode import best_tags, with_known_edges
from indexer.learn.tag_labels import TAGS, Example
from indexer.learn.tag_model import TagInputs, TagOutputs
from indexer.learn.tag_report import Judged
from indexer.learn.tag_tokens import TagTokenizer, Tokens, placed
from indexer.vectors import Rows

if TYPE_CHECKING:
    import torch

TOGETHER = 64
_LEAST = 1e-9
_CUT_OFF = np.eye(1, len(TAGS), dtype=np.float32)[0]
"""A word that was not read is outside."""


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What the network says of one title: a tag and its probability for each word, and by label a probability for each known value."""

    tags: tuple[int, ...]
    sure: tuple[float, ...]
    values: Mapping[str, npt.NDArray[np.float32]]


class Reader:
    """Runs a network over examples, long and short apart, and gives the answers in the examples' order."""

    def __init__(self, network: "torch.nn.Module", tokenizer: TagTokenizer, *, photos: Rows | None = None) -> None:
        """`photos` is the table that the examples' `photo` numbers point into."""
        self._network = network
        self._tokenizer = tokenizer
        self._photos = photos

    def read(self, examples: Sequence[Example], *, with_photos: bool = True) -> list[Read]:
        """An answer for each example; without photos as if none had one. The network's mode is left as it was."""
        import torch

        order = sorted(range(len(examples)), key=lambda at: len(examples[at].words))
        answers: list[Read | None] = [None] * len(examples)
        was_training = self._network.training
        self._network.eval()
        try:
            with torch.inference_mode():
                for places in batches(order, size=TOGETHER):
                    some = [examples[at] for at in places]
                    for at, answer in zip(places, self._some(some, with_photos=with_photos), strict=True):
                        answers[at] = answer
        finally:
            self._network.train(was_training)
        return [one for one in answers if one is not None]

    def inputs(self, examples: Sequence[Example], tokens: Sequence[Tokens], *, there: npt.NDArray[np.bool_]) -> TagInputs:
        """The network's inputs; a photo counts where the example has one and `there` says so."""
        import torch

        block = self._tokenizer.block(tokens)
        length = block.ids.shape[1]
        said = [one.hints or (0,) * len(one.words) for one in examples]
        hints = np.stack([placed(each, token, length=length, elsewhere=0) for each, token in zip(said, tokens, strict=True)])
        has = np.array([one.photo is not None for one in examples]) & there
        width = 0 if self._photos is None else self._photos.shape[1]
        rows = np.zeros((len(examples), width), dtype=np.float32)
        if self._photos is not None:
            for at, one in enumerate(examples):
                if has[at]:
                    rows[at] = self._photos[cast("int", one.photo)]
        else:
            has[:] = False
        return TagInputs(*(torch.from_numpy(each) for each in (block.ids, block.mask, hints, rows, has)))

    def _some(self, examples: Sequence[Example], *, with_photos: bool) -> list[Read]:
        tokens = [self._tokenizer.tokens([word.text for word in one.words]) for one in examples]
        inputs = self.inputs(examples, tokens, there=np.full(len(examples), fill_value=with_photos))
        device = next(self._network.parameters()).device
        said = cast("TagOutputs", self._network(*(tensor.to(device) for tensor in inputs)))
        chances = said.tags.float().softmax(dim=-1).cpu().numpy()
        chances = np.concatenate([chances, np.full_like(chances[:, :1], _CUT_OFF)], axis=1)  # at -1 stand words that were cut off
        values = {label: scores.float().softmax(dim=-1).cpu().numpy() for label, scores in said.values.items()}
        answers = []
        for row, one in enumerate(tokens):
            words = chances[row, list(one.firsts)]
            tags = with_known_edges(best_tags(np.log(np.maximum(words, _LEAST))), examples[row].hints)
            sure = tuple(float(word[tag]) for word, tag in zip(words, tags, strict=True))
            answers.append(Read(tags, sure, {label: each[row] for label, each in values.items()}))
        return answers


def judged(examples: Sequence[Example], read: Sequence[Read]) -> list[Judged]:
    """Examples beside what was predicted for them."""
    return [Judged(example, one.tags) for example, one in zip(examples, read, strict=True)]
