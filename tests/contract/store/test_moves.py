"""An index's next version, over the twin and a real server: made beside, written to by name, switched to, dropped."""

import numpy as np
import pytest

from indexer.errors import EncoderMismatch, IndexMissing, StoreError
from indexer.records import Product
from indexer.store.base import Document, NamedLeg
from indexer.store.identity import Coming, Identity
from indexer.store.moves import IndexVersions

OLD = Identity(ledger="l", text="t", photo="p", fusion="f", width=4)
NEW = Identity(ledger="l", text="t", photo="p", fusion="g", width=6)


def chair(version: int, width: int) -> Document:
    return Document(id="a", version=version, product=Product(id="a", title=f"chair {version}"), row=np.ones(width, dtype=np.float32))


def titles(store: IndexVersions) -> list[str]:
    store.refresh()
    (answer,) = store.ask([NamedLeg(ids=("a",))])
    return [one.product.title for one in answer.found]


def test_two_versions_are_kept_apart_and_the_alias_goes_from_one_to_the_other(store: IndexVersions) -> None:
    old = store.ensure(OLD)
    store.hold(old, OLD)
    new = store.make_next(NEW, profile='{"a": 1}', made_for="l:1")
    assert store.make_next(NEW, profile='{"a": 1}', made_for="l:1") == new == store.made_for("l:1")
    assert store.made_for("l:2") == ""
    store.hold(new, NEW)
    with pytest.raises(EncoderMismatch):
        store.hold(new, OLD)
    assert [store.write([chair(1, 4)], index=old)[0].outcome, store.write([chair(2, 6)], index=new)[0].outcome] == ["written", "written"]
    assert store.write([chair(3, 6)], index=old)[0].outcome == "failed"
    assert (titles(store), store.describe(fresh=True).index) == (["chair 1"], old)
    beside = store.at(new)
    assert (titles(beside), beside.describe(fresh=True).identity) == (["chair 2"], NEW)
    beside.close()
    store.note(old, profile='{"b": 2}', coming=Coming(new, '{"a": 1}'))
    described = store.describe(fresh=True)
    assert (described.profile, described.coming, described.identity) == ('{"b": 2}', Coming(new, '{"a": 1}'), OLD)
    store.note(old, coming=Coming(new, '{"a": 1}', 0.25, shadow=True))
    assert store.describe(fresh=True).coming == Coming(new, '{"a": 1}', 0.25, shadow=True)
    store.note(old, coming=Coming(new, '{"a": 1}'))
    assert store.describe(fresh=True).coming == Coming(new, '{"a": 1}')
    with pytest.raises(StoreError, match="in use"):
        store.drop(old)
    for _ in range(2):
        store.switch(new)
    assert (titles(store), store.describe(fresh=True).index) == (["chair 2"], new)
    store.switch(old)
    store.switch(new)
    for _ in range(2):
        store.drop(old)
    with pytest.raises(IndexMissing):
        store.write([chair(9, 4)], index=old)
    with pytest.raises(IndexMissing):
        store.switch(old)
    described = store.describe(fresh=True)
    assert (described.profile, described.coming) == ('{"a": 1}', None)
    third = store.make_next(NEW, profile="{}", made_for="l:2", taken=[new[:-6] + "000007"])
    assert third.endswith("-000008")
    store.drop(third)
