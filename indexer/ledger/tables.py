"""The ledger's tables, and the vector cache's, in SQLAlchemy Core; `migrations/` makes them, step by step.

Times are microseconds since 1970. Texts that people or machines outside wrote are JSON in ASCII or cleaned before they
come here, since PostgreSQL refuses a NUL.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text, and_, false, not_

LEDGER = MetaData()
VECTORS = MetaData()

KEY = Text().with_variant(Text(collation="C"), "postgresql")
"""Keys sort by code point in both databases, as Python sorts: rows locked in that order can't deadlock."""

identity = Table(
    "fusedex_ledger",
    LEDGER,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("born", BigInteger, nullable=False),
    # of the encoders and the fusion in force; empty before the first index
    Column("recipe", Text, nullable=False, server_default=""),
)

rows = Table(
    "fusedex_rows",
    LEDGER,
    Column("id", KEY, primary_key=True),
    # live, deleted, or waiting: an offer whose content has not come
    Column("standing", Text, nullable=False),
    # the registers of merge.py
    Column("state", Text, nullable=False),
    Column("content", Text),
    Column("offer", Text),
    # the row version that last changed the content: a write of that version or a later one has these parts
    Column("content_since", BigInteger, nullable=False, server_default="0"),
    # 0: nothing was ever given out to be indexed
    Column("row_version", BigInteger, nullable=False, server_default="0"),
    Column("indexed_version", BigInteger, nullable=False, server_default="0"),
    # set while the row is dirty and not buried
    Column("lane", Text),
    # when it may be claimed: at once, after a delay, or when its lease ends
    Column("due", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease_owner", Text),
    # what the last release said
    Column("trouble", Text, nullable=False, server_default=""),
    # the lane that a buried row came from, and goes back to
    Column("buried_lane", Text),
    Column("parts", Text),
    Column("photo_status", Text, nullable=False, server_default="none"),
    # when an event last named it: noted when the row is made, and while a snapshot is being taken
    Column("touched", BigInteger, nullable=False, server_default="0"),
    # when a clean row becomes dirty by itself, and in which lane
    Column("wake", BigInteger),
    Column("wake_lane", Text),
    # as indexed_version, due, attempts, lease_owner and trouble are of the index in use, these are of the next one while an
    # upgrade is under way; the version is null for a row that has no part in it
    Column("next_version", BigInteger),
    Column("next_due", BigInteger, nullable=False, server_default="0"),
    Column("next_attempts", Integer, nullable=False, server_default="0"),
    Column("next_owner", Text),
    Column("next_trouble", Text, nullable=False, server_default=""),
)
_dirty = rows.c.lane.is_not(None)
# Partial: claims and sweeps read dirty rows only, however many clean ones there are.
Index("fusedex_rows_due", rows.c.lane, rows.c.attempts, rows.c.due, sqlite_where=_dirty, postgresql_where=_dirty)
Index("fusedex_rows_span", rows.c.row_version, sqlite_where=_dirty, postgresql_where=_dirty)
_leased = rows.c.lease_owner.is_not(None)
Index("fusedex_rows_lease", rows.c.lease_owner, sqlite_where=_leased, postgresql_where=_leased)
# Counts, and what a snapshot lacks, are read from it alone.
Index("fusedex_rows_standing", rows.c.standing, rows.c.touched)
_wakes = rows.c.wake.is_not(None)
Index("fusedex_rows_wake", rows.c.wake, sqlite_where=_wakes, postgresql_where=_wakes)
_next_dirty = rows.c.row_version > rows.c.next_version
Index("fusedex_rows_next", rows.c.next_attempts, rows.c.next_due, sqlite_where=_next_dirty, postgresql_where=_next_dirty)
_next_leased = rows.c.next_owner.is_not(None)
Index("fusedex_rows_next_lease", rows.c.next_owner, sqlite_where=_next_leased, postgresql_where=_next_leased)

upgrades = Table(
    "fusedex_upgrades",
    LEDGER,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step", Text, nullable=False),
    Column("began", BigInteger, nullable=False),
    # the index that was in use when it began, and what made it
    Column("old_index", Text, nullable=False),
    Column("old_recipe", Text, nullable=False),
    Column("old_profile", Text, nullable=False),
    # the one that is to take its place; empty until it is made
    Column("new_index", Text, nullable=False, server_default=""),
    Column("new_recipe", Text, nullable=False),
    Column("new_profile", Text, nullable=False),
    # whether parts that the old index recorded are not all that the new one needs
    Column("fresh_parts", Boolean, nullable=False),
    # the settings that the new index is to be made by, as JSON
    Column("new_settings", Text, nullable=False, server_default=""),
    # how far the walk of this step has come
    Column("walked", KEY, nullable=False, server_default=""),
    # what the gate found, as JSON
    Column("evidence", Text, nullable=False, server_default=""),
)

letters = Table(
    "fusedex_letters",
    LEDGER,
    Column("id", KEY, primary_key=True),
    Column("row_version", BigInteger, nullable=False, index=True),
    Column("error", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False, index=True),
    # set to work again: hidden until the row is finished, or buried again
    Column("replayed", Boolean, nullable=False, server_default=false()),
)
Index("fusedex_letters_error", letters.c.error, letters.c.last_seen)

jobs = Table(
    "fusedex_jobs",
    LEDGER,
    Column("id", KEY, primary_key=True),
    Column("source", Text, nullable=False),
    Column("arrival", BigInteger, nullable=False),
    Column("committed", Boolean, nullable=False),
    Column("failed", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("first_version", BigInteger),
    Column("last_version", BigInteger),
    Column("snapshot", Boolean, nullable=False, server_default=false()),
)
_under_way = and_(jobs.c.snapshot, not_(jobs.c.committed))
Index("fusedex_jobs_snapshot", jobs.c.arrival, sqlite_where=_under_way, postgresql_where=_under_way)

rejections = Table(
    "fusedex_rejections",
    LEDGER,
    Column("job", KEY, primary_key=True),
    # by digest, so that a job sent again adds none twice
    Column("digest", Text, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("rejected", Text, nullable=False),
)

roles = Table(
    "fusedex_roles",
    LEDGER,
    Column("role", KEY, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)

counters = Table(
    "fusedex_counters",
    LEDGER,
    Column("name", KEY, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)

vectors = Table(
    "fusedex_vectors",
    VECTORS,
    Column("spec", KEY, primary_key=True),
    Column("input", KEY, primary_key=True),
    Column("width", Integer, nullable=False),
    Column("row", LargeBinary, nullable=False),
    Column("used", BigInteger, nullable=False, index=True),
)
