"""The first tables: rows, letters, jobs and their rejections, roles, counters, and the ledger's own name."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "fusedex_ledger",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("born", sa.BigInteger, nullable=False),
    )
    _rows()
    _letters()
    _jobs()
    op.create_table(
        "fusedex_roles",
        sa.Column("role", KEY, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fusedex_counters",
        sa.Column("name", KEY, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )


def _rows() -> None:
    op.create_table(
        "fusedex_rows",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("content", sa.Text),
        sa.Column("offer", sa.Text),
        sa.Column("content_since", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("row_version", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("indexed_version", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("lane", sa.Text),
        sa.Column("due", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease_owner", sa.Text),
        sa.Column("trouble", sa.Text, nullable=False, server_default=""),
        sa.Column("buried_lane", sa.Text),
        sa.Column("parts", sa.Text),
        sa.Column("photo_status", sa.Text, nullable=False, server_default="none"),
    )
    dirty, leased = sa.text("lane IS NOT NULL"), sa.text("lease_owner IS NOT NULL")
    op.create_index("fusedex_rows_due", "fusedex_rows", ["lane", "attempts", "due"], sqlite_where=dirty, postgresql_where=dirty)
    op.create_index("fusedex_rows_span", "fusedex_rows", ["row_version"], sqlite_where=dirty, postgresql_where=dirty)
    op.create_index("fusedex_rows_lease", "fusedex_rows", ["lease_owner"], sqlite_where=leased, postgresql_where=leased)
    op.create_index("fusedex_rows_standing", "fusedex_rows", ["standing"])


def _letters() -> None:
    op.create_table(
        "fusedex_letters",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("row_version", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_fusedex_letters_row_version", "fusedex_letters", ["row_version"])
    op.create_index("ix_fusedex_letters_last_seen", "fusedex_letters", ["last_seen"])


def _jobs() -> None:
    op.create_table(
        "fusedex_jobs",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("arrival", sa.BigInteger, nullable=False),
        sa.Column("committed", sa.Boolean, nullable=False),
        sa.Column("failed", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("first_version", sa.BigInteger),
        sa.Column("last_version", sa.BigInteger),
    )
    op.create_table(
        "fusedex_rejections",
        sa.Column("job", KEY, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them, with all that they hold."""
    for table in ("counters", "roles", "rejections", "jobs", "letters", "rows", "ledger"):
        op.drop_table(f"fusedex_{table}")
