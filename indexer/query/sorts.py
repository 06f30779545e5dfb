"""The grammar of sorts: `price`, `price:desc`, `weight:asc`."""

from indexer.errors import QueryError
from indexer.records import Sort

_ENDS = {"asc": False, "desc": True}


def parse_sort(text: str) -> Sort:
    """The sort that a text says; ascending where it does not say. Raises QueryError.

    >>> parse_sort("price:desc")
    Sort(field='price', descending=True)
    """
    field, colon, end = text.strip().rpartition(":")
    if colon and end.strip().lower() in _ENDS:
        field, descending = field.strip(), _ENDS[end.strip().lower()]
    else:
        field, descending = text.strip(), False
    if not field:
        raise QueryError(
            f"{text!r} names no field to sort by.", cure="Write price, price:desc, popularity:desc, since:desc or an attribute's name."
        )
    return Sort(field, descending)
