"""The drawn tree of errors is the real one."""

import inspect
import re

from indexer import errors

LINE = re.compile(r"^(?P<indent>[│ ]*)[├└]─ (?P<name>\w+)\s+(?P<retry>yes|no)\s", re.MULTILINE)


def classes() -> dict[str, type[errors.IndexerError]]:
    return {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.IndexerError) and kind is not errors.IndexerError
    }


def test_every_class_is_drawn_with_its_parent_and_whether_to_retry() -> None:
    drawn: dict[str, tuple[str, bool]] = {}
    parents = ["IndexerError"]
    for match in LINE.finditer(errors.__doc__ or ""):
        depth = len(match["indent"]) // 3
        parents = [*parents[: depth + 1], match["name"]]
        drawn[match["name"]] = (parents[depth], match["retry"] == "yes")
    assert drawn == {name: (kind.__base__.__name__ if kind.__base__ else "", kind.retryable) for name, kind in classes().items()}


def test_an_error_reads_as_one_text_with_its_cure() -> None:
    error = errors.BadFilter("Not a filter.", cure="Write brand=Nike.")
    assert str(error) == "Not a filter. Write brand=Nike."
    assert not error.retryable
