"""Legs sent and their answers read, without I/O: what `ask` of either store goes through."""

import time
from collections.abc import Sequence
from dataclasses import replace

from indexer.errors import StoreError
from indexer.store.base import HybridLeg, Leg, LegAnswer
from indexer.store.calls import Plan
from indexer.store.hybrid import need_hybrid_plan
from indexer.store.identity import Description
from indexer.store.points import check_frozen, open_call, point_index, point_name, refused
from indexer.store.requests import search_call
from indexer.store.responses import leg_answers
from indexer.store.versions import describe_plan, find_plan
from indexer.text.cleaning import Cleaning

DESCRIPTION_S = 5.0
"""How long a description is kept."""


class Kept:
    """What is known of the server and the index; safe across threads, as each is set in one step."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.hybrid = False
        """Whether the server was seen to have the hybrid query; one without it is looked at again each time."""
        self._kept: tuple[float, Description] | None = None

    def keep(self, description: Description) -> Description:
        """Keep it, and return it."""
        self._kept = (time.monotonic(), description)
        return description

    def recent(self) -> Description | None:
        """What was kept in the last DESCRIPTION_S seconds."""
        kept = self._kept
        return kept[1] if kept and time.monotonic() - kept[0] < DESCRIPTION_S else None

    def forget(self) -> None:
        """Keep no description."""
        self._kept = None


def ask_plan(alias: str, legs: Sequence[Leg], kept: Kept, cleaning: Cleaning, *, point: str = "") -> Plan[list[LegAnswer]]:
    """All legs in one request; a second one only where a leg found nothing and the index's name is not known.

    Before the first hybrid leg the server is asked whether it has such a query. Raises as ProductReader.ask says.
    """
    if not legs:
        return []
    call = search_call(alias, legs, cleaning, point=point)
    if not kept.hybrid and any(isinstance(leg, HybridLeg) for leg in legs):
        yield from need_hybrid_plan()
        kept.hybrid = True
    try:
        answer = yield call
    except StoreError as error:
        if point and (gone := refused(error)):
            raise gone from error
        raise
    if point:
        check_frozen(answer)
        return leg_answers(alias, legs, answer, index=point_index(point))
    # an answer without hits does not say which index gave it; an error among the answers goes first
    answers = leg_answers(alias, legs, answer, index="")
    if all(one.index for one in answers):
        return answers
    known = kept.recent() or kept.keep((yield from describe_plan(alias)))
    return [one if one.index else replace(one, index=known.index) for one in answers]


def open_point_plan(alias: str, *, keep_s: float) -> Plan[str]:
    """Freeze the index behind the alias; the point's name. Raises IndexMissing, SchemaDrift, StoreBusy where too many are open."""
    index, _ = yield from find_plan(alias)
    answer = yield open_call(index, keep_s=keep_s)
    return point_name(index, str(answer["pit_id"]))
