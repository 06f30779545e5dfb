"""Words of cleaned texts, and what each gives when it alone is left out."""

import pytest

from indexer.explain.words import WORD_CAP, Attribution, Word, leave_one_out, words_of
from indexer.text import DEFAULT, segmenter


def texts(text: str) -> list[str]:
    return [word.text for word in words_of(text, segmenter())]


def places(text: str) -> list[str]:
    return [text[word.start : word.end] for word in words_of(text, segmenter())]


def test_words_stand_between_spaces_without_the_marks_around_them() -> None:
    assert texts("Shoes, (men) black/white – size 42!") == ["Shoes", "men", "black/white", "–", "size", "42"]
    assert places("Shoes, (men)") == ["Shoes,", "(men)"]


def test_chinese_words_come_from_the_dictionary() -> None:
    assert texts("黑色纯棉T恤 男士跑鞋") == ["黑色", "纯棉", "T恤", "男士", "跑鞋"]


def test_marks_within_chinese_go_to_a_word_beside_them() -> None:
    assert texts("透气,适合跑步。") == ["透气", "适合", "跑步"]
    assert "".join(places("(透气)跑鞋")) == "(透气)跑鞋"


def test_japanese_is_parted_by_its_scripts() -> None:
    assert texts("赤いランニングシューズ") == ["赤", "い", "ランニングシューズ"]


@pytest.mark.parametrize("text", ["", "   ", "!!!", "…"])
def test_texts_without_words(text: str) -> None:
    assert texts(text) == text.split()


def test_words_are_of_the_cleaned_text() -> None:
    cleaned = DEFAULT.title("<b>Ｎike</b> 黑色運動鞋 &amp; socks")
    assert all(word.text in cleaned for word in words_of(cleaned, segmenter()))
    assert texts(cleaned)[:1] == ["Nike"]
    assert "运动鞋" in texts(cleaned)


WEIGHTS = {"black": 0.3, "shoes": 0.5, "the": -0.1}


def by_sum(asked: "list[str] | tuple[str, ...]") -> list[float]:
    return [sum(WEIGHTS.get(word, 0.0) for word in text.split()) for text in asked]


def test_a_words_value_is_what_goes_with_it() -> None:
    text = "the black shoes"
    found = leave_one_out(text, words_of(text, segmenter()), lambda texts: by_sum(list(texts)))
    assert dict(zip((word.text for word in found.words), found.values, strict=True)) == pytest.approx(WEIGHTS)
    assert found.cosine == pytest.approx(0.7)
    assert (found.base, found.method) == (0.0, "leave one word out")


def test_a_word_that_stands_twice_covers_for_itself() -> None:
    def once(texts: list[str]) -> list[float]:
        return [float("oak" in text) for text in texts]

    text = "oak table of oak"
    found = leave_one_out(text, words_of(text, segmenter()), lambda texts: once(list(texts)))
    assert found.values == (0.0, 0.0, 0.0, 0.0)
    assert found.gap == 1.0


def test_the_lone_word_leaves_nothing() -> None:
    asked: list[str] = []

    def noted(texts: object) -> list[float]:
        asked.extend(texts)  # type: ignore[arg-type]
        return [0.5, 0.0]

    assert leave_one_out("shoes", words_of("shoes", segmenter()), noted).values == (0.5,)
    assert asked == ["shoes", ""]


def test_no_more_words_than_the_cap_are_left_out() -> None:
    text = " ".join(f"w{number}" for number in range(WORD_CAP + 7))
    sizes: list[int] = []

    def cosines(texts: object) -> list[float]:
        sizes.append(len(list(texts)))  # type: ignore[call-overload]
        return [0.0] * sizes[-1]

    found = leave_one_out(text, words_of(text, segmenter()), cosines)
    assert (len(found.words), found.unread, sizes) == (WORD_CAP, 7, [WORD_CAP + 1])


def test_the_strongest_come_first_whichever_way_they_pull() -> None:
    words = tuple(Word(text, at, at + 1) for at, text in enumerate("abc"))
    found = Attribution("abc", words, (0.1, -0.4, 0.1), 0.3, 0.0, "leave one word out")
    assert [(word.text, value) for word, value in found.strongest(2)] == [("b", -0.4), ("a", 0.1)]
    assert found.as_object()["words"] == [{"word": "a", "value": 0.1}, {"word": "b", "value": -0.4}, {"word": "c", "value": 0.1}]
