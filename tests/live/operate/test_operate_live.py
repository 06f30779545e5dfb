"""Reconciling, and fusing all again, on a real OpenSearch: what is found there is what was broken, and what is repaired stays so."""

import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from indexer.build.writing import build_indexer
from indexer.cli.reconcile import run as compare
from indexer.cli.refuse_all import run as fuse_again
from indexer.operate.reconcile import Kind, Rules
from indexer.records import LANES
from indexer.settings import Settings
from indexer.write_path import Indexer
from tests.live.write_path.plant import settings_from
from tests.unit.operate.weighed import working

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

ROWS: list[dict[str, object]] = [{"id": f"p{n:03}", "title": f"chair {n}", "description": f"of oak, kind {n % 7}"} for n in range(250)]


class Site:
    """One ledger and one alias; indexers under settings that may change."""

    def __init__(self, env: Mapping[str, str], stack: ExitStack) -> None:
        self.env = dict(env) | {"FUSEDEX_WORK__RETRY_S": "0.1", "FUSEDEX_WORK__RETRY_CAP_S": "0.2"}
        self._stack = stack
        self.indexer = self.open()

    def open(self, **changes: str) -> Indexer:
        settings: Settings = settings_from(self.env | changes)
        indexer = build_indexer(settings)
        self._stack.callback(indexer.close)
        return indexer

    def drain(self, indexer: Indexer) -> None:
        while sum(indexer.work(lane) for lane in LANES):
            pass
        indexer.workshop.store.refresh()

    def raw(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Past everything that we wrote, as an accident would."""
        address = f"{self.env['FUSEDEX_OPENSEARCH_URL'].rstrip('/')}/{self.env['FUSEDEX_INDEX__ALIAS']}/{path}"
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(address, data=data, method=method, headers={"content-type": "application/json"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    def vectors(self) -> dict[str, tuple[float, ...]]:
        found = self.raw("POST", "_search", {"size": 1000, "_source": ["vector"]})["hits"]["hits"]
        return {hit["_id"]: tuple(hit["_source"]["vector"]) for hit in found if "vector" in hit["_source"]}


@pytest.fixture
def site(stack_env: dict[str, str]) -> Iterator[Site]:
    with ExitStack() as stack:
        site = Site(stack_env, stack)
        site.indexer.accept(ROWS)
        site.drain(site.indexer)
        yield site


def test_what_was_broken_is_found_and_repaired(site: Site) -> None:
    assert compare(site.indexer, Rules(page=64)).kinds == {Kind.EQUAL: 250}
    known = site.indexer.ledger.known(["p010"])
    later = known["p010"] + 3_600_000_000
    for id_ in ("p003", "p249"):
        site.raw("DELETE", f"_doc/{id_}")
    site.raw("PUT", f"_doc/p010?version={later}&version_type=external", {"id": "p010", "version": later, "deleted": True})
    for id_ in ("p0005", "stranger"):
        site.raw("PUT", f"_doc/{id_}", {"id": id_, "version": 1, "deleted": False})
    report = compare(site.indexer, Rules(repair=True, page=64))
    assert report.samples == {Kind.MISSING: ["p003", "p249"], Kind.AHEAD: ["p010"], Kind.GHOST: ["p0005", "stranger"]}
    assert (report.redone, report.removed, report.refused) == (3, 2, "")
    site.drain(site.indexer)
    assert compare(site.indexer, Rules(page=64)).kinds == {Kind.EQUAL: 250}
    store = site.indexer.workshop.store
    assert store.describe(fresh=True).products == 250


def test_an_index_that_was_deleted_comes_back_from_the_ledger(site: Site) -> None:
    counters = dict(site.indexer.counts().counters)
    index = site.indexer.workshop.store.describe(fresh=True).index
    with urllib.request.urlopen(
        urllib.request.Request(f"{site.env['FUSEDEX_OPENSEARCH_URL'].rstrip('/')}/{index}", method="DELETE"), timeout=30
    ):
        pass
    report = compare(site.indexer, Rules(repair=True))
    assert (report.kinds[Kind.MISSING], report.redone) == (250, 250)
    other = site.open()
    site.drain(other)
    assert compare(other, Rules()).kinds == {Kind.EQUAL: 250}
    after = other.counts().counters
    assert (after["texts"], after["written"]) == (counters["texts"], counters["written"] + 250)


def test_a_feed_that_goes_on_is_no_difference(site: Site) -> None:
    worker = site.open()
    over = threading.Event()

    def feed() -> None:
        number = 0
        while not over.is_set():
            number += 1
            site.indexer.accept([row | {"stock": number} for row in ROWS[number % 50 :: 50]] + [{"id": f"new{number}", "title": "stool"}])

    feeder = threading.Thread(target=feed)
    looker = site.open()
    with working(worker):
        feeder.start()
        try:
            reports = [compare(looker, Rules(repair=True, page=100)) for _ in range(12)]
        finally:
            over.set()
            feeder.join()
    assert [report.samples for report in reports if report.different] == []
    assert sum(report.redone + report.removed for report in reports) == 0


def test_other_weights_are_fused_from_the_cache(site: Site) -> None:
    before, counters = site.vectors(), dict(site.indexer.counts().counters)
    other = site.open(FUSEDEX_ENCODE__TITLE_WEIGHT="0.9")
    with working(site.open(FUSEDEX_ENCODE__TITLE_WEIGHT="0.9")):
        done = fuse_again(other, clean=False, patience_s=60)
    assert (done.adopted, done.products, done.pending, done.dead) == (True, 250, 0, 0)
    assert done.runs == {"texts": 0, "photos": 0, "written": 250}
    after = site.vectors()
    assert after.keys() == before.keys()
    assert not [id_ for id_ in after if after[id_] == before[id_]]
    assert other.workshop.store.describe(fresh=True).identity == other.workshop.encoders.identity(other.ledger.id)
    again = fuse_again(other, clean=False, patience_s=60)
    assert (again.adopted, again.products, again.runs["written"]) == (False, 0, 0)
    # whoever was started before works no more, and blames nothing
    site.indexer.accept([{"id": "p000", "title": "a new title"}])
    assert site.indexer.work("encode") == 0
    assert other.counts().counters["texts"] == counters["texts"]
    site.drain(site.open(FUSEDEX_ENCODE__TITLE_WEIGHT="0.9"))
    assert compare(other, Rules()).kinds == {Kind.EQUAL: 250}
