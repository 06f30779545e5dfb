"""Each change does what its name says."""

import numpy as np
import pytest

from indexer.learn.augment import abbreviate, augment_photo, drop_parts, drop_words, mix_languages, noisy, respell_units, typo


def every(change: "object", text: str, seeds: int = 60) -> set[str]:
    return {change(text, seed) for seed in range(seeds)}  # type: ignore[operator]


def test_typos_swap_drop_double_and_miss() -> None:
    made = every(typo, "shoes", 200)
    assert {"sohes", "shes", "shhoes", "sgoes"} <= made
    assert all(word.startswith("s") for word in made)


@pytest.mark.parametrize("text", ["C2383A", "a T5", "red", "5G 128GB", "", "T恤"])
def test_what_must_not_be_mistyped_is_not(text: str) -> None:
    assert every(typo, text) == {text}


def test_a_chinese_typo_is_a_character_less() -> None:
    assert every(typo, "运动鞋") == {"动鞋", "运鞋", "运动"}


def test_case_is_kept_beside_a_key() -> None:
    assert any(made[2:3].isupper() for made in every(typo, "SHOES", 100))


def test_short_forms() -> None:
    assert every(abbreviate, "Black case with stand") == {"blk case with stand", "Black case w/ stand", "blk case w/ stand"}
    assert every(abbreviate, "oak table") == {"oak table"}
    assert every(abbreviate, "withstand") == {"withstand"}


def test_units_in_other_spellings_mean_the_same() -> None:
    made = every(respell_units, "cable 3.5 mm, 2m")
    assert "cable 3.5mm, 2m" in made
    assert any("毫米" in text for text in made)
    assert all(text.startswith("cable 3.5") for text in made)
    assert every(respell_units, "model 5X and m") == {"model 5X and m"}


def test_languages_mix_both_ways() -> None:
    assert "黑色 shoes" in every(mix_languages, "black shoes")
    assert "black 跑鞋" in every(mix_languages, "黑色跑鞋")
    assert every(mix_languages, "blackish") == {"blackish"}


def test_words_go_by_their_share() -> None:
    text = "one two three four five C-64"
    assert drop_words(text, 1, share=0) == text
    assert drop_words(text, 1, share=1) == "C-64"
    assert drop_words("one two", 1, share=1) in ("one", "two")
    assert drop_parts(["title", "photo"], 5, share=0) == ["title", "photo"]
    assert {tuple(drop_parts(["title", "photo"], seed, share=0.5)) for seed in range(50)} == {("title", "photo"), ("title",), ("photo",)}


def test_noise_is_of_many_kinds() -> None:
    made = every(noisy, "black leather shoes with laces 42 cm", 100)
    assert len(made) > 60


def photo() -> "np.typing.NDArray[np.uint8]":
    return np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def test_a_photo_is_changed_the_same_way_by_the_same_seed() -> None:
    import torch

    before, state = photo(), torch.random.get_rng_state()
    first = augment_photo(before, 4)
    assert first.shape == before.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, augment_photo(before, 4))
    assert not np.array_equal(first, augment_photo(before, 5))
    assert np.array_equal(before, photo())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_writing_is_not_mirrored() -> None:
    """A photo that grows brighter to the right still does, whatever the seed; with flips some do not."""
    ramp = np.repeat(np.linspace(0, 255, 60, dtype=np.uint8)[None, :, None], 40, axis=0).repeat(3, axis=2)

    def rising(seed: int, *, flip: bool) -> bool:
        made = augment_photo(ramp, seed, flip=flip).astype(int)
        return bool(made[:, -5:].mean() > made[:, :5].mean())

    assert all(rising(seed, flip=False) for seed in range(12))
    assert not all(rising(seed, flip=True) for seed in range(12))
