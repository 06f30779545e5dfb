import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import LearningError
from indexer.learn.losses import contrastive, cosines, distilled, found, margin, prototypes, relations

LN = math.log
EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]


def rows(*several: list[float]) -> torch.Tensor:
    return torch.tensor(several)


def test_contrastive_by_hand() -> None:
    # Scores at scale ln 3: [[ln 3, 0], [0, ln 3]]: each right one has 3 of 4 parts.
    loss = contrastive(rows(EAST, NORTH), rows(EAST, NORTH), scale=LN(3))
    assert float(loss) == pytest.approx(-LN(3 / 4))


def test_contrastive_is_the_mean_of_both_ways() -> None:
    # Both left rows look east: by row 3/4 and 1/4; by column 1/2 and 1/2.
    loss = contrastive(rows(EAST, EAST), rows(EAST, NORTH), scale=LN(3))
    assert float(loss) == pytest.approx(0.5 * -(LN(3 / 4) + LN(1 / 4)) / 2 + 0.5 * -LN(1 / 2))


def test_contrastive_does_not_see_lengths() -> None:
    short, long = rows(EAST, NORTH), rows([5.0, 0.0], [0.0, 0.1])
    assert float(contrastive(short, long, scale=2.0)) == pytest.approx(float(contrastive(short, short, scale=2.0)))


def test_the_same_product_twice_is_no_negative_of_itself() -> None:
    left = rows(EAST, EAST, NORTH)
    same = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    # The twin leaves the sums: rows 3/4, 3/4 and 3 of 5 (two easts weigh 1 each); columns alike.
    loss = contrastive(left, left, scale=LN(3), same=same)
    assert float(loss) == pytest.approx(-(LN(3 / 4) + LN(3 / 4) + LN(3 / 5)) / 3)
    assert float(loss) < float(contrastive(left, left, scale=LN(3)))


def test_a_mask_never_takes_the_pair_itself() -> None:
    left = rows(EAST, NORTH)
    assert float(contrastive(left, left, scale=1.0, same=torch.ones(2, 2, dtype=torch.bool))) == pytest.approx(0)


def test_smoothing_by_hand() -> None:
    # 0.8 of -ln 3/4, and 0.2 of the mean of -ln 3/4 and -ln 1/4.
    loss = contrastive(rows(EAST, NORTH), rows(EAST, NORTH), scale=LN(3), smoothing=0.2)
    assert float(loss) == pytest.approx(-0.8 * LN(3 / 4) - 0.2 * (LN(3 / 4) + LN(1 / 4)) / 2)


def test_smoothing_spreads_over_what_may_be_chosen_only() -> None:
    left = rows(EAST, EAST, NORTH)
    same = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    assert math.isfinite(float(contrastive(left, left, scale=LN(3), same=same, smoothing=0.1)))


def test_gradients_reach_both_sides_and_a_learned_scale() -> None:
    left, right = rows([1.0, 0.2], [0.1, 1.0]).requires_grad_(), rows([0.8, 0.1], [0.3, 1.0]).requires_grad_()
    scale = torch.tensor(3.0, requires_grad=True)
    same = torch.zeros(2, 2, dtype=torch.bool)
    torch.autograd.backward(contrastive(left, right, scale=scale, same=same))
    for one in (left, right, scale):
        assert one.grad is not None
        assert one.grad.isfinite().all()
        assert one.grad.abs().sum() > 0


def test_gradients_stay_finite_behind_a_mask() -> None:
    left = rows(EAST, EAST, NORTH).requires_grad_()
    same = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    torch.autograd.backward(contrastive(left, left * 1.1, scale=4.0, same=same, smoothing=0.1))
    assert left.grad is not None
    assert left.grad.isfinite().all()


@pytest.mark.parametrize(("left", "right", "told"), [(1, 1, "one pair"), (2, 3, "one shape")])
def test_contrastive_refuses_what_makes_no_pairs(left: int, right: int, told: str) -> None:
    with pytest.raises(LearningError, match=told):
        contrastive(torch.ones(left, 2), torch.ones(right, 2), scale=1.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 9), st.floats(0.1, 30), st.integers(0, 99))
def test_contrastive_does_not_care_for_the_order_of_pairs(count: int, scale: float, seed: int) -> None:
    drawn = torch.Generator().manual_seed(seed)
    left, right = torch.randn(count, 4, generator=drawn), torch.randn(count, 4, generator=drawn)
    order = torch.randperm(count, generator=drawn)
    once, again = contrastive(left, right, scale=scale), contrastive(left[order], right[order], scale=scale)
    assert float(once) == pytest.approx(float(again), rel=1e-4, abs=1e-5)
    assert float(once) == pytest.approx(float(contrastive(right, left, scale=scale)), rel=1e-4, abs=1e-5)


def test_prototypes_by_hand() -> None:
    labels = torch.tensor([0, 1])
    loss = prototypes(LN(3) * cosines(rows(EAST, EAST), rows(EAST, NORTH)), labels)
    assert float(loss) == pytest.approx(-(LN(3 / 4) + LN(1 / 4)) / 2)


def test_prototypes_smooth() -> None:
    loss = prototypes(LN(3) * cosines(rows(EAST), rows(EAST, NORTH)), torch.tensor([0]), smoothing=0.2)
    assert float(loss) == pytest.approx(-0.9 * LN(3 / 4) - 0.1 * LN(1 / 4))


def test_a_class_that_may_be_right_too_leaves_the_sum() -> None:
    scores = LN(3) * cosines(rows(EAST), rows(EAST, NORTH, EAST))
    masked = torch.tensor([[True, False, True]])  # the label's own place is never masked
    assert float(prototypes(scores, torch.tensor([0]), masked=masked)) == pytest.approx(-LN(3 / 4))


def test_words_that_find_several_by_hand() -> None:
    # Scores ln 3, 0, ln 3: shares 3/7, 1/7, 3/7; the second query has no right row and does not count.
    right = torch.tensor([[True, True, False], [False, False, False]])
    loss = found(rows(EAST, NORTH), rows(EAST, NORTH, [2.0, 0.0]), right, scale=LN(3))
    assert float(loss) == pytest.approx(-(LN(3 / 7) + LN(1 / 7)) / 2)
    assert float(found(rows(EAST), rows(EAST), torch.tensor([[False]]), scale=1.0)) == 0


@pytest.mark.parametrize(("right", "wrong", "gap", "wanted"), [(EAST, NORTH, 0.2, 0), (NORTH, EAST, 0.2, 6 / 5), (EAST, EAST, 0.25, 1 / 4)])
def test_margin_by_hand(right: list[float], wrong: list[float], gap: float, wanted: float) -> None:
    assert float(margin(rows(EAST), rows(right), rows(wrong), gap=gap)) == pytest.approx(wanted)


def test_margin_is_a_mean() -> None:
    loss = margin(rows(EAST, EAST), rows(EAST, NORTH), rows(NORTH, EAST), gap=0.0)
    assert float(loss) == pytest.approx(1 / 2)


@pytest.mark.parametrize(("student", "wanted"), [(EAST, 0), (NORTH, 1), (WEST, 2), ([3.0, 0.0], 0)])
def test_distilled_by_hand(student: list[float], wanted: float) -> None:
    assert float(distilled(rows(student), rows(EAST))) == pytest.approx(wanted, abs=1e-6)


def test_the_teacher_does_not_learn() -> None:
    student, teacher = rows([1.0, 1.0]).requires_grad_(), rows(EAST).requires_grad_()
    torch.autograd.backward(distilled(student, teacher))
    assert student.grad is not None
    assert teacher.grad is None


def test_relations_by_hand() -> None:
    # Teacher: the first row leans 3 to 1 towards the second, the third has even choices. Student: all choices even (equal rows).
    teacher, student = rows(EAST, EAST, NORTH), rows(EAST, EAST, EAST)
    each = 3 / 4 * LN((3 / 4) / (1 / 2)) + 1 / 4 * LN((1 / 4) / (1 / 2))
    assert float(relations(student, teacher, scale=LN(3))) == pytest.approx(2 * each / 3)


def test_relations_of_other_widths_and_turned_rows_are_kept() -> None:
    teacher = rows(EAST, NORTH, [1.0, 1.0])
    turned = torch.nn.functional.pad(teacher.flip(1), (1, 2))
    assert float(relations(turned, teacher, scale=5.0)) == pytest.approx(0, abs=1e-6)


def test_relations_need_three() -> None:
    with pytest.raises(LearningError, match="three rows"):
        relations(rows(EAST, NORTH), rows(EAST, NORTH), scale=1.0)
