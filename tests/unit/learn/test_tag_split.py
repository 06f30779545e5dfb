"""No family, and no title, stands in two parts."""

from dataclasses import replace

import pytest

from indexer.learn.tag_split import Parts, family_of, split, with_families
from indexer.learn.tag_words import key_of, words_of
from tests.unit.learn.tag_shop import example, examples

MADE = examples()


def everything(parts: Parts) -> list[str]:
    return [one.id for part in (parts.train, parts.dev, parts.test) for one in part]


@pytest.mark.parametrize("seed", range(6))
def test_no_family_stands_in_two_parts(seed: int) -> None:
    parts = split(MADE, seed=seed)
    families = [{one.family for one in part} for part in (parts.train, parts.dev, parts.test)]
    assert not families[0] & families[1]
    assert not families[0] & families[2]
    assert not families[1] & families[2]


@pytest.mark.parametrize("seed", range(6))
def test_no_title_stands_in_two_parts(seed: int) -> None:
    parts = split(MADE, seed=seed)
    titles = [{key_of(one.words) for one in part} for part in (parts.train, parts.dev, parts.test)]
    assert not titles[0] & titles[1]
    assert not (titles[0] | titles[1]) & titles[2]


def test_the_seed_decides_and_nothing_else() -> None:
    made = MADE
    assert everything(split(made, seed=1)) == everything(split(made, seed=1))
    assert everything(split(made, seed=1)) != everything(split(made, seed=2))
    backwards = split(list(reversed(made)), seed=1)
    assert sorted(one.id for one in backwards.train) == sorted(one.id for one in split(made, seed=1).train)


def test_shares_are_of_families() -> None:
    many = [replace(example("Norda chair", "O O"), id=str(n), family=f"f{n}", words=example(f"word{n}", "O O").words) for n in range(2000)]
    parts = split(many, seed=0, dev=0.1, test=0.2)
    assert len(parts.test) == pytest.approx(400, rel=0.2)
    assert len(parts.dev) == pytest.approx(200, rel=0.25)
    assert len(everything(parts)) == 2000


def test_a_title_seen_under_another_family_is_left_out_of_the_test() -> None:
    same = [replace(example("Norda chair", "O O"), id=str(n), family=f"f{n}") for n in range(200)]
    parts = split(same)
    assert parts.train
    assert not parts.dev
    assert not parts.test


@pytest.mark.parametrize(
    ("title", "brand", "family"),
    [
        ("HP Pavilion dv7 Notebook", "hp", "hp pavilion"),
        ("C2G 3m Cat5e cable", "c 2 g", "c 2 g cat"),
        ("HP 85", "hp", "hp hp 85"),
        ("Notebook", "", "notebook"),
        ("黑色", "", " 黑 色"),
    ],
)
def test_a_family_is_brand_and_first_word(title: str, brand: str, family: str) -> None:
    words = " ".join("O" for _ in example_words(title))
    assert family_of(example(title, words, brand=brand)) == family


def example_words(title: str) -> list[str]:
    return [word.text for word in words_of(title)]


def test_the_catalogues_own_group_is_the_family() -> None:
    made = with_families([example("Norda chair", "O O"), example("Norda table", "O O")], {"Norda chair": "g1"})
    assert [one.family for one in made] == ["group g1", "norda"]
