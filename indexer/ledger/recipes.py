"""The recipe in force: the digest of the encoders and the fusion that documents must be made by."""

from sqlalchemy import Connection, select, update

from indexer.ledger.tables import identity


def in_force(connection: Connection, *, until_the_end: bool = False) -> str:
    """The recipe; `until_the_end` of this transaction nobody puts another one in force."""
    question = select(identity.c.recipe)
    known: str = connection.execute(question.with_for_update(read=True) if until_the_end else question).scalar_one()
    return known


def put_in_force(connection: Connection, recipe: str) -> None:
    """Put a recipe in force; waits for those who finish by the old one."""
    connection.execute(update(identity).values(recipe=recipe))
