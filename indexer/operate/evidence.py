"""What the gate of an upgrade found, as it is recorded in the ledger."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a gate found: whether the new index may go live, what was compared, the figures, and the reasons against it."""

    passed: bool
    by: str
    figures: dict[str, float]
    against: tuple[str, ...] = ()

    def text(self) -> str:
        """As JSON, as it is recorded."""
        return json.dumps({"passed": self.passed, "by": self.by, "figures": self.figures, "against": list(self.against)})


def read_evidence(text: str) -> Evidence | None:
    """The evidence that was recorded; None where there is none yet."""
    if not text:
        return None
    told = json.loads(text)
    return Evidence(passed=told["passed"], by=told["by"], figures=told["figures"], against=tuple(told["against"]))
