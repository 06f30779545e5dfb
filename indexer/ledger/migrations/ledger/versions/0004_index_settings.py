"""Upgrades remember how their index is to be made, so that one which was cut short before it was made is made so."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; an upgrade from before has none, and goes by the settings of whoever resumes it."""
    op.add_column("fusedex_upgrades", sa.Column("new_settings", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Take it off again."""
    with op.batch_alter_table("fusedex_upgrades") as upgrades:
        upgrades.drop_column("new_settings")
