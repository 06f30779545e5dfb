"""From a likelihood of each tag at each word to the tags of a whole title: no inside without its beginning, known spans whole."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indexer.learn.tag_labels import TAGS, spans_of, written

_NEVER = -1e9


def _allowed() -> npt.NDArray[np.float64]:
    """(tags, tags): 0 where the second may follow the first, else far below any score. An inside follows its own label only."""
    allowed = np.zeros((len(TAGS), len(TAGS)))
    for inside in range(2, len(TAGS), 2):
        allowed[:, inside] = _NEVER
        allowed[[inside - 1, inside], inside] = 0
    return allowed


_ALLOWED = _allowed()


def best_tags(scores: npt.NDArray[np.float32]) -> tuple[int, ...]:
    """The tags of a title's words that together have the highest sum of scores (n, tags), log-probabilities say (Viterbi 1967).

    Without it one span would fall apart where the network wavers: "6" a beginning, "ft" an outside.
    """
    if not len(scores):
        return ()
    best = scores[0] + _ALLOWED[0]
    steps: list[npt.NDArray[np.intp]] = []
    for row in scores[1:]:
        through = best[:, None] + _ALLOWED
        steps.append(through.argmax(axis=0))
        best = through.max(axis=0) + row
    tags = [int(best.argmax())]
    for step in reversed(steps):
        tags.append(int(step[tags[-1]]))
    return tuple(reversed(tags))


def with_known_edges(tags: Sequence[int], hints: Sequence[int]) -> tuple[int, ...]:
    """The tags, where a span that overlaps one of the dictionary's of its own label has that one's edges.

    Labels are the longest names that the fields tell, and so are the dictionary's spans: "Photo black" is one colour, not two.
    """
    whole = list(tags)
    for known in spans_of(hints):
        mine = [span for span in spans_of(whole) if span.start < known.end and known.start < span.end]
        if mine and all(span.label == known.label for span in mine):
            for span in mine:
                whole[span.start : span.end] = [0] * (span.end - span.start)
            whole[known.start : known.end] = written(known)
    return tuple(whole)
