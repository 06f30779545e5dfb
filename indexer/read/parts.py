"""What a plan wants encoded, as the encoders take it."""

from indexer.encoders import Lean, QueryParts
from indexer.photos.decode import decode
from indexer.read.needs import Encode


def query_parts(need: Encode, *, pixels: int) -> QueryParts:
    """The parts with their photos decoded; each photo may have so many pixels. Raises UnusablePhoto."""
    leans = [Lean(name=name, weight=weight, row=row) for name, row, weight in need.like]
    for part in need.parts:
        of = part.text if part.photo is None else decode(part.photo, pixels=pixels)
        leans.append(Lean(name=f"{part.text or 'another photo'}", weight=part.weight, of=of))
    photo = None if need.photo is None else decode(need.photo, pixels=pixels)
    return QueryParts(text=need.text, photo=photo, text_weight=need.text_weight, photo_weight=need.photo_weight, leans=tuple(leans))


def known_parts(need: Encode) -> QueryParts | None:
    """The parts of a query that is words alone, None for others."""
    return None if need.photo is not None or need.parts or need.like else QueryParts(text=need.text, text_weight=need.text_weight)
