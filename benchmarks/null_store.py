"""A store that keeps nothing, so that the pipeline is measured and not the search engine."""

from collections.abc import Mapping, Sequence

from indexer.errors import IndexMissing
from indexer.store.base import Document, Leg, LegAnswer, Stored, Written
from indexer.store.identity import Description, Identity


class NullStore:
    """Takes every document and drops it: how one is rendered and sent is a store's own work, and measured with OpenSearch."""

    def ensure(self, identity: Identity) -> str:
        """A name."""
        return f"null-{identity.width}"

    def hold(self, index: str, identity: Identity) -> None:
        """Any."""

    def write(self, documents: Sequence[Document], *, index: str = "") -> list[Written]:
        """All written."""
        return [Written(id=document.id, version=document.version, outcome="written") for document in documents]

    def walk(self, *, after: str = "", limit: int = 1000, deleted_before: int | None = None) -> list[Stored]:
        """Nothing is kept."""
        raise IndexMissing("A null store holds nothing.")

    def remove(self, versions: Mapping[str, int]) -> list[Written]:
        """All gone."""
        return [Written(id=id_, version=version, outcome="written") for id_, version in versions.items()]

    def adopt(self, identity: Identity) -> None:
        """Nothing is kept."""

    def describe(self, *, fresh: bool = False) -> Description:
        """Nothing is kept."""
        raise IndexMissing("A null store holds nothing.")

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        """Nothing is kept."""
        raise IndexMissing("A null store holds nothing.")

    def open_point(self, *, keep_s: float) -> str:
        """Nothing is kept."""
        raise IndexMissing("A null store holds nothing.")

    def refresh(self) -> None:
        """Nothing to refresh."""

    def close(self) -> None:
        """Nothing to close."""
