"""A store that keeps nothing, so that the pipeline is measured and not the search engine."""

from collections.abc import Sequence

from indexer.errors import IndexMissing
from indexer.store.base import Description, Document, Identity, Leg, LegAnswer, Written


class NullStore:
    """Says yes to every document."""

    def ensure(self, identity: Identity) -> str:
        """A name."""
        return f"null-{identity.width}"

    def write(self, documents: Sequence[Document]) -> list[Written]:
        """All written."""
        return [Written(id=document.id, version=document.version, outcome="written") for document in documents]

    def describe(self, *, fresh: bool = False) -> Description:
        """Nothing is kept."""
        raise IndexMissing("A null store holds nothing.")

    def ask(self, legs: Sequence[Leg]) -> list[LegAnswer]:
        """Nothing is kept."""
        raise IndexMissing("A null store holds nothing.")

    def refresh(self) -> None:
        """Nothing to refresh."""

    def close(self) -> None:
        """Nothing to close."""
