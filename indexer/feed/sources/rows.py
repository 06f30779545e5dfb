"""A feed's raw row: what one source line says, before anything is believed."""

from collections.abc import Mapping
from typing import NamedTuple

CUT = "ends in the middle of a row: it was cut short"
"""What is said of a source that is not whole."""

ROW_CAP = 16_000_000
"""Bytes of one product in a JSON array or in XML; a reader that trusted a source would run out of memory."""


class RawRow(NamedTuple):
    """The fields of one raw row as the source wrote them, and where it stands.

    `line` counts from 1: the physical line on which the row begins, or, in JSON arrays, XML and Parquet, the row's place.
    """

    file: str
    line: int
    fields: Mapping[str, object]
