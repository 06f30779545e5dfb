"""The first table: one vector a row, by the digests of its input and of its model's spec."""

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
        "fusedex_vectors",
        sa.Column("spec", KEY, primary_key=True),
        sa.Column("input", KEY, primary_key=True),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("row", sa.LargeBinary, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_fusedex_vectors_used", "fusedex_vectors", ["used"])


def downgrade() -> None:
    """Drop them, with all that they hold."""
    op.drop_table("fusedex_vectors")
