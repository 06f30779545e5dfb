"""The terms that rules add to a score, beside what the legs give."""

SOLD_OUT = "sold_out"
"""The term by which what is sold out is put back (see order.py)."""

RECENCY = "recency"
"""The term that newness gives (see recency.py)."""

RULES = frozenset({SOLD_OUT, RECENCY})
"""Names of the terms that rules add to a score, none of which says that a leg found the product."""
