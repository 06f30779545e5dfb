from dataclasses import replace

from indexer.ledger.base import Claimed, Finished, Ledger, Letter, PartRef, Standing
from indexer.records import Delete, Event, Lane, Money, Offer, Product
from tests.contract.ledger.conftest import START, Clock

SHOE = Product(id="p", title="shoe", price=Money(5, "EUR"), version=7)


def send(ledger: Ledger, *events: Event) -> None:
    ledger.begin_job("j", "test")
    ledger.accept("j", events)


def claim(ledger: Ledger, lane: Lane = "encode_new") -> list[Claimed]:
    return ledger.claim(lane, owner="w", limit=9, lease_s=60)


def finish(ledger: Ledger, lane: Lane = "encode_new") -> list[Claimed]:
    rows = claim(ledger, lane)
    done = [Finished(id=row.id, row_version=row.row_version, parts=(PartRef("title", "d"),), photo_status="used") for row in rows]
    ledger.finish("w", done)
    return rows


def bury(ledger: Ledger, row: Claimed) -> None:
    ledger.bury("w", [Letter(id=row.id, row_version=row.row_version, error="E", reason="", attempts=1, first_seen=1, last_seen=1)])


def test_a_walk_tells_how_every_product_stands(ledger: Ledger) -> None:
    send(ledger, *(replace(SHOE, id=id_) for id_ in ("buried", "clean", "gone")))
    rows = {row.id: row for row in claim(ledger)}
    bury(ledger, rows["buried"])
    ledger.finish("w", [Finished(id=id_, row_version=START) for id_ in ("clean", "gone")])
    send(ledger, replace(SHOE, id="dirty"), Delete(id="gone", version=8), Delete(id="never"), Offer(id="waits", stock=1))

    def stands(id_: str, row: int, indexed: int, *, live: bool = False, dirty: bool = False, buried: bool = False) -> Standing:
        return Standing(id=id_, row_version=row, indexed_version=indexed, live=live, dirty=dirty, buried=buried)

    expected = [
        stands("buried", START, 0, live=True, buried=True),
        stands("clean", START, START, live=True),
        stands("dirty", START, 0, live=True, dirty=True),
        stands("gone", START + 1, START, dirty=True),
        stands("never", 0, 0),
        stands("waits", 0, 0),
    ]
    assert ledger.walk() == expected
    assert [ledger.standing(one.id) for one in expected] == expected
    assert ledger.standing("nobody") is None


def test_a_walk_goes_by_code_point_page_by_page(ledger: Ledger) -> None:
    ids = sorted(["a", "B", "Z", "é", "鞋", "\uffee", "😀", "a1", "a ", *(f"n{n:04}" for n in range(2500))])
    send(ledger, *(replace(SHOE, id=id_) for id_ in reversed(ids)))
    walked: list[str] = []
    while page := ledger.walk(after=walked[-1] if walked else "", limit=700):
        walked += [one.id for one in page]
    assert walked == ids
    assert len(ledger.walk()) == 1000


def test_the_product_as_it_is_known(ledger: Ledger) -> None:
    send(ledger, SHOE, Offer(id="p", price=Money(4, "EUR"), version=8), Offer(id="waits", stock=1), Delete(id="gone"))
    assert ledger.product("p") == replace(SHOE, price=Money(4, "EUR"))
    assert [ledger.product(id_) for id_ in ("waits", "gone", "nobody")] == [None, None, None]


def test_clean_rows_are_made_again_under_new_versions(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE, replace(SHOE, id="q"))
    finish(ledger)
    clock.pass_s(1)
    assert ledger.redo({"p": 0, "q": clock.now + 500, "nobody": 9}) == 2
    rows = {row.id: row for row in finish(ledger, "backfill")}
    assert (rows["p"].row_version, rows["q"].row_version) == (clock.now, clock.now + 501)
    assert all(row.parts == (PartRef("title", "d"),) and row.photo_status == "used" and row.attempts == 1 for row in rows.values())
    assert ledger.redo({"q": 0}, lane="encode") == 1
    assert [row.row_version for row in finish(ledger, "encode")] == [clock.now + 502]
    assert ledger.redo({}) == 0


def test_parts_are_forgotten_where_asked(ledger: Ledger) -> None:
    send(ledger, SHOE)
    finish(ledger)
    assert ledger.redo({"p": 0}, forget_parts=True) == 1
    (row,) = claim(ledger, "backfill")
    assert (row.parts, row.photo_status) == (None, "none")


def test_a_worker_that_holds_the_old_parts_does_not_bring_them_back(ledger: Ledger) -> None:
    send(ledger, SHOE)
    (old,) = claim(ledger)
    ledger.redo({"p": 0}, forget_parts=True)
    assert ledger.finish("w", [Finished(id="p", row_version=old.row_version, parts=(PartRef("title", "old"),))]) == 0
    (row,) = claim(ledger)
    assert (row.parts, row.attempts) == (None, 1)


def test_what_is_dirty_keeps_its_lane_and_its_lease(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE, replace(SHOE, id="q"))
    finish(ledger)
    send(ledger, Offer(id="p", stock=2, version=8), Offer(id="q", stock=2, version=8))
    clock.pass_s(1)
    (held, *_) = ledger.claim("offers", owner="w", limit=1, lease_s=60)
    assert ledger.redo({"p": 0, "q": 0}) == 2
    (free,) = claim(ledger, "offers")
    assert {held.id, free.id} == {"p", "q"}
    assert ledger.finish("w", [Finished(id=held.id, row_version=held.row_version)]) == 0
    assert [row.id for row in finish(ledger, "offers")] == [held.id]


def test_an_offers_lane_is_left_where_parts_are_made_again(ledger: Ledger) -> None:
    send(ledger, SHOE)
    finish(ledger)
    send(ledger, Offer(id="p", stock=2, version=8))
    assert ledger.redo({"p": 0}, forget_parts=True) == 1
    assert claim(ledger, "offers") == []
    assert len(claim(ledger, "backfill")) == 1


def test_buried_rows_stay_buried(ledger: Ledger) -> None:
    send(ledger, SHOE)
    bury(ledger, claim(ledger)[0])
    assert ledger.redo({"p": 0}) == 0
    assert ledger.discard(["p"]) == 1
    assert ledger.redo({"p": 99}) == 0


def test_what_was_never_given_out_is_only_made_where_the_index_has_it(ledger: Ledger) -> None:
    send(ledger, Delete(id="never"), Offer(id="waits", stock=1))
    assert ledger.redo({"never": 0, "waits": 0}) == 0
    assert ledger.redo({"never": START + 5, "waits": 3}, lane="offers") == 2
    rows = {row.id: row for row in finish(ledger, "offers")}
    assert {id_: (row.row_version, row.product) for id_, row in rows.items()} == {"never": (START + 6, None), "waits": (START, None)}


def test_a_tombstone_is_written_again(ledger: Ledger) -> None:
    send(ledger, SHOE)
    finish(ledger)
    send(ledger, Delete(id="p", version=8))
    finish(ledger, "offers")
    assert ledger.redo({"p": 0}, lane="offers") == 1
    (row,) = claim(ledger, "offers")
    assert row.product is None
