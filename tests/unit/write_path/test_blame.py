"""What goes wrong while rows are worked: who is blamed, what is put back, what is buried, and that nothing is lost."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.encode.hashed import HashedText
from indexer.errors import EncoderMismatch, IndexerError, LedgerUnavailable, StoreBlocked, StoreBusy, StoreUnavailable
from indexer.store.base import Document, Written
from indexer.vectors import Rows
from tests.unit.write_path.shop import Shop

POISON = "poison"


class Fragile(HashedText):
    """Fails on texts that hold the word, as a model does on an input that breaks it."""

    broken = False
    silent = ""

    def run(self, inputs: object) -> npt.ArrayLike:
        texts = inputs if isinstance(inputs, list) else []
        if self.broken or any(POISON in text for text in texts):
            raise RuntimeError("the device is lost")
        rows = np.array(super().run(inputs))
        for position, text in enumerate(texts):
            if self.silent and self.silent in text:
                rows[position] = 0
        return rows

    def finish(self, raw: npt.ArrayLike) -> Rows:
        return super().finish(raw)


def rows(number: int, *, bad: int | None = None) -> list[dict[str, object]]:
    return [{"id": f"p{n}", "title": f"{POISON if n == bad else 'chair'} {n}"} for n in range(number)]


def fails(times: int, error: BaseException) -> Callable[[Sequence[Document]], None]:
    left = [times]

    def before(_: Sequence[Document]) -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return before


@pytest.mark.parametrize("error", [StoreUnavailable("down"), StoreBusy("429"), StoreBlocked("disk full"), LedgerUnavailable("locked")])
def test_an_engine_that_is_down_for_long_buries_nothing_and_leaves_no_suspect(shop: Shop, error: IndexerError) -> None:
    shop.feed(rows(20))
    shop.store.before = fails(12, error)
    assert shop.drain() == 20
    assert shop.ledger.letters() == []
    assert len(shop.products()) == 20


def test_while_an_engine_is_down_rows_come_back_with_their_attempts(shop: Shop) -> None:
    shop.feed(rows(5))
    shop.store.before = fails(1, StoreUnavailable("down"))
    assert shop.indexer.work("encode_new") == 0
    shop.clock.ahead_s += 1
    assert shop.ledger.suspects("encode_new") == 0
    assert [row.attempts for row in shop.ledger.claim("encode_new", owner="me", limit=9, lease_s=60)] == [1] * 5


def test_an_engine_that_is_down_is_not_asked_again_at_once(shop: Shop) -> None:
    shop.settings = shop.settings.model_copy(
        update={"work": shop.settings.work.model_copy(update={"retry_s": 1000.0, "retry_cap_s": 1000.0})}
    )
    indexer = shop.another_indexer()
    shop.feed(rows(40))
    asked: list[int] = []

    def down(documents: Sequence[Document]) -> None:
        asked.append(len(documents))
        raise StoreUnavailable("down")

    shop.store.before = down
    for _ in range(5):
        assert indexer.work("encode_new") == 0
    assert len(asked) == 1


def test_a_wrong_setting_buries_nothing(shop: Shop) -> None:
    shop.feed(rows(8))
    shop.store.before = fails(5, EncoderMismatch("The index was built with other parts."))
    assert shop.drain() == 8
    assert shop.ledger.letters() == []


def test_an_input_that_breaks_the_model_is_buried_alone_with_its_reason(shop: Shop) -> None:
    shop.text = Fragile(width=64)
    job = shop.feed(rows(40, bad=17))
    shop.drain()
    (letter,) = shop.ledger.letters()
    assert letter.id == "p17"
    assert "device is lost" in letter.reason
    assert len(shop.products()) == 39
    assert shop.indexer.wait(job, timeout_s=1).dead == 1


def test_a_model_that_fails_on_everything_buries_nothing(shop: Shop) -> None:
    shop.text = text = Fragile(width=64)
    shop.feed(rows(20))
    text.broken = True
    for _ in range(10):
        shop.indexer.work("encode_new")
        shop.clock.ahead_s += 1
    assert shop.ledger.letters() == []
    text.broken = False
    assert shop.drain() == 20


def test_a_text_without_direction_costs_only_its_part(shop: Shop) -> None:
    shop.text = text = Fragile(width=64)
    text.silent = "nothing"
    shop.feed([{"id": "p", "title": "nothing", "description": "a chair of oak"}, {"id": "q", "title": "nothing"}])
    assert shop.drain() == 2
    assert shop.products().keys() == {"p", "q"}
    assert shop.ledger.letters() == []


def test_a_buried_product_revives_with_its_next_event(shop: Shop) -> None:
    shop.text = Fragile(width=64)
    shop.feed([{"id": "p", "title": POISON}])
    shop.drain()
    assert len(shop.ledger.letters()) == 1
    shop.feed([{"id": "p", "title": "a chair"}])
    shop.drain()
    assert shop.products()["p"].title == "a chair"


def test_documents_refused_for_good_are_buried_and_the_others_stay(shop: Shop) -> None:
    def refuse(results: list[Written]) -> list[Written]:
        return [
            replace(one, outcome="failed", error="mapper_parsing_exception", reason="a 400") if one.id == "p3" else one for one in results
        ]

    shop.store.answer = refuse
    shop.feed(rows(10))
    assert shop.drain() == 10
    (letter,) = shop.ledger.letters()
    assert (letter.id, "a 400" in letter.reason) == ("p3", True)


def test_documents_refused_for_now_are_tried_again_and_the_others_are_finished(shop: Shop) -> None:
    left = [6]

    def refuse(results: list[Written]) -> list[Written]:
        if left[0] == 0:
            return results
        left[0] -= 1
        return [replace(one, outcome="failed", error="429", reason="busy", retryable=True) if one.id == "p3" else one for one in results]

    shop.store.answer = refuse
    shop.feed(rows(10))
    assert shop.drain() == 10
    assert shop.ledger.letters() == []
    assert shop.observer.written[0] == (9, 0, 1)


def test_a_newer_document_counts_as_finished(shop: Shop) -> None:
    shop.feed(rows(3))
    shop.drain()
    shop.store.answer = lambda results: [replace(one, outcome="newer") for one in results]
    shop.feed([{"id": "p1", "title": "another title"}])
    assert shop.drain() == 1
    assert shop.dirty() == {}
    assert shop.ledger.counts().counters["newer"] == 1


def test_an_unexplained_error_makes_suspects_of_its_rows_and_only_the_guilty_one_is_buried(shop: Shop) -> None:
    def before(documents: Sequence[Document]) -> None:
        if any(document.id == "p7" for document in documents):
            raise ZeroDivisionError("nobody knows why")

    shop.store.before = before
    shop.feed(rows(12))
    unexplained = 0
    for _ in range(60):
        shop.clock.ahead_s += 0.01
        try:
            shop.indexer.work("encode_new")
        except ZeroDivisionError:
            unexplained += 1
    (letter,) = shop.ledger.letters()
    assert (letter.id, letter.attempts) == ("p7", shop.settings.work.attempts)
    assert "nobody knows why" in letter.reason
    assert unexplained == shop.settings.work.attempts
    assert len(shop.products()) == 11


def test_a_suspect_is_worked_while_nothing_else_runs(shop: Shop) -> None:
    shop.feed(rows(6))
    shop.ledger.claim("encode_new", owner="died", limit=3, lease_s=-1)
    inside: list[bool] = []
    company: list[bool] = []
    lock = threading.Condition()

    def before(documents: Sequence[Document]) -> None:
        suspect = any(document.id in ("p0", "p1", "p2") for document in documents)
        with lock:
            inside.append(suspect)
            lock.notify_all()
            # Give the others the time to come in, were they let.
            lock.wait_for(lambda: len(inside) > 1, timeout=0.4)
            company.append(len(inside) > 1 and any(inside))
            lock.wait_for(lambda: len(company) >= len(inside), timeout=0.4)
            inside.pop()

    shop.store.before = before
    threads = [threading.Thread(target=shop.indexer.work, args=("encode_new",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.drain()
    assert company == [False] * len(company)
    assert len(company) >= 4
    assert len(shop.products()) == 6


def test_rows_of_a_process_that_died_three_times_are_buried_by_the_sweep(shop: Shop) -> None:
    shop.feed(rows(2))
    for alone in (False, True, True):
        for _ in range(2):
            shop.ledger.claim("encode_new", owner="died", limit=1, lease_s=-1, alone=alone)
    shop.ledger.sweep(attempts=3)
    assert {letter.id for letter in shop.ledger.letters()} == {"p0", "p1"}


@pytest.mark.parametrize("stage", ["claimed", "encoded"])
def test_a_process_that_is_asked_to_stop_puts_its_rows_back_unblamed(shop: Shop, stage: str) -> None:
    shop.feed(rows(5))
    shop.observer.on_stage = lambda now: shop.indexer.stop() if now == stage else None
    assert shop.indexer.work("encode_new") == 0
    assert shop.store.applied == []
    shop.observer.on_stage = lambda _: None
    assert shop.indexer.work("encode_new") == 0
    assert shop.ledger.suspects("encode_new") == 0
    assert shop.drain(shop.another_indexer()) == 5


def test_a_stop_while_writing_lets_the_write_end(shop: Shop) -> None:
    shop.feed(rows(5))
    shop.observer.on_stage = lambda now: shop.indexer.stop() if now == "writing" else None
    assert shop.indexer.work("encode_new") == 5
    assert shop.dirty() == {}


def test_closing_puts_back_what_a_stuck_thread_holds(shop: Shop) -> None:
    shop.feed(rows(4))
    other = shop.another_indexer()
    stuck, free = threading.Event(), threading.Event()

    def hang(_: Sequence[Document]) -> None:
        stuck.set()
        free.wait(20)

    shop.store.before = hang
    thread = threading.Thread(target=other.work, args=("encode_new",))
    thread.start()
    assert stuck.wait(20)
    other.stop()
    assert other.abandon() == 4
    assert len(shop.ledger.claim("encode_new", owner="next", limit=9, lease_s=60)) == 4
    free.set()
    thread.join()


@pytest.mark.parametrize("stage", ["claimed", "encoded", "writing", "written", "finishing"])
@settings(max_examples=3, deadline=None)
@given(total=st.integers(1, 30))
def test_a_process_killed_at_any_step_loses_nothing_and_writes_no_version_twice(
    stage: str, total: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.feed(rows(total))

    class Killed(BaseException):
        pass

    def die(now: str) -> None:
        if now == stage:
            raise Killed

    # A killed process says nothing more: its ledger calls after the kill are cut off by an owner whose lease has run out.
    shop.observer.on_stage = die
    released = shop.ledger.release
    shop.ledger.release = lambda *_, **__: None  # type: ignore[method-assign]
    with pytest.raises(Killed):
        shop.indexer.work("encode_new")
    shop.ledger.release = released  # type: ignore[method-assign]
    shop.observer.on_stage = lambda _: None
    shop.clock.ahead_s += shop.settings.work.lease_s + 1
    shop.ledger.sweep(attempts=3)
    shop.drain(shop.another_indexer())
    assert shop.dirty() == {}
    assert sorted(shop.store.applied) == sorted(shop.ledger.known([f"p{n}" for n in range(total)]).items())
    shop.close()


def test_a_row_that_changes_while_it_is_worked_is_worked_again_in_its_new_version(shop: Shop) -> None:
    shop.feed(rows(3))
    changed: list[bool] = []

    def change(now: str) -> None:
        if now == "encoded" and not changed:
            changed.append(True)
            shop.feed([{"id": "p1", "title": "changed meanwhile"}])

    shop.observer.on_stage = change
    shop.drain()
    assert shop.products()["p1"].title == "changed meanwhile"
    assert shop.dirty() == {}


def test_an_index_that_is_gone_is_made_again(shop: Shop) -> None:
    shop.feed(rows(2))
    shop.drain()
    shop.store._shared.versions.clear()
    shop.feed([{"id": "p1", "title": "after the loss"}])
    assert shop.drain() == 1
    assert shop.products()["p1"].title == "after the loss"
