"""The default fusion: a weighted mean of unit part rows."""

import math
from collections.abc import Mapping, Sequence

from indexer.errors import ModelError
from indexer.fuse.base import PartRow
from indexer.fuse.means import mean_row, part_weights
from indexer.registry import did_you_mean
from indexer.specs import ModelSpec
from indexer.vectors import Row

LATER_KINDS = ("brand", "attributes")
TEXT_KINDS = ("title", "description", *LATER_KINDS)
KINDS = ("title", "description", "photo", *LATER_KINDS)
"""The kinds of a product's parts, in the order in which the spec names their shares."""


class WeightedFusion:
    """z = unit(Σ w(kind) · w(part) / n(kind) · row): the parts of one kind share its weight, so ten photos weigh no more than one.

    A query's words (`text`) weigh what all kinds of text weigh together.
    """

    def __init__(self, *, width: int, **weights: float) -> None:
        """Take the weights by kind (see KINDS; one not named weighs nothing), none negative and one above zero; only ratios matter.

        Raises ModelError, also for a kind that is none of KINDS.
        """
        unknown = sorted(weights.keys() - set(KINDS))
        if unknown:
            raise ModelError(f"There are no parts of kind {unknown[0]!r}.", cure=did_you_mean(unknown[0], list(KINDS)))
        weights = {kind: weights.get(kind, 0.0) for kind in KINDS}
        total = math.fsum(weights.values())
        if not (all(weight >= 0 for weight in weights.values()) and 0 < total < math.inf):
            raise ModelError(f"The fusion weights {weights} must not be negative, and one must be above zero.")
        shares = {kind: weight / total for kind, weight in weights.items()}
        self._shares: Mapping[str, float] = {**shares, "text": math.fsum(shares[kind] for kind in TEXT_KINDS)}
        self._spec = ModelSpec(
            name="weighted",
            revision="1",
            width=width,
            # Brand and attributes are named only where they weigh: an index made before they could knows its fusion again.
            weights=", ".join(f"{kind} {share:.6f}" for kind, share in shares.items() if share or kind not in LATER_KINDS),
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
