"""The ledger towards the next index: what a worker asks of it, and the course of the upgrade that the index belongs to."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from indexer.errors import LedgerError
from indexer.ledger import next_rows, recipes, standing, upgrades
from indexer.ledger.base import Claimed, Finished, Letter, Plan, Step, Upgrade
from indexer.ledger.claims import Lease
from indexer.ledger.database import Database
from indexer.records import Lane

SAMPLES = 10


class NextLedger:
    """A `Target` over an upgrade's columns; one that nothing is to be done for where no upgrade is under way."""

    def __init__(self, database: Database, *, clock: Callable[[], int]) -> None:
        """Use a database whose tables are there."""
        self._database = database
        self._clock = clock

    def claim(self, lane: Lane, *, owner: str, limit: int, lease_s: float, alone: bool = False) -> list[Claimed]:  # noqa: ARG002 - it has one
        """Due rows that are dirty towards the next index, longest due first."""

        def work(connection: Connection) -> list[Claimed]:
            upgrade = upgrades.latest(connection)
            if upgrade is None or not upgrade.keeping:
                return []
            lease = self._lease(owner, lease_s)
            return next_rows.claim(connection, lease=lease, limit=limit, alone=alone, fresh_parts=upgrade.fresh_parts)

        return self._database.write(work)

    def suspects(self, lane: Lane) -> int:  # noqa: ARG002 - the same
        """How many due rows must be claimed alone."""
        return self._database.read(lambda connection: next_rows.suspects(connection, now=self._clock()))

    def renew(self, owner: str, *, lease_s: float) -> int:
        """Prolong all leases of this owner; how many it still holds."""
        return self._database.write(lambda connection: next_rows.renew(connection, self._lease(owner, lease_s)))

    def finish(self, owner: str, done: Sequence[Finished], *, recipe: str = "", counted: Mapping[str, int] | None = None) -> int:
        """Mark rows clean towards the index that `recipe` names, unless they changed meanwhile, and count; how many became so."""

        def work(connection: Connection) -> int:
            clean = next_rows.finish(connection, owner, done, index=recipe, now=self._clock())
            standing.count(connection, counted or {})
            return clean

        return self._database.write(work)

    def release(self, owner: str, ids: Sequence[str], *, delay_s: float, give_back: bool, reason: str = "") -> None:
        """Put back those of the rows that this owner still holds."""
        self._database.write(
            lambda connection: next_rows.release(connection, self._lease(owner, delay_s), ids, give_back=give_back, reason=reason)
        )

    def bury(self, owner: str, letters: Sequence[Letter]) -> None:
        """Try these rows no more at their version: they are listed by `given_up`, and get no letter."""
        self._database.write(lambda connection: next_rows.give_up(connection, owner, letters))

    def upgrade(self) -> Upgrade | None:
        """The last upgrade, ended or not; None where there never was one."""
        return self._database.read(upgrades.latest)

    def begin(self, plan: Plan) -> Upgrade:
        """Record a new upgrade. Raises LedgerError while another is under way."""
        return self._database.write(lambda connection: upgrades.begin(connection, plan, now=self._clock()))

    def move(self, upgrade: Upgrade, step: Step, **noted: str) -> Upgrade:
        """Record the next step, and what else is to be noted (`new_index`, `evidence`). Raises LedgerError where it was moved already."""
        return self._database.write(lambda connection: upgrades.move(connection, upgrade, step, **noted))

    def indices(self) -> list[str]:
        """The names of all indices that upgrades ever were from or to."""
        return self._database.read(upgrades.indices)

    def profile(self, recipe: str) -> str:
        """The profile that makes that recipe, as far as upgrades know it; empty where none does."""
        return self._database.read(lambda connection: upgrades.profile(connection, recipe))

    def list_some(self, *, limit: int = 1000) -> int:
        """Let the next rows take part (step LISTING); how many, 0 at the end. Where it was cut short, it goes on."""
        return self._walk(Step.LISTING, lambda connection, _, keys: next_rows.take_part(connection, keys, now=self._clock()), limit=limit)

    def promote_some(self, *, limit: int = 1000) -> int:
        """Make the next rows' part in the new index all there is (step CLEANING); how many, 0 at the end."""

        def promote(connection: Connection, upgrade: Upgrade, keys: Sequence[str]) -> None:
            next_rows.promote(connection, keys, fresh_parts=upgrade.fresh_parts, now=self._clock())

        return self._walk(Step.CLEANING, promote, limit=limit)

    def leave_some(self, *, limit: int = 1000) -> int:
        """Forget the next rows' part (step DROPPING); how many, 0 at the end."""
        return self._walk(Step.DROPPING, lambda connection, _, keys: next_rows.leave(connection, keys), limit=limit)

    def missed(self, *, limit: int = 1000) -> int:
        """Let rows take part that a listing could not see; how many. Reads all rows once."""
        found, after = 0, ""
        while True:
            after, some = self._database.write(lambda c, after=after: next_rows.missed(c, after=after, limit=limit, now=self._clock()))  # type: ignore[misc]  # a default binds it now
            found += some
            if not after:
                return found

    def moment(self) -> int:
        """The ledger's clock, microseconds since 1970: row versions given out later are greater."""
        return self._clock()

    def dirty(self, *, until: int | None = None) -> int:
        """How many rows are still to be written to the next index; of those only that were last changed by that moment."""
        return self._database.read(lambda connection: next_rows.dirty(connection, until=until))

    def dirty_rows(self, *, after: str, last: str = "", limit: int = 1000) -> list[Claimed]:
        """The next rows by id that are still to be written, without claiming them; none where no upgrade is under way."""

        def read(connection: Connection) -> list[Claimed]:
            upgrade = upgrades.latest(connection)
            if upgrade is None or not upgrade.keeping:
                return []
            return next_rows.dirty_rows(connection, between=(after, last), limit=limit, fresh_parts=upgrade.fresh_parts)

        return self._database.read(read)

    def trouble(self) -> str:
        """Why a row that is still to be written to the next index was last put back, in words; empty where none was."""
        return self._database.read(next_rows.trouble)

    def given_up(self) -> tuple[int, list[tuple[str, str]]]:
        """How many rows the next index will lack, and the first of them with their reasons."""
        return self._database.read(lambda connection: next_rows.given_up(connection, limit=SAMPLES))

    def put_in_force(self, upgrade: Upgrade) -> None:
        """What is made from now on is made by the new recipe."""
        self._database.write(lambda connection: recipes.put_in_force(connection, upgrade.new_recipe))

    def _walk(self, step: Step, each: Callable[[Connection, Upgrade, Sequence[str]], None], *, limit: int) -> int:
        def work(connection: Connection) -> int:
            upgrade = upgrades.known(connection)
            if upgrade.step is not step:
                raise LedgerError(f"Upgrade {upgrade.number} is at the step {str(upgrade.step)!r}, not at {str(step)!r}.")
            keys = next_rows.walk(connection, upgrade, limit=limit)
            each(connection, upgrade, keys)
            return len(keys)

        return self._database.write(work)

    def _lease(self, owner: str, seconds: float) -> Lease:
        now = self._clock()
        return Lease(owner, now, now + round(seconds * 1_000_000))
