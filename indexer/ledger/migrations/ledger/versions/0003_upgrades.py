"""Upgrades: an index that is built beside the one in use, and how each row stands towards it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAMES = ("old_index", "old_recipe", "old_profile", "new_recipe", "new_profile")


def upgrade() -> None:
    """Add the columns, null for every row: no upgrade is under way; then their indexes and the table of upgrades."""
    op.add_column("fusedex_rows", sa.Column("next_version", sa.BigInteger))
    op.add_column("fusedex_rows", sa.Column("next_due", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("fusedex_rows", sa.Column("next_attempts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("fusedex_rows", sa.Column("next_owner", sa.Text))
    op.add_column("fusedex_rows", sa.Column("next_trouble", sa.Text, nullable=False, server_default=""))
    dirty, leased = sa.text("row_version > next_version"), sa.text("next_owner IS NOT NULL")
    op.create_index("fusedex_rows_next", "fusedex_rows", ["next_attempts", "next_due"], sqlite_where=dirty, postgresql_where=dirty)
    op.create_index("fusedex_rows_next_lease", "fusedex_rows", ["next_owner"], sqlite_where=leased, postgresql_where=leased)
    key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "fusedex_upgrades",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in NAMES),
        sa.Column("fresh_parts", sa.Boolean, nullable=False),
        sa.Column("new_index", sa.Text, nullable=False, server_default=""),
        sa.Column("walked", key, nullable=False, server_default=""),
        sa.Column("evidence", sa.Text, nullable=False, server_default=""),
    )


def downgrade() -> None:
    """Take them off again."""
    op.drop_table("fusedex_upgrades")
    op.drop_index("fusedex_rows_next_lease", "fusedex_rows")
    op.drop_index("fusedex_rows_next", "fusedex_rows")
    with op.batch_alter_table("fusedex_rows") as rows:
        for name in ("next_trouble", "next_owner", "next_attempts", "next_due", "next_version"):
            rows.drop_column(name)
