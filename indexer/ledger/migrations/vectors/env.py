"""Run by Alembic: migrates over the connection, and inside the transaction, that the opener holds."""

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], version_table=attributes["version_table"])
with context.begin_transaction():
    context.run_migrations()
