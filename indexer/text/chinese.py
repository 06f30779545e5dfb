"""Chinese for shops: traditional characters and words to the mainland's, and texts into words. The dictionaries load when first needed."""

import re
import threading
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Protocol

from indexer.text.shop_words import MAINLAND, WHOLE
from indexer.text.stop_words import BY_LANGUAGE

HAN = r"\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD_CAP = 64
"""Characters of a word; a longer one is no word, and would be split by the index."""
KEPT_WHOLE = 100_000
"""The frequency under which words of ours are added: above that of any two words they could fall into."""
KNOWN = 1000
"""That of names which only are to be seen: 列印 is no word in 系列印花."""
FUNCTION_TAGS = ("u", "c", "e", "o", "y")
"""Parts of speech (ICTCLAS's first letters: particle, conjunction, interjection, onomatopoeia, modal) of characters that say nothing."""

_HAN = re.compile(f"[{HAN}]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]")
_PIECE = re.compile(rf"[^\W_]+(?:[.][^\W_{HAN}]+)*")
_LOADING = threading.Lock()
_MAINLAND = re.compile("|".join(MAINLAND))


def has_han(text: str) -> bool:
    """Whether any character is a Chinese one (Han, extensions and compatibility forms included)."""
    return not text.isascii() and _HAN.search(text) is not None


def has_kana(text: str) -> bool:
    """Whether any character is a Japanese syllable: then the Han characters beside it are Japanese too."""
    return not text.isascii() and _KANA.search(text) is not None


@cache
def _to_simplified() -> Callable[[str], str]:
    from opencc import OpenCC

    with _LOADING:
        convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def simplified_han(text: str) -> str:
    """The text in simplified characters, things under their mainland names; Japanese is treated alike.

    Characters by OpenCC's t2s, which knows from the words around it which of two characters is meant; names by a list of our
    own, of whole words (皮夹 is a wallet, 皮夹克 a jacket). OpenCC's tw2sp has such a list, made for software: it makes 文档柜 of a filing
    cabinet (文件櫃) and changes texts that are simplified already (程序员).

    >>> simplified_han("無線滑鼠 紅色連衣裙")
    '无线鼠标 红色连衣裙'
    """
    if not has_han(text):
        return text
    text = _to_simplified()(text)
    if not _MAINLAND.search(text):
        return text
    return "".join(MAINLAND.get(word, word) for word in segmenter().words(text))


def simplified(text: str) -> str:
    """What simplified_han gives, but a text with Japanese syllables stays as it is: an encoder knows Japanese in its own characters."""
    return text if has_kana(text) else simplified_han(text)


class _Jieba(Protocol):
    """What we use of rjieba's Jieba; `hmm` guesses at unknown words."""

    def add_word(self, word: str, freq: int, tag: str) -> int:
        """Know the word; its frequency."""

    def cut(self, text: str, hmm: bool) -> list[str]:  # noqa: FBT001 - its own signature
        """All of the text in order, in its most likely words."""

    def cut_for_search(self, text: str, hmm: bool) -> list[str]:  # noqa: FBT001 - the same
        """The same, before each long word the words inside it."""

    def tag(self, text: str, hmm: bool) -> list[tuple[str, str]]:  # noqa: FBT001 - the same
        """What `cut` gives, with parts of speech."""


class Segmenter:
    """Chinese texts into words, by a dictionary of its own; safe across threads.

    Unknown words are not guessed (jieba's hidden Markov model reads the same brand differently beside different words): their
    characters come as pairs, as the index's bigrams do.
    """

    def __init__(self, extra: tuple[str, ...] = ()) -> None:
        """Know the dictionary's words, the shop words and these."""
        self._extra = extra
        self._loaded: _Jieba | None = None
        self._lock = threading.Lock()
        self._short = lru_cache(maxsize=8192)(self._stored)

    def stored(self, text: str) -> tuple[str, ...]:
        """The words of a text that is indexed: long ones with the words inside them, all in order; none without Han, or in Japanese."""
        if not has_han(text) or _KANA.search(text):
            return ()
        return self._short(text) if len(text) <= WORD_CAP else self._stored(text)

    def words(self, text: str) -> list[str]:
        """All of the text, spaces and marks too, as its longest words in order."""
        return self._jieba.cut(text, False)

    def asked(self, text: str) -> tuple[str, ...]:
        """The words that a query asks for: the longest ones, each once."""
        if not has_han(text) or _KANA.search(text):
            return ()
        return tuple(dict.fromkeys(self._terms(text, self._jieba.cut, singles=False)))

    def apart(self, text: str) -> str:
        """The text with a space between its words, where it has Han and is not Japanese."""
        if not has_han(text) or _KANA.search(text):
            return text
        return " ".join(" ".join(self._jieba.cut(part, False)) if has_han(part) else part for part in text.split())

    def tagged(self, text: str) -> list[tuple[str, str]]:
        """The words in order with their parts of speech (ICTCLAS letters: n noun, v verb, a adjective, m number, x mark, ...)."""
        return [(word, tag) for word, tag in self._jieba.tag(text, False) if word.strip()] if text.strip() else []

    def _stored(self, text: str) -> tuple[str, ...]:
        return tuple(self._terms(text, self._jieba.cut_for_search, singles=True))

    def _terms(self, text: str, cut: Callable[[str, bool], list[str]], *, singles: bool) -> Iterator[str]:
        for part in text.casefold().split():
            # What holds no Han is no matter for a Chinese dictionary, which would cut 3.5 into three.
            found = self._paired(cut(part, False), singles=singles) if _HAN.search(part) else _PIECE.findall(part)
            yield from (term for term in found if len(term) <= WORD_CAP)

    def _paired(self, words: list[str], *, singles: bool) -> Iterator[str]:
        """Words as they are, runs of characters as pairs; the characters too where `singles`, or where one stands alone."""
        run = ""
        for word in [*words, ""]:
            single = len(word) == 1 and _HAN.match(word) is not None
            if single and not self._says_nothing(word):
                run += word
                continue
            if run:
                yield from (run[at : at + 2] for at in range(len(run) - 1))
                if singles or len(run) == 1:
                    yield from run
                run = ""
            if not single and word not in BY_LANGUAGE["zh"]:
                yield from _PIECE.findall(word)

    @lru_cache(maxsize=8192)  # noqa: B019 - segmenters live as long as the process
    def _says_nothing(self, character: str) -> bool:
        return character in BY_LANGUAGE["zh"] or self._jieba.tag(character, False)[0][1].startswith(FUNCTION_TAGS)

    @property
    def _jieba(self) -> _Jieba:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load((*WHOLE, *self._extra))
        return self._loaded


def _load(words: tuple[str, ...]) -> _Jieba:
    from rjieba import Jieba

    made: _Jieba = Jieba()
    for word in MAINLAND:
        made.add_word(word, KNOWN, "n")
    for word in words:
        for spelling in {word, word.casefold()}:  # what is indexed is in lower case
            made.add_word(spelling, KEPT_WHOLE, "n")
    return made


@cache
def segmenter(extra: tuple[str, ...] = ()) -> Segmenter:
    """The segmenter that knows these words besides its own; one for each such set in a process."""
    return Segmenter(extra)
