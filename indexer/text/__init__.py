"""Text cleaning: one list of plain steps, used by feeds and queries alike."""

from indexer.text.clean import DESCRIPTION, QUERY, TITLE, Step, clean, digest, has_han

__all__ = ["DESCRIPTION", "QUERY", "TITLE", "Step", "clean", "digest", "has_han"]
