"""Stop words: what goes tells the language, what might mean something stays."""

import pytest

from indexer.text.stop_words import BY_LANGUAGE, ELSEWHERE, without_stop_words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("shoes for the beach", "shoes beach"),
        ("chaussures pour la course", "chaussures course"),
        ("robe de soirée", "robe soirée"),
        ("Schuhe für Kinder", "Schuhe Kinder"),
        ("Schuhe mit und ohne Absatz", "Schuhe Absatz"),
        ("zapatos para mujer", "zapatos mujer"),
        ("scarpe da corsa per uomo", "scarpe corsa uomo"),
        ("schoenen voor in de tuin", "schoenen tuin"),
        ("tênis para corrida", "tênis corrida"),
        ("适合 客厅 的 沙发", "适合 客厅 沙发"),
    ],
)
def test_stop_words_go(text: str, left: str) -> None:
    assert without_stop_words(text) == left


@pytest.mark.parametrize(
    "text", ["toy van", "die cast model", "Los Angeles cap", "man bag", "sofa", "42", "", "沙发", "the of and", "con", "DIE HARD"]
)
def test_what_means_something_elsewhere_and_what_would_be_all_stays(text: str) -> None:
    assert without_stop_words(text) == text


def test_the_lists_are_small_and_lower_case() -> None:
    assert BY_LANGUAGE.keys() == {"en", "de", "fr", "es", "it", "nl", "pt", "zh"}
    for words in BY_LANGUAGE.values():
        assert 30 < len(words) < 120
        assert all(word == word.lower() for word in words)
    assert set().union(*BY_LANGUAGE.values()) >= ELSEWHERE
