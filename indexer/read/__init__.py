"""The pieces of the read path's plan (read_plan.py): what it needs, what it finds, and the answer made of it."""
