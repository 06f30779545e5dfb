"""Index mappings, as package data."""
