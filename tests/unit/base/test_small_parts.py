from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.batches import batches, by_length
from indexer.errors import DuplicateName, UnknownName, UnreadableFeed
from indexer.observe import RunObserver
from indexer.registry import Registry, did_you_mean
from indexer.specs import ImageInput, ModelSpec

SPEC = ModelSpec(name="m", revision="1", width=8, weights="abc", licence="MIT", origin="here")


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_keep_order_and_size(items: list[int], size: int) -> None:
    groups = list(batches(items, size=size))
    assert [item for group in groups for item in group] == items
    assert all(len(group) == size for group in groups[:-1])
    assert all(groups)


@given(st.lists(st.integers()), st.integers(1, 40), st.integers(1, 9))
def test_batches_may_begin_small_and_double_up_to_their_size(items: list[int], size: int, first: int) -> None:
    groups = list(batches(items, size=size, first=first))
    assert [item for group in groups for item in group] == items
    full = [min(size, first * 2**number) for number in range(len(groups))]
    assert [len(group) for group in groups[:-1]] == full[:-1]
    assert all(0 < len(group) <= most for group, most in zip(groups, full, strict=True))


@pytest.mark.parametrize(("size", "first"), [(0, None), (3, 0), (0, 3)])
def test_a_batch_of_nothing_is_refused(size: int, first: int | None) -> None:
    with pytest.raises(ValueError, match="at least one"):
        next(batches([1], size=size, first=first))


@given(st.lists(st.integers(0, 50)), st.integers(1, 9))
def test_by_length_covers_each_position_once_longest_first(lengths: list[int], size: int) -> None:
    groups = by_length(lengths, size=size)
    order = [position for group in groups for position in group]
    assert sorted(order) == list(range(len(lengths)))
    assert [lengths[p] for p in order] == sorted(lengths, reverse=True)


def test_registry_refuses_duplicates_and_suggests() -> None:
    registry: Registry[type[object]] = Registry("toy encoder")
    registry.add("siglip-base", object)
    with pytest.raises(DuplicateName):
        registry.add("siglip-base", object)
    with pytest.raises(UnknownName, match=r"Did you mean 'siglip-base'\? Known: siglip-base\."):
        registry.get("siglip")
    assert registry.get("siglip-base") is object


def test_a_long_list_of_names_is_cut() -> None:
    assert did_you_mean("zz", [f"n{i}" for i in range(30)]).endswith("n19, ….")


def test_the_digest_follows_what_decides_the_rows() -> None:
    assert SPEC.digest == replace(SPEC, licence="GPL", origin="there").digest
    changed = [
        replace(SPEC, width=9),
        replace(SPEC, query_prefix="query: "),
        replace(SPEC, weights="abd"),
        replace(SPEC, image=ImageInput(side=224, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))),
    ]
    assert len({spec.digest for spec in [SPEC, *changed]}) == 5


def test_what_came_before_an_error_of_ours_is_in_a_batch() -> None:
    def cut_short() -> Iterator[int]:
        yield from range(5)
        raise UnreadableFeed("cut short")

    taken: list[list[int]] = []
    with pytest.raises(UnreadableFeed):
        taken.extend(batches(cut_short(), size=3))
    assert taken == [[0, 1, 2], [3, 4]]


def test_a_misspelt_hook_is_refused() -> None:
    with pytest.raises(TypeError, match="row_rejectd"):
        type("Wrong", (RunObserver,), {"row_rejectd": lambda self: None})


def test_hooks_do_nothing_by_default() -> None:
    class Quiet(RunObserver):
        def stage_moved(self, stage: str) -> None:
            super().stage_moved(stage)

    Quiet().stage_moved("claimed")
    Quiet().parts_encoded(texts=1, photos=0, cached=2)
