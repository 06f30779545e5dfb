"""Views, kept rows, negatives, measures: what a fusion's training stands on."""

from pathlib import Path

import numpy as np
import pytest

from indexer.errors import EvaluationError, LearningError
from indexer.learn.fuse_measures import measures, precisions, ranks, recalls
from indexer.learn.judged import judged, run_of
from indexer.learn.negatives import hard_negatives, same_items
from indexer.learn.views import LEAST, view
from tests.unit.learn.fuse_shop import Thumbs, draw, table

DIGEST = "ab12cd34ef56" * 5
PHOTO = np.arange(40 * 30 * 3, dtype=np.uint32).reshape(40, 30, 3).astype(np.uint8)


def test_views_of_a_photo_are_the_same_every_time_and_differ() -> None:
    seen = [view(PHOTO, number, digest=DIGEST) for number in range(6)]
    again = [view(PHOTO, number, digest=DIGEST) for number in range(6)]
    assert all(one.shape == two.shape and (one == two).all() for one, two in zip(seen, again, strict=True))
    assert seen[0] is PHOTO
    assert (seen[1] == PHOTO[:, ::-1]).all()
    other = view(PHOTO, 2, digest="0" * 64)
    assert other.shape != seen[2].shape or (other != seen[2]).any()


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_crops_keep_enough(number: int) -> None:
    seen = view(PHOTO, number, digest=DIGEST)
    assert seen.dtype == np.uint8
    assert seen.flags.c_contiguous
    assert 0.9 * LEAST < seen.shape[0] * seen.shape[1] / (40 * 30) < 1


def test_a_photo_of_one_pixel_has_views_too() -> None:
    for number in range(6):
        assert view(np.full((1, 1, 3), 9, dtype=np.uint8), number, digest=DIGEST).shape == (1, 1, 3)


def test_rows_are_kept_from_run_to_run(tmp_path: Path) -> None:
    photos = [draw(tmp_path / f"{seed}.png", (200, 10, 10), seed=seed) for seed in range(3)]
    first = Thumbs()
    one = table(tmp_path / "kept", first)
    known = list(one.digests(photos).items())
    rows, mirrored = one.photos(known), one.photos(known, number=1)
    texts = one.texts(["red", "blue"], side="query")
    one.close()
    assert first.ran == 6
    second = Thumbs()
    two = table(tmp_path / "kept", second)
    assert (two.photos(known) == rows).all()
    assert (two.photos(known, number=1) == mirrored).all()
    assert (two.texts(["blue", "red"], side="query")[::-1] == texts).all()
    assert second.ran == 0
    third = Thumbs("other")
    three = table(tmp_path / "kept", third)
    three.photos(known)
    assert third.ran == 3  # another encoder, other rows
    for opened in (two, three):
        opened.close()


def test_the_same_bytes_are_encoded_once(tmp_path: Path) -> None:
    one, two = draw(tmp_path / "1.png", (9, 9, 9), seed=1), draw(tmp_path / "2.png", (9, 9, 9), seed=1)
    encoder = Thumbs()
    rows = table(tmp_path / "kept", encoder)
    made = rows.photos(list(rows.digests([one, two]).items()))
    rows.close()
    assert made[0].tolist() == made[1].tolist()
    assert encoder.ran == 1


def test_photos_that_can_not_be_used_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no photo")
    rows = table(tmp_path / "kept")
    with pytest.raises(LearningError, match=r"broken\.png can't be used"):
        rows.photos(list(rows.digests([broken]).items()))
    with pytest.raises(LearningError, match=r"missing\.png can't be read"):
        rows.digests([tmp_path / "missing.png"])
    rows.close()


def test_items_of_one_kind_or_with_nearly_the_same_words_are_no_negatives() -> None:
    texts = np.array([[1, 0], [0.999, 0.0447], [0, 1], [0.6, 0.8]], dtype=np.float32)
    same = same_items(texts, ["", "tee", "hat", "hat"])
    assert same.tolist() == [[True, True, False, False], [True, True, False, False], [False, False, True, True], [False, False, True, True]]


def test_items_without_a_kind_are_not_of_one_kind() -> None:
    assert same_items(np.eye(3, dtype=np.float32), ["", "", ""]).tolist() == np.eye(3, dtype=bool).tolist()


def test_hard_negatives_are_the_nearest_that_are_wrong() -> None:
    rows = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    same = np.eye(4, dtype=bool)
    same[0, 1] = same[1, 0] = True
    found = hard_negatives(rows, same, count=2)
    assert [one.tolist() for one in found] == [[2, 3], [2, 3], [1, 3], [2, 1]]


def test_where_all_are_the_same_there_is_no_negative() -> None:
    assert [one.tolist() for one in hard_negatives(np.eye(2, dtype=np.float32), np.ones((2, 2), dtype=bool), count=3)] == [[], []]


def test_recall_by_hand() -> None:
    items = np.eye(3, dtype=np.float32)
    queries = np.array([[0.9, 0.4, 0.1], [0.9, 0.4, 0.1], [0.5, 0.5, 0.5]], dtype=np.float32)
    found = ranks(queries, items, np.array([0, 2, 1]))
    assert found.tolist() == [0, 2, 2]  # equal scores stand before: no luck
    assert recalls(found, depth=1).tolist() == [1, 0, 0]
    assert recalls(found, depth=3).tolist() == [1, 1, 1]


def test_precision_by_hand() -> None:
    queries = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    rows = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    right = np.array([[True, False, True, False], [False, False, True, True], [False] * 4])
    assert precisions(queries, rows, right, depth=3).tolist() == [1 / 2, 1, 0]
    assert precisions(queries, rows, right, depth=1).tolist() == [1, 1, 0]


def test_the_score_is_the_mean_of_both_ways() -> None:
    told = measures(np.array([0, 3]), np.array([1.0, 0.5]))
    assert told == {"recall@1": 0.5, "recall@5": 1.0, "precision@10": 0.75, "score": 0.625}
    assert measures(np.array([], dtype=np.int64), np.array([]))["score"] == 0


def test_judgments_out_of_classes() -> None:
    found = judged({"sneakers": "shoes", "cap": "hat"}, {"1": "shoes", "2": "hat", "3": "shoes"})
    assert found.grades == {"sneakers": {"1": 1, "3": 1}, "cap": {"2": 1}}
    assert found.csv() == "query,product_id,grade\nsneakers,1,1\nsneakers,3,1\ncap,2,1\n"
    with pytest.raises(EvaluationError, match="'skirt'"):
        judged({"mini": "skirt"}, {"1": "shoes"})


def test_a_run_out_of_rows() -> None:
    rows = np.array([[0, 1], [1, 0]], dtype=np.float32)
    run = run_of(
        {"east": 1, "north": 0}, rows, name="exact", products=(["a", "b"], np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)), depth=2
    )
    assert run.ids("east") == ("a", "b")
    assert run.ids("north") == ("b", "a")
    assert run.name == "exact"
