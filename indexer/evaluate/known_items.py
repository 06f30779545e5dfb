"""Known items: queries made from products, each with one right answer. They say whether what is there can be found, not what is best."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from indexer.errors import EvaluationError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic, language_of
from indexer.records import Product
from indexer.text import has_han
from indexer.text.chinese import segmenter
from indexer.text.codes import looks_like_code

WORDS = (2, 5)
"""Of a title: so many words at least and at most. Shoppers type two to five (Spink et al. 2001 saw 2.4 on the web)."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownItems:
    """The queries, with kind `code` or `title`, and for each the one product that it was made from."""

    topics: tuple[Topic, ...]
    judgments: Judgments


def known_items(products: Iterable[Product], *, count: int, seed: int = 0) -> KnownItems:
    """At most `count` queries out of as many products, drawn by a digest with the seed: the same whatever the products' order.

    A third ask for a code (GTIN, or a word of the title that looks like one) where there is one, the others for some words of the title in
    their order. Queries that two products would give are left out. Holds one entry a product. Raises EvaluationError where none is left.
    """
    drawn = sorted(products, key=lambda product: _draw(product.id, seed))
    texts: dict[str, list[tuple[str, str]]] = {}
    for product in drawn:
        text, kind = _query(product, seed)
        if text:
            texts.setdefault(text.casefold(), []).append((product.id, kind))
    single = [(text, *found[0]) for text, found in texts.items() if len(found) == 1][:count]
    if not single:
        raise EvaluationError("No product gives a query of its own.", cure="Feed products with titles first.")
    topics = tuple(Topic(id=text, text=text, kind=kind, language=language_of(text)) for text, _, kind in single)
    return KnownItems(topics, Judgments({text: {product: 1} for text, product, _ in single}))


def _query(product: Product, seed: int) -> tuple[str, str]:
    draw = _draw(product.id, seed + 1)
    title = [word.strip(",.;:()[]\"'") for word in segmenter().apart(product.title).split()]
    title = [word for word in title if word]
    codes = [code for code in (product.gtin, *title) if code and looks_like_code(code)]
    if codes and draw % 3 == 0:
        return codes[0], "code"
    plain = [word for word in title if not looks_like_code(word)]
    size = min(len(plain), WORDS[0] + draw // 3 % (WORDS[1] - WORDS[0] + 1))
    if size < WORDS[0]:
        return "", "title"
    begin = draw // 97 % (len(plain) - size + 1)
    joint = "" if has_han("".join(plain[begin : begin + size])) else " "
    return joint.join(plain[begin : begin + size]), "title"


def _draw(id_: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\n{id_}".encode()).digest()[:8], "big")
