"""What dictionaries lack and shops need, from the tables beside this file: read them, and change them where your shop speaks otherwise."""

from collections.abc import Mapping
from importlib import resources


def table(name: str) -> Mapping[str, tuple[str, ...]]:
    """A table's words by their key, in order: lines of a key, a tab and words between spaces; `#` begins a comment."""
    found: dict[str, list[str]] = {}
    for line in resources.files("indexer.text").joinpath(name).read_text(encoding="utf-8").splitlines():
        key, _, words = line.partition("\t")
        if not line.startswith("#"):
            found.setdefault(key, []).extend(words.split())
    return {key: tuple(words) for key, words in found.items()}


_TABLE = table("shop_words.tsv")

WHOLE: tuple[str, ...] = _TABLE["whole"]
"""Chinese words that segmentation keeps whole (their parts are found as well), beyond its dictionary's."""

MAINLAND: Mapping[str, str] = {here: there for here, _, there in (pair.partition("=") for pair in _TABLE["mainland"])}
"""A thing's name in Taiwan or Hong Kong, in simplified characters -> its name on the mainland."""
