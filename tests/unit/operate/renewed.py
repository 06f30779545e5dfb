"""A shop with two fusions, by profiles as an index tells them: what an upgrade needs, in one process."""

from collections.abc import Mapping
from pathlib import Path

from indexer.build.writing import ProductEngine
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encode.profile import of_profile, profile_of
from indexer.encoders import Encoders
from indexer.evaluate.asking import Asking
from indexer.fuse.weighted import WeightedFusion
from indexer.ledger.base import Step, Upgrade
from indexer.operate.gate import Search
from indexer.operate.upgrade import Built, Upgrades
from indexer.read.known import Known
from indexer.read_path import Searcher
from indexer.settings import EncodeSettings, SearchSettings
from indexer.store.memory import MemoryStore
from indexer.work.documents import Makers, Workshop
from indexer.work.workshop import Others
from indexer.write_path import Indexer
from tests.unit.write_path.shop import WIDTH, Shop


def encoders_of(encode: EncodeSettings) -> Encoders:
    """Hashed encoders, as wide as `title_weight` above 0.8 says twice: another space, not another mixture."""
    width = WIDTH * 2 if encode.title_weight > 0.8 else WIDTH
    photo = HashedPhoto(width=width) if encode.photo == "hashed" else None
    fusion = WeightedFusion(title=encode.title_weight, description=0.2, photo=0.4, width=width)
    return Encoders(HashedText(width=width), photo, fusion)


class Renewed(Shop):
    """Its own settings are the old ones; `new` are those that the upgrade is to."""

    def __init__(self, folder: Path, *, new: Mapping[str, object] | None = None) -> None:
        self.own = EncodeSettings(text="hashed", photo="hashed", title_weight=0.4, batch=4)
        self.new = self.own.model_copy(update=dict(new or {"title_weight": 0.9}))
        super().__init__(folder)
        self.upgrades = Upgrades(self.ledger, self.store)

    def another_indexer(self, *, observer: object = None, encode: EncodeSettings | None = None) -> Indexer:
        settings = self.settings.model_copy(update={"encode": encode or self.own})
        others = Others(encoders=encoders_of, engine=lambda made, encode: ProductEngine(made, encode, observer=self.observer))
        makers = Makers(
            store=lambda: self.store,
            cache=lambda: self.cache,
            encoders=lambda: encoders_of(settings.encode),
            engine=lambda encoders: ProductEngine(encoders, settings.encode, observer=self.observer),
            others=others,
        )
        return Indexer(self.ledger, self.publisher, Workshop(makers), settings, observer=self.observer)

    def built(self, encode: EncodeSettings) -> Built:
        return Built(encoders_of(encode), profile_of(encode))

    def begin(self) -> Upgrade:
        """An upgrade up to the step BUILDING."""
        upgrade = self.upgrades.start(self.built(self.new), self.built(self.own))
        return self.upgrades.prepare(upgrade, encoders_of(self.new))

    def upgrade(self) -> Upgrade:
        upgrade = self.ledger.next.upgrade()
        if upgrade is None:
            raise LookupError("no upgrade")
        return upgrade

    def step(self) -> Step:
        return self.upgrade().step

    def searcher(self, *, encode: EncodeSettings | None = None, index: str = "") -> Searcher:
        known = Known(encoders_of(encode or self.own), lambda profile: encoders_of(of_profile(profile, self.own)))
        store = self.store.at(index) if index else self.store
        return Searcher(store, known, settings=SearchSettings(), photo_pixels=1_000_000)

    def search(self, index: str) -> Search:
        return Asking(self.searcher(index=index))

    def versions(self, index: str) -> dict[str, tuple[int, bool]]:
        """The documents of one version of the index: external version, and whether it is a tombstone."""
        store: MemoryStore = self.store.at(index)
        return {one.id: (one.version, one.deleted) for one in store.walk(limit=10_000)}

    def fold(self) -> dict[str, tuple[int, bool]]:
        """What any index that is kept up has to hold in the end."""
        standings = self.ledger.walk(limit=10_000)
        return {one.id: (one.row_version, not one.live) for one in standings if one.row_version}
