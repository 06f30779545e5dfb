"""One index as the ledger sees it: rows that are dirty towards it, and who is working on them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from indexer.ledger.records import Claimed, Finished, Letter, Plan, Step, Upgrade
from indexer.records import Lane


class Target(Protocol):
    """What a worker asks of the ledger for one index: the one in use, or the next one of an upgrade."""

    def claim(self, lane: Lane, *, owner: str, limit: int, lease_s: float, alone: bool = False) -> list[Claimed]:
        """Take up to `limit` due dirty rows of the lane, longest due first, counting an attempt on each.

        Rows with an attempt behind them are only given out with `alone=True`, one at a time; without it they are passed over.
        """

    def suspects(self, lane: Lane) -> int:
        """How many due rows of the lane have an attempt behind them and must be claimed alone."""

    def renew(self, owner: str, *, lease_s: float) -> int:
        """Prolong all leases of this owner; how many it still holds."""

    def finish(self, owner: str, done: Sequence[Finished], *, recipe: str = "", counted: Mapping[str, int] | None = None) -> int:
        """Mark rows clean where they have not changed meanwhile; changed ones are due again at once, attempts cleared.

        Adds `counted` to the named counters in the same transaction: who waits for clean rows then sees the sums with them.

        Where another recipe is in force than the one they were made by, all of them are due again under new row versions.
        Returns how many became clean. Towards a next index, its name stands for the recipe, and what went to another does not count.
        """

    def release(self, owner: str, ids: Sequence[str], *, delay_s: float, give_back: bool, reason: str = "") -> None:
        """Put rows back, due after the delay; `give_back` takes the attempt off again."""

    def bury(self, owner: str, letters: Sequence[Letter]) -> None:
        """Move rows to the dead letters, with their reason; a later event of the product revives it."""


class NextTarget(Target, Protocol):
    """The next index of an upgrade, and the upgrade's course."""

    def upgrade(self) -> Upgrade | None:
        """The last upgrade, ended or not; None where there never was one."""

    def begin(self, plan: Plan) -> Upgrade:
        """Record a new upgrade. Raises LedgerError while another is under way."""

    def move(self, upgrade: Upgrade, step: Step, **noted: str) -> Upgrade:
        """Record the next step, and what else is to be noted (`new_index`, `evidence`). Raises LedgerError where it was moved already."""

    def indices(self) -> list[str]:
        """The names of all indices that upgrades ever were from or to."""

    def profile(self, recipe: str) -> str:
        """The profile that makes that recipe, as far as upgrades know it; empty where none does."""

    def list_some(self, *, limit: int = 1000) -> int:
        """Let the next rows take part (step LISTING); how many, 0 at the end. Where it was cut short, it goes on."""

    def missed(self, *, limit: int = 1000) -> int:
        """Let rows take part that a listing could not see; how many. Reads all rows once."""

    def promote_some(self, *, limit: int = 1000) -> int:
        """Make the next rows' part in the new index all there is (step CLEANING); how many, 0 at the end."""

    def leave_some(self, *, limit: int = 1000) -> int:
        """Forget the next rows' part (step DROPPING); how many, 0 at the end."""

    def moment(self) -> int:
        """The ledger's clock, microseconds since 1970: row versions given out later are greater."""

    def dirty(self, *, until: int | None = None) -> int:
        """How many rows are still to be written to the next index; of those only that were last changed by that moment."""

    def dirty_rows(self, *, after: str, last: str = "", limit: int = 1000) -> list[Claimed]:
        """The next rows by id that are still to be written, from behind `after` up to `last` (empty: without an end); claims nothing."""

    def trouble(self) -> str:
        """Why a row that is still to be written to the next index was last put back, in words; empty where none was."""

    def given_up(self) -> tuple[int, list[tuple[str, str]]]:
        """How many rows the next index will lack, and the first of them with their reasons."""

    def put_in_force(self, upgrade: Upgrade) -> None:
        """What is made from now on is made by the new recipe."""
