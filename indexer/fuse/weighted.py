"""The default fusion: a weighted mean of unit part rows."""

import math
from collections.abc import Mapping, Sequence

from indexer.errors import ModelError
from indexer.fuse.base import PartRow
from indexer.fuse.means import mean_row, part_weights
from indexer.specs import ModelSpec
from indexer.vectors import Row


class WeightedFusion:
    """z = unit(Σ w(kind) · w(part) / n(kind) · row): the parts of one kind share its weight, so ten photos weigh no more than one.

    A query's words (`text`) weigh what title and description weigh together.
    """

    def __init__(self, *, title: float, description: float, photo: float, width: int) -> None:
        """Take the kinds' weights, none negative and one above zero; only their ratios matter. Raises ModelError."""
        weights = {"title": title, "description": description, "photo": photo}
        total = math.fsum(weights.values())
        if not (all(weight >= 0 for weight in weights.values()) and 0 < total < math.inf):
            raise ModelError(f"The fusion weights {weights} must not be negative, and one must be above zero.")
        shares = {kind: weight / total for kind, weight in weights.items()}
        self._shares: Mapping[str, float] = {**shares, "text": shares["title"] + shares["description"]}
        self._spec = ModelSpec(
            name="weighted",
            revision="1",
            width=width,
            weights=", ".join(f"{kind} {share:.6f}" for kind, share in shares.items()),
            licence="Apache-2.0",
            origin="this library",
        )

    @property
    def spec(self) -> ModelSpec:
        """Identity; the shares of the weights are in its digest."""
        return self._spec

    def fuse(self, parts: Sequence[PartRow]) -> Row | None:
        """One unit row, or None where no part has weight.

        Rows that cancel each other out fall back on the heaviest part's (see `mean_row`). Raises WidthMismatch for a row of
        another width, NotFinite, and ModelError for an unknown kind.
        """
        return mean_row(parts, part_weights(parts, self._shares), width=self._spec.width)
