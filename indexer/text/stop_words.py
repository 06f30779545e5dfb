"""Words that say nothing of a product, by language, and a rule that spares a word that means something elsewhere."""

import re
from collections import Counter
from collections.abc import Mapping

from indexer.text.shop_words import table

_TABLE = table("stop_words.tsv")

BY_LANGUAGE: Mapping[str, frozenset[str]] = {name: frozenset(words) for name, words in _TABLE.items() if name != "elsewhere"}
"""Each language's words without content, lower case; Chinese ones simplified."""

ELSEWHERE = frozenset(_TABLE["elsewhere"])
"""Stop words of one language that are words, names or codes in another (van, die, den, LA ...): alone they stay."""

_WORD = re.compile(r"[^\W\d_]+")
_LANGUAGES = tuple(BY_LANGUAGE.items())


def without_stop_words(text: str) -> str:
    """The text without the stop words of the language it is in, as far as they tell; nothing goes where nothing would be left.

    The language is the one with the most stop words in the text (several, when equal). A lone stop word goes only if it
    means nothing in other languages: "für" does, "van" is a toy. Chinese words have to stand apart, as after segmentation.

    >>> without_stop_words("chaussures pour la course"), without_stop_words("toy van")
    ('chaussures course', 'toy van')
    """
    words = set(_WORD.findall(text.lower()))
    counts = Counter({name: len(words & listed) for name, listed in _LANGUAGES})
    most = max(counts.values())
    if not most or len(words) == most:
        return text
    stopped = frozenset[str]().union(*(BY_LANGUAGE[name] & words for name, count in counts.items() if count == most))
    if most == 1:
        stopped -= ELSEWHERE
    return " ".join(word for word in text.split() if word.lower() not in stopped) or text
