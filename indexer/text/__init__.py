"""Texts of products and queries: cleaned by lists of plain steps, told apart into what is encoded and what is indexed."""

from indexer.text.catalog import STEPS, NamedStep, Step
from indexer.text.chinese import has_han, segmenter
from indexer.text.clean import DESCRIPTION, INDEXED, QUERY, TITLE, clean, digest
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.text.parts import attributes_line, parts_of

__all__ = [
    "DEFAULT",
    "DESCRIPTION",
    "INDEXED",
    "QUERY",
    "STEPS",
    "TITLE",
    "Cleaning",
    "NamedStep",
    "Step",
    "attributes_line",
    "clean",
    "digest",
    "has_han",
    "parts_of",
    "segmenter",
]
