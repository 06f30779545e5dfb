"""Products that their model can't take: found by halving their batch, buried alone with the reason, and brought back by a better row."""

import pytest

from tests.faults.fragile import POISON, runs
from tests.faults.site import Site

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

CLAIM = 16


def test_a_poisonous_product_at_each_position_of_a_batch(site: Site) -> None:
    site.birth().wait_ready()
    dead = []
    for position in range(CLAIM):
        rows = site.truth.first(CLAIM - 1, prefix=f"at{position}-")
        rows.insert(position, site.truth.full(f"bad{position}", marked=POISON))
        dead.append(f"bad{position}")
        site.feed(rows)
        site.settle()
    with site.recovery("a poisonous product at each position"):
        pass
    letters = site.indexer.ledger.letters()
    assert {letter.attempts for letter in letters} == {1}  # explained at once: no row was tried again
    assert all("the device is lost" in letter.reason for letter in letters)
    total, _ = runs(site._folder)
    texts = 2 * CLAIM * CLAIM
    print(f"{texts} texts, {CLAIM} of them poisonous: {total} runs")
    assert site.suspects() == 0
    site.check(dead=dead)


def test_many_poisonous_products_among_good_ones_and_then_mended(site: Site) -> None:
    site.birth()
    rows = site.truth.first(80)
    dead = [f"bad{n}" for n in range(12)]
    for id_ in dead:
        rows.insert(site.truth.chance.randrange(len(rows)), site.truth.full(id_, marked=POISON))
    site.feed(rows)
    site.settle()
    site.check(dead=dead)
    site.feed([site.truth.full(id_) for id_ in dead])
    with site.recovery("poisonous products, mended by a newer row"):
        pass
    site.check()
