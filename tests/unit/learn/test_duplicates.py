"""The same thing twice is found; variants are not; a photo under two titles is."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from indexer.learn.duplicates import duplicates, same_photos
from indexer.learn.photo_hash import near_hashes, photo_hash
from indexer.learn.shingles import jaccard, shingles, similar_texts
from tests.unit.learn.listed import clouds, listing

LONG = "Dell Wyse thin client with Celeron processor and low stand"


def found(*titles: str) -> list[tuple[str, object]]:
    listings = [listing(str(number), title) for number, title in enumerate(titles)]
    return [(one.id, one.evidence["other"]) for one in duplicates(listings, None)]


def test_equal_and_nearly_equal_titles_are_one_thing() -> None:
    assert found(LONG, "a red chair of oak", LONG.upper(), LONG + "!") == [("2", "0"), ("3", "0")]
    assert found(LONG, LONG.replace("Celeron processor", "Celeron-processor, ")) == [("1", "0")]
    assert found(LONG, LONG + ", new") == [("1", "0")]
    assert found(LONG, LONG.replace("processor", "procesor")) == [("1", "0")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("USB stick with cap and lanyard 64GB", "USB stick with cap and lanyard 128GB"),
        ("HP laser toner cartridge original C2383A", "HP laser toner cartridge original C2384A"),
        (LONG + " black", LONG + " blue"),
    ],
)
def test_variants_are_not(one: str, other: str) -> None:
    assert found(one, other) == []


def test_attributes_and_groups_tell_variants() -> None:
    plain = [listing("a", LONG), listing("b", LONG)]
    assert len(list(duplicates(plain, None))) == 1
    coloured = [listing("a", LONG, colour="black"), listing("b", LONG, colour="Blue")]
    assert not list(duplicates(coloured, None))
    assert len(list(duplicates([listing("a", LONG, colour="black"), listing("b", LONG, colour="Black")], None))) == 1
    assert not list(duplicates([replace(one, group="g") for one in plain], None))


def test_the_same_gtin_under_two_ids_is_told_first() -> None:
    listings = [replace(listing("a", LONG), gtin="0095205603217"), replace(listing("b", "Something else"), gtin="0095205603217")]
    (one,) = duplicates(listings, None)
    assert (one.score, one.reason) == (1.0, "the same GTIN as a")


def test_near_vectors_find_what_titles_do_not() -> None:
    listings = [listing("a", "black running shoes"), listing("b", "黑色跑鞋"), listing("c", "oak table")]
    rows = np.array([[1, 0], [0.995, 0.0998], [0, 1]], dtype=np.float32)
    (one,) = duplicates(listings, rows)
    assert (one.id, one.evidence["other"], one.evidence["by"]) == ("b", "a", "vectors")
    assert one.score == pytest.approx(0.995, abs=1e-4)


def test_prices_of_both_are_in_the_evidence() -> None:
    (one,) = duplicates([listing("a", LONG, cents=1999), listing("b", LONG, cents=2999)], None)
    assert "29.99" in str(one.evidence["price"])
    assert "19.99" in str(one.evidence["other_price"])


def test_minhash_misses_no_near_pair_of_many_titles() -> None:
    random = np.random.default_rng(3)
    words = ["".join(random.choice(list("abcdefghij"), 6)) for _ in range(300)]
    titles = [" ".join(random.choice(words, 9)) for _ in range(200)]
    titles += [title + " new" for title in titles[:50]]
    wanted = {
        (left, right)
        for left in range(len(titles))
        for right in range(left + 1, len(titles))
        if jaccard(shingles(titles[left]), shingles(titles[right])) >= 0.8
    }
    got = {(left, right) for left, right, _ in similar_texts(titles, 0.8)}
    assert len(wanted) >= 50
    assert got <= wanted
    assert len(got) >= 0.97 * len(wanted)


def test_hundreds_of_equal_titles_end_in_reasonable_work() -> None:
    listings = [listing(str(number), "gift card") for number in range(400)]
    assert len(list(duplicates(listings, None))) == 399


def test_texts_without_letters_are_alike_to_nothing() -> None:
    assert list(similar_texts(["!!!", "!!!", "", "a", "a"], 0.5)) == [(3, 4, 1.0)]
    assert shingles("黑色跑鞋男士") == {"黑色跑鞋", "色跑鞋男", "跑鞋男士"}


def scene(seed: int, side: int = 96) -> "np.typing.NDArray[np.uint8]":
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def bits(left: int | None, right: int | None) -> int:
    assert left is not None
    assert right is not None
    return (left ^ right).bit_count()


def test_a_photos_hash_survives_size_light_and_noise() -> None:
    photo = scene(1)
    noise = np.random.default_rng(2).normal(scale=4, size=photo.shape)
    small = np.asarray(Image.fromarray(photo).resize((40, 40)))
    for changed in (small, (photo * 0.8).astype(np.uint8), np.clip(photo + noise, 0, 255).astype(np.uint8)):
        assert bits(photo_hash(photo), photo_hash(changed)) <= 5
    assert bits(photo_hash(photo), photo_hash(scene(9))) > 15


def test_an_even_photo_has_no_hash_and_a_tiny_one_has() -> None:
    assert photo_hash(np.full((50, 50, 3), 255, dtype=np.uint8)) is None
    assert photo_hash(np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20) is not None


def test_near_hashes_are_pairs_within_so_many_bits() -> None:
    assert list(near_hashes([0, 1, 0b111, 2**64 - 1], most=1)) == [(0, 1, 1)]
    assert list(near_hashes([0, 1, 0b111, 2**64 - 1], most=2)) == [(0, 1, 1), (1, 2, 2)]


def test_one_photo_under_two_titles_is_found_and_variants_are_not() -> None:
    listings = [
        listing("a", "Espresso machine with grinder"),
        listing("b", "Doll dress in pink"),
        listing("c", "Espresso machine with mill"),
    ]
    hashes = {place: photo_hash(scene(1)) or 0 for place in range(3)}
    (one,) = same_photos(listings, hashes)
    assert (one.id, one.evidence["other"], one.check) == ("b", "a", "same photo")
    assert not list(same_photos([replace(one, group="g") for one in listings], hashes))


def test_rows_of_many_listings_do_not_pair_kinds() -> None:
    _, rows = clouds({"a": 5, "b": 5}, spread=0.5)
    assert not list(duplicates([listing(str(number), f"thing {'abcdefghij'[number] * 5}") for number in range(10)], rows))
