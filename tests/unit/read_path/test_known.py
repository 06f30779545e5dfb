"""The encoders that a searcher has: its own, those an index tells of, and those of what is to come."""

import threading
import time

import pytest

from indexer.encode.hashed import HashedText
from indexer.encoders import Encoders
from indexer.errors import EncoderMismatch, SettingsError
from indexer.fuse.weighted import WeightedFusion
from indexer.read.known import KEPT, Known
from indexer.store.identity import Coming, Description


def encoders(width: int) -> Encoders:
    return Encoders(HashedText(width=width), None, WeightedFusion(title=1.0, description=0.0, photo=0.0, width=width))


class Maker:
    """A profile is a width in digits; how often each was built is counted."""

    def __init__(self) -> None:
        self.built: list[str] = []
        self.warmed = threading.Event()

    def __call__(self, profile: str) -> Encoders:
        self.built.append(profile)
        time.sleep(0.01)  # so that several meet here
        try:
            made = encoders(int(profile))
        except ValueError as error:
            raise SettingsError("no profile") from error
        warm = made.warm

        def warm_and_tell(*, photos: bool = True) -> None:
            warm(photos=photos)
            self.warmed.set()

        made.warm = warm_and_tell  # type: ignore[method-assign]  # to hear of it
        return made


def described(width: int, *, profile: str = "", coming: str = "") -> Description:
    return Description(
        index="i-1",
        identity=encoders(width).identity("ledger"),
        products=1,
        attributes=(),
        profile=profile,
        coming=Coming("i-2", coming) if coming else None,
    )


def test_its_own_are_used_where_they_fit() -> None:
    maker = Maker()
    known = Known(encoders(8), maker)
    known.check(described(8, profile="8"))
    assert known.of(described(8).identity) is known.own
    assert maker.built == []


def test_others_are_made_once_by_what_the_index_tells() -> None:
    maker = Maker()
    known = Known(encoders(8), maker)
    threads = [threading.Thread(target=known.check, args=(described(16, profile="16"),)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert maker.built == ["16"]
    assert known.of(described(16).identity).fusion.spec.width == 16


@pytest.mark.parametrize("profile", ["", "32", "nothing of ours"])
def test_a_profile_is_believed_only_where_it_makes_the_index_s_identity(profile: str) -> None:
    known = Known(encoders(8), Maker())
    with pytest.raises(EncoderMismatch, match="width"):
        known.check(described(16, profile=profile))
    assert known.of(described(16).identity) is known.own


def test_without_a_maker_an_index_of_others_is_refused() -> None:
    known = Known(encoders(8))
    known.notice(described(8, coming="16"))
    with pytest.raises(EncoderMismatch):
        known.check(described(16, profile="16"))


def test_what_is_to_come_is_made_and_warmed_beside_and_only_once() -> None:
    maker = Maker()
    known = Known(encoders(8), maker)
    for _ in range(5):
        known.notice(described(8, coming="16"))
    assert maker.warmed.wait(10)
    known.check(described(16, profile="16"))
    assert maker.built == ["16"]


def test_what_can_not_be_made_is_not_tried_at_every_search() -> None:
    maker = Maker()
    known = Known(encoders(8), maker)
    for _ in range(5):
        known.notice(described(8, coming="nothing of ours"))
    end = time.monotonic() + 10
    while not maker.built and time.monotonic() < end:
        time.sleep(0.01)
    assert maker.built == ["nothing of ours"]


def test_what_is_warmed_is_what_the_index_in_use_needs() -> None:
    maker = Maker()
    known = Known(encoders(8), maker)
    assert known.fitting(None) is known.own
    assert known.fitting(described(8, profile="8")) is known.own
    assert known.fitting(described(16, profile="16")).fusion.spec.width == 16
    assert known.fitting(described(32, profile="nothing of ours")) is known.own  # the search will say what is wrong
    assert maker.built == ["16", "nothing of ours"]


def test_ready_is_what_was_made_and_warmed() -> None:
    maker = Maker()
    known = Known(encoders(8), maker)
    assert not known.ready("16")
    for profile in ("16", "8", "nothing of ours"):
        known.notice(described(8, coming=profile))
    end = time.monotonic() + 10
    while not (known.ready("16") and known.ready("8")) and time.monotonic() < end:
        time.sleep(0.01)
    assert [known.ready(profile) for profile in ("16", "8", "nothing of ours", "32")] == [True, True, False, False]


def test_a_process_that_asks_once_gets_nothing_ready_for_later() -> None:
    maker = Maker()
    known = Known(encoders(8), maker, ahead=False)
    known.notice(described(8, coming="16"))
    known.check(described(32, profile="32"))  # what it needs now it makes
    assert maker.built == ["32"]
    assert not known.ready("16")


def test_only_some_are_kept() -> None:
    known = Known(encoders(8), Maker())
    for width in range(9, 9 + KEPT + 2):
        known.check(described(width, profile=str(width)))
    assert known.of(described(9).identity) is known.own
    assert known.of(described(9 + KEPT + 1).identity).fusion.spec.width == 9 + KEPT + 1
