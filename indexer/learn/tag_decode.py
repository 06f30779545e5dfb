"""From a likelihood of each tag at each word to the tags of a whole title: no inside without its beginning."""

import numpy as np
import numpy.typing as npt

from indexer.learn.tag_labels import TAGS

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
