"""Upgrades: one index built beside the one in use, to take its place. At most one is under way; each step is recorded first."""

from sqlalchemy import Connection, exists, func, insert, select, update

from indexer.errors import LedgerError
from indexer.ledger.records import NOT_KEEPING, SERVING, Plan, Step, Upgrade
from indexer.ledger.tables import upgrades

KEEPING = exists().where(upgrades.c.step.not_in(NOT_KEEPING))
"""Whether there are two indices to keep up: then new rows have a part in both."""


def latest(connection: Connection) -> Upgrade | None:
    """The last upgrade that was begun, ended or not; None where there never was one."""
    row = connection.execute(select(upgrades).order_by(upgrades.c.number.desc()).limit(1)).first()
    return None if row is None else _upgrade(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name


def begin(connection: Connection, plan: Plan, *, now: int) -> Upgrade:
    """Record a new upgrade. Raises LedgerError while another is under way."""
    number = 1 + (connection.execute(select(func.max(upgrades.c.number))).scalar() or 0)
    last = latest(connection)
    if last is not None and not last.ended:
        raise LedgerError(
            f"Upgrade {last.number} is under way ({last.step}).", cure="Go on with it (`fusedex upgrade resume`), or end it (`... clean`)."
        )
    values = {
        "number": number,  # of two that begin at once, the key lets one in
        "step": Step.PLANNED,
        "began": now,
        "old_index": plan.old_index,
        "old_recipe": plan.old_recipe,
        "old_profile": plan.old_profile,
        "new_recipe": plan.new_recipe,
        "new_profile": plan.new_profile,
        "new_settings": plan.new_settings,
        "fresh_parts": plan.fresh_parts,
    }
    connection.execute(insert(upgrades).values(values))
    return known(connection)


def move(connection: Connection, upgrade: Upgrade, step: Step, **noted: str) -> Upgrade:
    """Record the next step, from its beginning, and what else is to be noted. Raises LedgerError where another command moved it first."""
    mine = (upgrades.c.number == upgrade.number, upgrades.c.step == upgrade.step)
    moved = connection.execute(update(upgrades).where(*mine).values({"step": step, "walked": ""} | noted))
    if moved.rowcount != 1:
        raise LedgerError(f"Upgrade {upgrade.number} is no longer at the step {str(upgrade.step)!r}.", cure="See `fusedex upgrade status`.")
    return known(connection)


def known(connection: Connection) -> Upgrade:
    """The last upgrade; raises LedgerError where there never was one."""
    upgrade = latest(connection)
    if upgrade is None:
        raise LedgerError("There is no upgrade.", cure="Begin one: `fusedex upgrade start`.")
    return upgrade


def indices(connection: Connection) -> list[str]:
    """The names of all indices that upgrades ever were from or to."""
    found = connection.execute(select(upgrades.c.old_index, upgrades.c.new_index))
    return sorted({name for pair in found for name in pair if name})


def profile(connection: Connection, recipe: str) -> str:
    """The profile that makes that recipe, as far as upgrades know it; empty where none does."""
    for column, made in ((upgrades.c.new_profile, upgrades.c.new_recipe), (upgrades.c.old_profile, upgrades.c.old_recipe)):
        found = connection.execute(select(column).where(made == recipe).order_by(upgrades.c.number.desc()).limit(1)).scalar()
        if found:
            return str(found)
    return ""


def serves_next(connection: Connection) -> bool:
    """Whether the alias stands for the next index."""
    return bool(connection.execute(select(exists().where(upgrades.c.step.in_(SERVING)))).scalar())


def _upgrade(values: dict[str, object]) -> Upgrade:
    return Upgrade(**values | {"step": Step(str(values["step"]))})  # type: ignore[arg-type]  # the columns are its fields
