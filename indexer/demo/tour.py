"""What the demo asks."""

from dataclasses import dataclass

from indexer.demo.catalogue import Catalogue
from indexer.photos.read import read
from indexer.query.filters import parse_filters
from indexer.records import Query

SHOWN = 5
PHOTO_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """One search of the tour: what it is, in words, the same as a command that a reader can type, and the query."""

    title: str
    command: str
    query: Query


def questions(catalogue: Catalogue) -> list[Question]:
    """Words in two languages, words with a filter, a photo, and a photo with words."""
    sofa, chair = catalogue.photo("leather-sofa"), catalogue.photo("comfy-padded-chair")
    return [
        _words("running shoes", "English words"),
        _words("沙发", "Chinese words (a sofa); the catalogue is in English"),
        _words("相机", "Chinese words (a camera)"),
        _words("laptop", "Words and a price", "price<1500"),
        Question("A photo of a leather sofa", f"search --image '{sofa}'", _query(photo=read(sofa, limit_bytes=PHOTO_BYTES))),
        Question(
            "A photo of a padded chair with the word “black”",
            f"search black --image '{chair}'",
            _query("black", photo=read(chair, limit_bytes=PHOTO_BYTES)),
        ),
    ]


def _words(text: str, title: str, *filters: str) -> Question:
    typed = f'search "{text}"' + "".join(f" --filter '{one}'" for one in filters)
    return Question(f"{title}: {text}", typed, _query(text, filters=filters))


def _query(text: str = "", *, photo: bytes | None = None, filters: tuple[str, ...] = ()) -> Query:
    return Query(text=text, photo=photo, filters=parse_filters(filters), per_page=SHOWN)
