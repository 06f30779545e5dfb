"""A feed's raw row: what one source line says, before anything is believed."""

from collections.abc import Mapping
from typing import NamedTuple


class RawRow(NamedTuple):
    """The fields of one raw row as the source wrote them, and the physical line (from 1) on which the row begins."""

    file: str
    line: int
    fields: Mapping[str, object]
