"""Whole spans counted by label; the figures are worked out by hand."""

import pytest

from indexer.learn.tag_labels import TAGS
from indexer.learn.tag_lexicon import Lexicon
from indexer.learn.tag_report import Judged, Score, SeenWords, measured, value_score
from indexer.learn.tag_words import words_of
from tests.unit.learn.tag_shop import example


def judged(title: str, right: str, found: str) -> Judged:
    return Judged(example(title, right), [TAGS.index(tag) for tag in found.split()])


def test_a_perfect_answer_has_ones() -> None:
    report = measured([judged("Old Oak red chair", "B-brand I-brand B-colour B-type", "B-brand I-brand B-colour B-type")])
    assert report.micro == report.macro == Score(1.0, 1.0, 1.0, 3)
    assert report.labels["brand"] == Score(1.0, 1.0, 1.0, 1)
    assert report.labels["size"] == Score(0.0, 0.0, 0.0, 0)
    assert report.titles == 1


def test_half_a_span_is_wrong_twice() -> None:
    report = measured([judged("Old Oak chair", "B-brand I-brand O", "B-brand O O")])
    assert report.labels["brand"] == Score(0.0, 0.0, 0.0, 1)


def test_a_span_under_another_label_misses_one_and_invents_one() -> None:
    report = measured([judged("red chair", "B-colour B-type", "B-material B-type")])
    assert report.labels["colour"].recall == 0.0
    assert report.labels["material"] == Score(0.0, 0.0, 0.0, 0)
    assert report.micro.precision == report.micro.recall == 0.5


def test_micro_counts_spans_and_macro_labels() -> None:
    report = measured(
        [
            judged("red red red chair", "B-colour B-colour B-colour B-type", "B-colour B-colour B-colour O"),
            judged("blue lamp", "B-colour O", "B-colour B-type"),
        ]
    )
    assert report.labels["colour"].f1 == 1.0
    assert report.labels["type"].f1 == 0.0
    assert report.micro == Score(4 / 5, 4 / 5, pytest.approx(4 / 5), 5)  # type: ignore[arg-type]
    assert report.macro.f1 == pytest.approx(0.5)
    assert report.macro.support == 5


def test_what_touches_an_unknown_word_counts_neither_way() -> None:
    kept = measured([judged("red chair", "B-colour ?", "B-colour B-type")])
    assert kept.micro == Score(1.0, 1.0, 1.0, 1)
    touching = measured([judged("red red chair", "? B-colour O", "B-colour I-colour O")])
    assert touching.micro == Score(0.0, 0.0, 0.0, 1)


def test_nothing_asked_and_nothing_found_is_nothing() -> None:
    report = measured([judged("chair", "O", "O")])
    assert report.micro.support == 0
    assert report.micro.f1 == 0.0
    assert measured([]).titles == 0


SEEN = SeenWords([example("red chair", "B-colour B-type"), example("teal", "O")])


def test_words_that_training_had_and_words_that_it_had_not_are_counted_apart() -> None:
    report = measured([judged("Red teal pink chairs", "B-colour B-colour B-colour B-type", "B-colour B-colour O B-type")], seen=SEEN)
    assert report.seen.micro == Score(1.0, 1.0, 1.0, 2)
    assert report.seen.labels["colour"] == Score(1.0, 1.0, 1.0, 1)
    assert report.unseen.micro == report.unseen.labels["colour"] == Score(1.0, 0.5, pytest.approx(2 / 3), 2)  # type: ignore[arg-type]
    assert report.unseen.labels["type"].support == 0
    assert report.micro == Score(1.0, 0.75, pytest.approx(6 / 7), 4)  # type: ignore[arg-type]


def test_an_invented_span_belongs_to_the_part_of_its_words() -> None:
    report = measured([judged("red pink lamp red", "O O O B-material", "B-colour B-colour O B-colour")], seen=SEEN)
    assert report.seen.labels["colour"] == Score(0.0, 0.0, 0.0, 0)
    assert report.seen.micro.support == 0
    assert report.unseen.micro == Score(0.0, 0.0, 0.0, 1)  # no material was ever called red: the right label decides
    one = measured([judged("red pink", "O B-colour", "B-colour B-colour")], seen=SEEN)
    assert one.unseen.micro.precision == 1.0  # the red that is wrong counts among the seen


def test_a_figure_was_seen_where_its_unit_was() -> None:
    seen = SeenWords([example("disk 256 GB", "O B-size I-size")])
    report = measured([judged('512GB 15 "', "B-size I-size B-size I-size", "B-size I-size O O")], seen=seen)
    assert report.seen.micro == Score(1.0, 1.0, 1.0, 1)
    assert report.unseen.micro.support == 1


def test_where_no_training_is_told_all_words_are_unseen() -> None:
    report = measured([judged("red", "B-colour", "O")])
    assert report.unseen.micro == report.micro
    assert report.seen.micro.support == 0


def test_a_report_is_a_json_object() -> None:
    told = measured([judged("red", "B-colour", "B-colour")]).told()
    assert told["labels"]["colour"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}


def test_values_are_scored_by_the_mean_over_values() -> None:
    score = value_score(["red", "red", "red", "blue"], ["red", "red", "red", "red"])
    assert score.support == 4
    assert score.f1 == pytest.approx((6 / 7 + 0) / 2)
    assert value_score([], []) == Score(0.0, 0.0, 0.0, 0)


def tags(lexicon: Lexicon, title: str) -> list[str]:
    return [TAGS[tag] for tag in lexicon.tags(words_of(title))]


def test_a_dictionary_tags_what_it_was_told() -> None:
    lexicon = Lexicon.learned([example("Old Oak red chair", "B-brand I-brand B-colour B-type"), example("Oak table", "O B-type")])
    assert tags(lexicon, "RED chairs by Old-Oak") == ["B-colour", "B-type", "O", "B-brand", "I-brand", "I-brand"]
    assert tags(lexicon, "Oak sofa") == ["O", "O"]
    assert len(lexicon) == 4


def test_a_dictionary_doubts_a_word_that_is_mostly_something_else() -> None:
    lexicon = Lexicon.learned([example("orange", "B-colour"), example("orange juice", "O B-type"), example("orange tree", "O B-type")])
    assert tags(lexicon, "orange") == ["O"]
    tied = Lexicon.learned([example("orange", "B-colour"), example("orange juice", "O B-type")])
    assert tags(tied, "orange") == ["B-colour"]


def test_a_dictionary_holds_figures_open() -> None:
    lexicon = Lexicon.learned([example("disk 256 GB", "O B-size I-size"), example('15.6 " screen', "B-size I-size O")])
    assert tags(lexicon, "512GB") == ["B-size", "I-size"]
    assert tags(lexicon, '27"') == ["B-size", "I-size"]
    assert tags(lexicon, "512 kg") == ["O", "O"]


def test_a_dictionary_does_not_count_unknown_words() -> None:
    lexicon = Lexicon.learned([example("gold", "B-colour"), example("gold", "?"), example("gold", "?")])
    assert tags(lexicon, "gold") == ["B-colour"]
