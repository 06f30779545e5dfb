"""What `check` finds: a server that lacks something, an index that does not fit, settings that can't work, and titles to search for."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from indexer.errors import SchemaDrift, StoreUnavailable
from indexer.operate.check import Check, Finding, check, sampled_titles
from indexer.settings import EncodeSettings, IndexSettings, SearchSettings, Settings
from indexer.store.base import Leg, LegAnswer, LtrLeg
from indexer.store.capabilities import EMBEDDED, Capabilities
from indexer.store.identity import Description
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import encoders, fill, products

WHOLE = Capabilities(
    cluster="shop",
    version="3.6.0",
    knn=True,
    hybrid=True,
    plugins=("analysis-icu", "opensearch-knn", "opensearch-ltr", "opensearch-neural-search", "org.opensearch.x.AnalysisSmartChinesePlugin"),
)
OURS = Capabilities(cluster=f"{EMBEDDED}1", version="3.6.0", knn=True, hybrid=False, plugins=("org.opensearch.knn.plugin.KNNPlugin",))


class Cluster(MemoryStore):
    """A store in memory behind a server of our making."""

    def __init__(self, server: Capabilities, *, full: bool = True) -> None:
        super().__init__()
        self.server = server
        if full:
            fill(self, encoders(), products())

    def capabilities(self) -> Capabilities:
        return self.server


def settings(**search: object) -> Settings:
    return Settings(search=SearchSettings.model_validate(search))


def found(server: Capabilities = WHOLE, ours: Settings | None = None) -> Check:
    return check(Cluster(server), ours or settings(), fits=encoders().check)


def wrong(told: Check) -> list[str]:
    return [one.what for one in told.findings if one.wrong]


def of(told: Check, what: str) -> Finding:
    return next(one for one in told.findings if one.what == what)


def test_a_whole_cluster_has_nothing_wrong() -> None:
    told = found()
    assert not told.wrong
    assert [of(told, what).told for what in ("hybrid query", "learning to rank", "ICU analysis", "Chinese analysis")] == ["there"] * 4
    assert of(told, "OpenSearch").told == "3.6.0, cluster shop"
    assert of(told, "k-NN").told == "lucene, faiss"
    assert of(told, "index").told == "products-000001, 30 products, 12 attributes".replace(
        "12", str(len(told.index.attributes if told.index else ()))
    )
    assert of(told, "settings").told == "none that can't work here"


def test_an_embedded_server_lacks_much_and_nothing_is_wrong() -> None:
    told = found(OURS)
    assert not told.wrong
    assert "no neural-search: the strategy hybrid can't be used" in of(told, "hybrid query").told
    assert "not needed" in of(told, "ICU analysis").told
    assert {one.what for one in told.findings if not one.there} == {"hybrid query", "learning to rank", "ICU analysis", "Chinese analysis"}
    assert of(told, "k-NN").told.startswith("lucene; faiss would end the server")
    assert of(told, "OpenSearch").told.endswith(", embedded")


def test_a_server_without_nearest_neighbours_is_wrong() -> None:
    told = found(Capabilities(cluster="bare", version="3.6.0", knn=False, hybrid=False))
    assert wrong(told) == ["k-NN"]
    assert "opensearch-knn" in of(told, "k-NN").cure


def test_settings_that_can_not_work_are_wrong_with_their_cure(tmp_path: Path) -> None:
    told = found(OURS, settings(strategy="hybrid"))
    assert wrong(told) == ["search.strategy"]
    assert "STRATEGY=msearch" in of(told, "search.strategy").cure
    told = found(OURS, Settings(index=IndexSettings(engine="faiss")))
    assert wrong(told) == ["index.engine"]
    told = found(WHOLE, settings(rerank="cross_encoder"))
    assert wrong(told) == ["search.rerank"]
    assert "CROSS_ENCODER_FOLDER" in of(told, "search.rerank").cure
    told = found(WHOLE, settings(rerank="learned", ranker_folder=tmp_path))
    assert wrong(told) == ["search.rerank"]


@pytest.mark.parametrize(
    ("version", "blend", "fits"),
    [
        ("2.18.0", "rrf", False),
        ("2.19.1", "rrf", True),
        ("2.19.1", "z_score", False),
        ("3.0.0", "z_score", True),
        ("2.11.0", "min_max", True),
        ("3.6.0-SNAPSHOT", "rrf", True),
    ],
)
def test_a_blend_that_came_later_than_the_server_is_wrong(version: str, blend: str, fits: bool) -> None:
    server = Capabilities(cluster="shop", version=version, knn=True, hybrid=True)
    assert found(server, settings(strategy="hybrid", blend=blend)).wrong != fits
    assert not found(server, settings(strategy="msearch", blend=blend)).wrong


def test_an_index_of_other_encoders_is_wrong() -> None:
    told = check(Cluster(WHOLE), settings(), fits=encoders(width=32).check)
    assert wrong(told) == ["encoders"]
    assert "width (index 64, here 32)" in of(told, "encoders").told


def test_no_index_yet_and_an_empty_one_are_told_and_not_wrong() -> None:
    told = check(Cluster(WHOLE, full=False), settings(), fits=encoders().check)
    assert told.index is None
    assert not told.wrong
    empty = Cluster(WHOLE, full=False)
    empty.ensure(encoders().identity("l"))
    told = check(empty, settings(), fits=encoders().check)
    assert "fusedex feed" in of(told, "products").cure
    assert not told.wrong


class Strange(Cluster):
    """Behind the alias is what others made, or nothing answers."""

    error: Exception = SchemaDrift("Not ours.", cure="Another alias.")

    def describe(self, *, fresh: bool = False) -> Description:
        raise self.error


def test_what_others_made_is_wrong_and_silence_is_an_error() -> None:
    told = check(Strange(WHOLE), settings(), fits=encoders().check)
    assert wrong(told) == ["index"]
    assert (of(told, "index").told, of(told, "index").cure) == ("Not ours.", "Another alias.")
    silent = Strange(WHOLE)
    silent.error = StoreUnavailable("Nobody there.")
    with pytest.raises(StoreUnavailable):
        check(silent, settings(), fits=encoders().check)


def test_titles_are_drawn_the_same_for_the_same_seed() -> None:
    store = Cluster(WHOLE)
    first = sampled_titles(store, count=8, seed=3)
    assert first == sampled_titles(store, count=8, seed=3)
    assert len(first) == len(set(first)) == 8
    assert set(first) <= {product.title for product in products()}
    assert set(first) != set(sampled_titles(store, count=8, seed=4))
    assert len(sampled_titles(store, count=1000)) == len({product.title for product in products()})


def test_an_index_without_products_gives_no_titles() -> None:
    empty = Cluster(WHOLE, full=False)
    empty.ensure(encoders().identity("l"))
    assert sampled_titles(empty, count=5) == []


def test_the_default_settings_fit_any_server() -> None:
    assert not found(WHOLE, Settings(encode=EncodeSettings())).wrong


PLUGIN = {"rerank": "plugin", "ltr_model": "shop-2026"}


@pytest.mark.parametrize(
    ("server", "search", "told"),
    [
        (OURS, PLUGIN, "no learning-to-rank plugin"),
        (WHOLE, {"rerank": "plugin"}, "No model of the server is named"),
        (WHOLE, PLUGIN, "keeps no models"),  # the twin behind it is no server
    ],
)
def test_reranking_by_a_stored_model_needs_plugin_and_model(server: Capabilities, search: dict[str, object], told: str) -> None:
    result = found(server, settings(**search))
    assert wrong(result) == ["search.rerank"]
    assert told in of(result, "search.rerank").told
    assert of(result, "search.rerank").cure


def test_a_model_that_the_server_knows_is_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Leg] = []

    def ask(legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        asked.extend(legs)
        return [LegAnswer(found=(), index=f"products{point}")]

    cluster = Cluster(WHOLE)
    monkeypatch.setattr(cluster, "ask", ask)
    result = check(cluster, settings(**PLUGIN, ltr_store="s"), fits=encoders().check)
    assert not result.wrong
    assert [(one.model, one.store) for one in asked if isinstance(one, LtrLeg)] == [("shop-2026", "s")]
