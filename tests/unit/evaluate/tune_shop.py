"""A made catalogue in which one weight of the words is the best: 0.5 on a grid of tenths, by min-max.

Kind "words": the right product has the word and a middling cosine; it is beaten by a nearer one without the word, unless the words
weigh more than 0.45. Kind "sense": the right product is the nearest and lacks the word; it is beaten by one with the word, unless the
words weigh less than 0.59.
"""

import itertools
import string

import numpy as np

from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders, QueryParts
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic
from indexer.evaluate.remember import Searches
from indexer.evaluate.space import Space, Values
from indexer.fuse.weighted import WeightedFusion
from indexer.records import Product
from indexer.settings import SearchSettings
from indexer.store.base import Document
from indexer.store.memory import MemoryStore

WIDTH = 256
BEST = 0.5
CURRENT = SearchSettings(bound="all", depth=3, lexical_weight=0.1)
WEIGHTS = Space((Values("lexical_weight", tuple(step / 10 for step in range(9))),))
PRODUCTS = {  # by kind of query: (name, whether it has the word, cosine to the query)
    "words": (("right", True, 0.77), ("near", False, 0.95), ("far", True, 0.5)),
    "sense": (("right", False, 0.95), ("word", True, 0.6), ("filler", False, 0.45)),
}


def encoders() -> Encoders:
    """Hashed encoders that keep all queries."""
    fusion = WeightedFusion(title=0.4, description=0.2, photo=0.4, width=WIDTH)
    return Encoders(HashedText(width=WIDTH), HashedPhoto(width=WIDTH), fusion, query_cache=1000)


def words(count: int) -> list[str]:
    """Queries of one word without a meaning: letters alone, so that none looks like a code."""
    letters = itertools.product("bdfgklmnprst", "aeiou", "bdfgklmnprst", "aeiou")
    return ["".join(one) + string.ascii_lowercase[place % 26] * 2 for place, one in enumerate(itertools.islice(letters, 0, count * 37, 37))]


def shop(count: int = 40) -> tuple[MemoryStore, Judgments, tuple[Topic, ...]]:
    """A filled store, and for each query its one relevant product among three judged ones."""
    ours, store = encoders(), MemoryStore()
    store.ensure(ours.identity("made"))
    random = np.random.default_rng(7)
    grades: dict[str, dict[str, int]] = {}
    topics: list[Topic] = []
    for place, word in enumerate(words(count)):
        kind = ("words", "sense")[place % 2]
        row = ours.query_row(QueryParts(text=word))
        assert row is not None
        documents = []
        for name, has_word, near in PRODUCTS[kind]:
            other = random.standard_normal(WIDTH)
            other -= (other @ row) * row
            mixed = (near * row + np.sqrt(1 - near**2) * other / np.linalg.norm(other)).astype(np.float32)
            product = Product(id=f"{word}-{name}", title=word if has_word else "something else")
            documents.append(Document(id=product.id, version=1, product=product, row=mixed))
        assert {one.outcome for one in store.write(documents)} == {"written"}
        grades[word] = {one.id: int(one.id.endswith("right")) for one in documents}
        topics.append(Topic(id=word, text=word, kind=kind, language="en"))
    return store, Judgments(grades), tuple(topics)


def searches(store: MemoryStore) -> Searches:
    """Searches over the store."""
    return Searches(store, encoders(), photo_pixels=1_000_000)
