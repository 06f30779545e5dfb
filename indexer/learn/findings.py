"""What a check found: one listing, how suspicious it is, why, and what that is judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

Check = Literal["duplicate", "mislabelled", "price", "photo", "same photo"]
CHECKS: Mapping[Check, str] = {
    "duplicate": "says nearly the same as another listing",
    "mislabelled": "its nearest neighbours are of another kind",
    "price": "its price is far from those of its nearest neighbours or its kind",
    "photo": "its photo is far from those of its kind",
    "same photo": "shows the photo of a listing that says something else",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A suspicion about one listing; `score` orders the findings of one check, the most suspicious first.

    A duplicate's score is its similarity (0..1), a mislabelled one's the share of neighbours by which the other kind leads (0..1), a
    price's and a photo's how many robust deviations it lies off.
    """

    check: Check
    id: str
    score: float
    reason: str
    evidence: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """All findings, by check and the most suspicious first, and how many listings were looked at.

    `left_out` are the checks that could not be made, `unusable` the photos that could not be looked at, each with why.
    """

    listings: int
    kind_field: str
    kinds: int
    findings: tuple[Finding, ...]
    left_out: Mapping[str, str]
    unusable: Mapping[str, str] = field(default_factory=dict)

    def of(self, check: Check) -> tuple[Finding, ...]:
        """One check's findings."""
        return tuple(one for one in self.findings if one.check == check)

    def as_object(self) -> dict[str, object]:
        """As a JSON object."""
        counts = {check: len(self.of(check)) for check in CHECKS}
        told = {"listings": self.listings, "kind_field": self.kind_field, "kinds": self.kinds, "counts": counts}
        return {
            **told,
            "left_out": dict(self.left_out),
            "unusable_photos": dict(self.unusable),
            "findings": [asdict(one) for one in self.findings],
        }


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """By check in the order of CHECKS, then the most suspicious first, then by id."""
    places = {check: place for place, check in enumerate(CHECKS)}
    return tuple(sorted(findings, key=lambda one: (places[one.check], -one.score, one.id)))
