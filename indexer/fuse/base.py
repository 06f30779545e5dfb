"""What a fusion is: the rows of one thing's parts in, one unit row out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from indexer.specs import ModelSpec
from indexer.vectors import Row


@dataclass(frozen=True, slots=True, eq=False)
class PartRow:
    """One part's unit row; `kind` is title, description, brand, attributes, photo, or text (a query's words).

    `weight` multiplies the fusion's own weight for the kind: queries use it to lean on words or on the photo.
    """

    kind: str
    row: Row
    weight: float = 1.0


class Fusion(Protocol):
    """Text and photo rows to one row; weights and the fusion change without running a model."""

    @property
    def spec(self) -> ModelSpec:
        """Identity; its width is the width of the index's vector field."""

    def fuse(self, parts: Sequence[PartRow]) -> Row | None:
        """One unit row, or None where no part has weight. Raises WidthMismatch for a part of the wrong width."""


@runtime_checkable
class Measured(Protocol):
    """A fusion that knows which cosines of its rows mean something; it need not."""

    @property
    def floors(self) -> Mapping[str, tuple[float, float]]:
        """By kind of query ("text", "photo"): the least cosine that means anything, and what the nearest must reach where no word matches.

        A kind that is missing has not been measured: the encoder's own figures hold.
        """
