"""Recall and reciprocal rank by hand, before and after."""

import numpy as np
import pytest

from indexer.learn.encoder_measures import Asked, changes, means, verdict

ANSWERS = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]], dtype=np.float32)
ASKING = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)


def flags(*rows: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.array([[place in row for place in range(4)] for row in rows])


def test_one_right_answer_has_the_rank_of_its_cosine() -> None:
    found = Asked(flags((1,), (3,)), flags((), ())).figures(ASKING, ANSWERS)
    assert found["recall@1"].tolist() == [0.0, 1.0]
    assert found["recall@10"].tolist() == [1.0, 1.0]
    assert found["mrr"].tolist() == [1 / 2, 1.0]


def test_of_several_right_answers_as_many_count_as_have_room() -> None:
    found = Asked(flags((0, 3), (0, 1)), flags((), ())).figures(ASKING, ANSWERS)
    assert found["recall@1"].tolist() == [1.0, 0.0]
    assert found["mrr"].tolist() == [1.0, 1 / 3]


def test_what_is_out_neither_counts_nor_stands_in_the_way() -> None:
    found = Asked(flags((1,), (0,)), flags((0,), (1, 2))).figures(ASKING, ANSWERS)
    assert found["recall@1"].tolist() == [1.0, 0.0]
    assert found["mrr"].tolist() == [1.0, 1 / 2]


def test_of_equal_scores_a_wrong_answer_stands_first() -> None:
    same = np.repeat(ANSWERS[:1], 4, axis=0)
    found = Asked(flags((0,), (2,)), flags((), ())).figures(ASKING, same)
    assert found["mrr"].tolist() == [1 / 4, 1 / 4]


def test_means_and_the_score_by_which_an_epoch_is_chosen() -> None:
    figures = {
        "judged": {"recall@1": np.array([1.0, 0.0]), "mrr": np.array([1.0, 0.5])},
        "described": {"recall@1": np.array([0.0]), "mrr": np.array([0.25])},
    }
    assert means(figures) == {
        "judged recall@1": 0.5,
        "judged mrr": 0.75,
        "described recall@1": 0.0,
        "described mrr": 0.25,
        "score": pytest.approx(0.5),
    }


def test_changes_are_paired_and_the_verdict_says_no_more_than_they_show() -> None:
    low, high = np.full(40, 0.25), np.full(40, 0.5)
    mixed = np.array([0.25, 0.5] * 20)
    before = {"judged": {"mrr": low}, "synthetic": {"mrr": high}, "described": {"mrr": mixed}}
    after = {"judged": {"mrr": high}, "synthetic": {"mrr": low}, "described": {"mrr": mixed[::-1].copy()}}
    found = changes(before, after)
    assert found["judged"]["mrr"]["mean"] == 0.25
    assert found["judged"]["mrr"]["before"] == 0.25
    assert found["judged"]["mrr"]["after"] == 0.5
    assert found["judged"]["mrr"]["texts"] == 40
    assert found["described"]["mrr"]["p"] > 0.5
    assert verdict(found, list(found)) == "better: judged; worse: synthetic; no difference shown: described."
