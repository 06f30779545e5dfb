"""Whether a cluster, its index and the settings fit together, found out before a shopper does."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from indexer.errors import EncoderMismatch, IndexMissing, ModelError, StoreError
from indexer.read.rerankers import Rerankers, model_leg
from indexer.settings import Settings
from indexer.store.base import Leg, LegAnswer, NamedLeg, Stored
from indexer.store.capabilities import Capabilities
from indexer.store.identity import Description, Identity
from indexer.store.ltr import need_ltr
from indexer.text.cleaning import Cleaning

SINCE = {"rrf": (2, 19), "z_score": (3, 0)}
"""The neural-search release that brought a blend to the hybrid query; the others came with it."""

LOOKED_AT = 10_000
"""Products that sampled titles are drawn from, the first by id: drawing from all would read the whole index."""


class Sampled(Protocol):
    """The part of a store that titles are drawn through."""

    def walk(self, *, after: str = "", limit: int = 1000) -> list[Stored]:
        """Documents by id."""

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        """Legs' answers."""


class Checked(Sampled, Protocol):
    """What is asked of a store here."""

    def capabilities(self) -> Capabilities:
        """What the server is and can do."""

    def describe(self, *, fresh: bool = False) -> Description:
        """The index behind the alias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: what, how it stands, whether it must be cured for searches to work, and whether it is there at all."""

    what: str
    told: str
    cure: str = ""
    wrong: bool = False
    there: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the server is, the index (None: there is none yet), and what was found."""

    server: Capabilities
    index: Description | None
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> bool:
        """Whether anything must be cured."""
        return any(one.wrong for one in self.findings)


def check(store: Checked, settings: Settings, *, fits: Callable[[Identity], None]) -> Check:
    """Look at server, index and settings; `fits` raises EncoderMismatch for an index of other encoders.

    Raises StoreUnavailable, and StoreError where what answers is no OpenSearch.
    """
    server = store.capabilities()
    index, findings = _index(store, fits)
    return Check(server=server, index=index, findings=(*_server(server), *findings, *_settings(store, settings, server)))


def sampled_titles(store: Sampled, *, count: int, seed: int = 0) -> list[str]:
    """Titles of `count` products, the same ones for the same index and seed; fewer where there are fewer. Raises IndexMissing."""
    live = [one.id for one in store.walk(limit=LOOKED_AT) if not one.deleted]
    drawn = sorted(live, key=lambda id_: hashlib.sha256(f"{seed}\n{id_}".encode()).digest())[:count]
    if not drawn:
        return []
    (answer,) = store.ask([NamedLeg(ids=tuple(drawn))])
    titles = {one.id: one.product.title for one in answer.found}
    return list(dict.fromkeys(titles[id_] for id_ in drawn if titles.get(id_)))


def _server(server: Capabilities) -> list[Finding]:
    told = [Finding(what="OpenSearch", told=f"{server.version}, cluster {server.cluster}{', embedded' if server.embedded else ''}")]
    cure = "Install opensearch-knn on every node: vectors have no place without it."
    told.append(Finding(what="k-NN", told=_engines(server), cure="" if server.knn else cure, wrong=not server.knn))
    optional = (
        ("hybrid query", server.hybrid, "neural-search", "the strategy hybrid can't be used; msearch blends the same two legs here"),
        (
            "learning to rank",
            server.ltr,
            "opensearch-ltr",
            "rerank=plugin can't be used; learned rankings run here too",
        ),
        ("ICU analysis", server.icu, "analysis-icu", "not needed: texts are folded before they are indexed"),
        ("Chinese analysis", server.smartcn, "analysis-smartcn", "not needed: Chinese is cut into words before it is indexed"),
    )
    return [
        *told,
        *(Finding(what=what, told="there" if there else f"no {name}: {without}", there=there) for what, there, name, without in optional),
    ]


def _engines(server: Capabilities) -> str:
    if not server.knn:
        return "missing"
    return "lucene; faiss would end the server, which has no native libraries" if server.embedded else "lucene, faiss"


def _index(store: Checked, fits: Callable[[Identity], None]) -> tuple[Description | None, list[Finding]]:
    try:
        index = store.describe(fresh=True)
    except IndexMissing as error:
        return None, [Finding(what="index", told="none yet", cure=error.cure)]
    except StoreError as error:
        if error.retryable:
            raise
        return None, [Finding(what="index", told=error.message, cure=error.cure, wrong=True)]
    found = [Finding(what="index", told=f"{index.index}, {index.products} products, {len(index.attributes)} attributes")]
    if index.products < 1:
        found.append(Finding(what="products", told="the index holds none yet", cure="Feed it: fusedex feed FILE"))
    try:
        fits(index.identity)
    except EncoderMismatch as error:
        return index, [*found, Finding(what="encoders", told=error.message, cure=error.cure, wrong=True)]
    return index, [*found, Finding(what="encoders", told=f"the index's own, {index.identity.width} numbers a vector")]


def _settings(store: Checked, settings: Settings, server: Capabilities) -> list[Finding]:
    search = settings.search
    found: list[Finding] = []
    if search.strategy == "hybrid" and not server.hybrid:
        cure = "FUSEDEX_SEARCH__STRATEGY=msearch, or neural-search on every node."
        found.append(Finding(what="search.strategy", told="hybrid, which this server lacks", cure=cure, wrong=True))
    if server.hybrid and search.strategy == "hybrid" and (since := SINCE.get(search.blend)) and _version(server.version) < since:
        told = f"{search.blend}, which the hybrid query knows from {since[0]}.{since[1]} on"
        found.append(Finding(what="search.blend", told=told, cure="FUSEDEX_SEARCH__BLEND=min_max, or strategy msearch.", wrong=True))
    if settings.index.engine == "faiss" and server.embedded:
        found.append(Finding(what="index.engine", told="faiss on an embedded server", cure="FUSEDEX_INDEX__ENGINE=lucene", wrong=True))
    if search.rerank != "none":
        try:
            _warm(store, settings, server)
        except (ModelError, StoreError) as error:
            found.append(Finding(what="search.rerank", told=error.message, cure=error.cure, wrong=True))
    return found or [Finding(what="settings", told="none that can't work here")]


def _warm(store: Checked, settings: Settings, server: Capabilities) -> None:
    search = settings.search
    if search.rerank != "plugin":
        Rerankers(search, cleaning=Cleaning.load(settings.text)).warm(search.rerank)
        return
    leg = model_leg(search, "oak chair", ["none"])
    need_ltr(server)
    store.ask([leg])


def _version(told: str) -> tuple[int, ...]:
    return tuple(int(part) for part in told.split(".")[:2] if part.isdecimal())
