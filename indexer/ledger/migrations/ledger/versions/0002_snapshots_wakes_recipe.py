"""Snapshots (which jobs are, when a row was touched), rows that wake by themselves, the recipe in force, letters set to work again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and their indexes; rows that are there were never touched, and wake for nothing."""
    op.add_column("fusedex_ledger", sa.Column("recipe", sa.Text, nullable=False, server_default=""))
    op.add_column("fusedex_rows", sa.Column("touched", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("fusedex_rows", sa.Column("wake", sa.BigInteger))
    op.add_column("fusedex_rows", sa.Column("wake_lane", sa.Text))
    op.add_column("fusedex_letters", sa.Column("replayed", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("fusedex_jobs", sa.Column("snapshot", sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_index("fusedex_rows_standing", "fusedex_rows")
    op.create_index("fusedex_rows_standing", "fusedex_rows", ["standing", "touched"])
    wakes = sa.text("wake IS NOT NULL")
    op.create_index("fusedex_rows_wake", "fusedex_rows", ["wake"], sqlite_where=wakes, postgresql_where=wakes)
    op.create_index("fusedex_letters_error", "fusedex_letters", ["error", "last_seen"])
    open_snapshot = sa.text("snapshot AND NOT committed")
    op.create_index("fusedex_jobs_snapshot", "fusedex_jobs", ["arrival"], sqlite_where=open_snapshot, postgresql_where=open_snapshot)


def downgrade() -> None:
    """Take them off again."""
    op.drop_index("fusedex_jobs_snapshot", "fusedex_jobs")
    op.drop_index("fusedex_letters_error", "fusedex_letters")
    op.drop_index("fusedex_rows_wake", "fusedex_rows")
    op.drop_index("fusedex_rows_standing", "fusedex_rows")
    op.create_index("fusedex_rows_standing", "fusedex_rows", ["standing"])
    with op.batch_alter_table("fusedex_jobs") as jobs:
        jobs.drop_column("snapshot")
    with op.batch_alter_table("fusedex_letters") as letters:
        letters.drop_column("replayed")
    with op.batch_alter_table("fusedex_rows") as rows:
        for name in ("wake_lane", "wake", "touched"):
            rows.drop_column(name)
    with op.batch_alter_table("fusedex_ledger") as ledger:
        ledger.drop_column("recipe")
