"""What a feed's rows had that was left out, cut or moved without refusing the row: said once a kind in the log, and counted."""

from collections import Counter

from indexer.observe import log


class Remarks:
    """The remarks on one feed; `counts` has how often each was made."""

    def __init__(self) -> None:
        """Begin with none."""
        self.counts: Counter[str] = Counter()

    def say(self, event: str, what: str, **about: object) -> None:
        """Count the remark `what`; the first of its kind goes to the log as a warning."""
        self.counts[what] += 1
        if self.counts[what] == 1:
            log.warning(event, what=what, **about)
