"""On what terms a feed is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DROP_LIMIT = 0.1
"""The share of living products that a snapshot may delete unless it is told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How to read a feed, and what it may do.

    `mapping`: source column -> field of ours (`""` leaves a column out); other columns are guessed as always.
    `snapshot`: the feed holds all products; what it does not hold, and nothing has touched since it began, is deleted, unless that is
    more than the share `drop_limit` (0 to 1) of the living ones. `max_rejects`: more rejected rows than this end the feed.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    snapshot: bool = False
    drop_limit: float = DROP_LIMIT
    max_rejects: int | None = None
