"""A file of anything to clean products, row by row."""
