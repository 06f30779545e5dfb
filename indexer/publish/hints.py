"""How many hints one feed or one sweep sends, and that a broker that is away does no harm."""

from collections import Counter
from collections.abc import Mapping

from indexer.errors import BrokerUnavailable
from indexer.observe import log
from indexer.publish.base import Publisher
from indexer.records import LANES, Lane

AT_ONCE = 16
"""Hints that one call asks for at most, a lane: each is carried on by its worker for as long as the lane has work."""


class Hints:
    """Sends hints for rows that are due, those of one feed counted together: what was hinted at before needs no second hint.

    After one failure it keeps quiet, but for `all_due`: a broker that is away costs one time-out.
    """

    def __init__(self, publisher: Publisher, *, claim: int) -> None:
        """`claim` is how many rows one hint's claim takes."""
        self._publisher = publisher
        self._claim = claim
        self._away = False
        self._sent: Counter[Lane] = Counter()

    def some(self, *lanes: Lane) -> None:
        """One hint for each lane, while a feed is still being read."""
        if not self._away:
            self._publish(dict.fromkeys(lanes, 1))

    def all_due(self, rows: Mapping[Lane, int]) -> None:
        """Hints for so many rows by lane: one for each claim that they fill, within bounds, those sent before counted in.

        One at the least where there are rows: the earlier ones may have found nothing left and ended.
        """
        wanted = {lane: min(-(-rows.get(lane, 0) // self._claim), AT_ONCE) for lane in LANES}
        self._publish({lane: max(1, number - self._sent[lane]) for lane, number in wanted.items() if number})

    def _publish(self, hints: Mapping[Lane, int]) -> None:
        try:
            for lane, number in hints.items():
                self._publisher.work(lane, hints=number)
                self._sent[lane] += number
        except BrokerUnavailable as error:
            self._away = True
            log.warning("hints_not_sent", reason=error.message, cure="The next sweep sends them.")
