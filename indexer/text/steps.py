"""The cleaning steps: each takes any text and gives a text, without raising."""

import re
import unicodedata
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser

# A tag, a comment or a named or numbered character reference; "a < b" and "R&D" are none of them.
_MARKUP = re.compile(r"<[A-Za-z/!?][^<>]*>|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# These end a word; inline tags (b, i, span) stand within words and must not.
_BREAKS = re.compile(
    r"(?=</?(?:address|article|blockquote|br|dd|div|dl|dt|figure|footer|h[1-6]|header|hr|img|li|ol|option|p|pre|section|table|tbody|td|th|tr|ul)\b)",
    re.IGNORECASE,
)
_UNREAD = ["noscript", "script", "style", "template"]
_ADDRESS = re.compile(r"(?:[hH][tT]{2}[pP][sS]?://|www\.|WWW\.)[^\s<>\"']+")

_BRACKETS = re.compile(r"[【】〖〗「」『』《》〈〉〔〕•‣⁃¦]")
# Quotes are no noise (27'' are inches), nor is a plus (C++, A++).
_REPEATED = re.compile(r"([!?.,;:*_~|=#/\\&@^`、。-])\1+")
_ALONE = re.compile(r"(?<!\S)(?!\*\s\d)[*_~|=#^`\\/]+(?!\S)")  # but 10 * 20 cm
_ORNAMENT = re.compile(r"[*_~|=#^`\\/]")
_KEPT_SYMBOLS = "°©®"
_SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")


def without_surrogates(text: str) -> str:
    """Lone surrogates out: they are halves of characters, and no encoding takes them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(character for character in text if not "\ud800" <= character <= "\udfff")
    return text


def folded(text: str) -> str:
    """One form for each character (NFKC): full-width letters become plain ones, ligatures and circled digits too."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def without_markup(text: str) -> str:
    """HTML out, where there is any: tags, scripts and comments go, character references are read, blocks part words."""
    if not _MARKUP.search(text):
        return text
    # A document that has begun with a br can no longer become a frameset, which would swallow its texts.
    tree = LexborHTMLParser("<br>" + _BREAKS.sub(" ", text))
    tree.strip_tags(_UNREAD)
    root = tree.root
    return "" if root is None else root.text()


def without_addresses(text: str) -> str:
    """Web addresses out: they say nothing about the product that its words don't."""
    return _ADDRESS.sub(" ", text) if "//" in text or "www." in text or "WWW." in text else text


def without_invisibles(text: str) -> str:
    """Emoji, pictograms, control, private and unassigned characters out; joiners and key caps too."""
    if text.isascii() and text.isprintable():
        return text
    return _SKIN_TONES.sub("", "".join(map(_visible, text)))


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Cs", "Me") or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return ""
    if category in ("Cc", "Co", "Cn") or (category == "So" and character not in _KEPT_SYMBOLS):
        return " "
    return character


def without_noise(text: str) -> str:
    """Decoration out: brackets used as ornaments, runs of one punctuation mark, marks that stand alone between spaces."""
    if not text.isascii():
        text = _BRACKETS.sub(" ", text)
    if _REPEATED.search(text):
        text = _REPEATED.sub(r"\1", text)
    return _ALONE.sub(" ", text) if _ORNAMENT.search(text) else text


def squeezed(text: str) -> str:
    """Every run of white space becomes one space; none at the ends."""
    return " ".join(text.split())
