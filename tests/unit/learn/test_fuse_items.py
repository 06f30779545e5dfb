from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import LearningError
from indexer.evaluate.judgments import Judgments
from indexer.learn.fuse_items import Item, of_products, photos_in, read_classes, split, with_queries
from indexer.records import Photo, Product
from tests.unit.learn.fuse_shop import classes, draw


def item(id_: str, *photos: str, title: str = "", queries: tuple[str, ...] = ()) -> Item:
    return Item(id=id_, title=title or id_, queries=queries, photos=tuple(map(Path, photos)))


def named(*items: Item) -> dict[Path, str]:
    return {photo: f"{photo.name}" for one in items for photo in one.photos}


def texts_file(folder: Path, *lines: str) -> Path:
    file = folder / "texts.csv"
    file.write_text("\n".join(("class,text", *lines)) + "\n", encoding="utf-8")
    return file


def test_classes_are_folders_with_words(tmp_path: Path) -> None:
    classes(tmp_path / "photos", each=2)
    (tmp_path / "photos" / "red" / "notes.txt").write_text("no photo")
    words = texts_file(tmp_path, "red,red shirt", "red,红色", "green,green", "blue,blue", "grey,grey", 'red,"red, as a rose"')
    found = {one.id: one for one in read_classes(tmp_path / "photos", words)}
    assert found["red"].title == "red shirt"
    assert found["red"].asking == ("red shirt", "红色", "red, as a rose")
    assert [photo.name for photo in found["red"].photos] == ["0.png", "1.png"]
    assert found["red"].picture is None


def test_folders_and_words_must_fit(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="no folder of photos"):
        read_classes(tmp_path / "missing", tmp_path / "texts.csv")
    draw(tmp_path / "photos" / "red" / "1.png", (1, 2, 3), seed=1)
    with pytest.raises(LearningError, match="can't be read"):
        read_classes(tmp_path / "photos", tmp_path / "texts.csv")
    with pytest.raises(LearningError, match="'pink'"):
        read_classes(tmp_path / "photos", texts_file(tmp_path, "red,red", "pink,pink"))
    with pytest.raises(LearningError, match="line 3"):
        read_classes(tmp_path / "photos", texts_file(tmp_path, "red,red", "red,"))
    with pytest.raises(LearningError, match="holds no text"):
        read_classes(tmp_path / "photos", texts_file(tmp_path))
    draw(tmp_path / "photos" / "blue" / "1.png", (1, 2, 3), seed=1)
    with pytest.raises(LearningError, match="no words for the folder 'blue'"):
        read_classes(tmp_path / "photos", texts_file(tmp_path, "red,red"))


def test_only_photos_count(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.webp", "c.txt", "d"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in photos_in(tmp_path)] == ["a.webp", "b.JPG"]


def test_products_with_a_photo_on_a_disk_become_items() -> None:
    local, remote = Photo("/shop/1.jpg"), Photo("https://example.com/1.jpg")
    one = Product(id="1", title="Tee", description="Cotton", category=("Clothing", "Tees"), photos=(remote, local))
    found = of_products([one, Product(id="2", title="Sock", photos=(remote,)), Product(id="3", title="Hat")])
    assert [each.id for each in found] == ["1"]
    assert found[0].picture == Path("/shop/1.jpg")
    assert found[0].kind == "Tees"
    assert found[0].description == "Cotton"


def test_queries_come_from_judgments_that_are_good_enough() -> None:
    judgments = Judgments({"warm": {"1": 2, "2": 0}, "cheap": {"1": 1, "9": 3}})
    one, two = with_queries([item("1"), item("2")], judgments, least=1)
    assert one.asking == ("1", "warm", "cheap")
    assert two.asking == ("2",)
    assert with_queries([item("1")], judgments, least=2)[0].asking == ("1", "warm")


def test_photos_of_large_items_are_split_one_by_one() -> None:
    one = item("a", *(f"{number}.png" for number in range(200)))
    parts = split([one], named(one), seed=0)
    assert sorted([*parts.learn[0], *parts.apart[0]]) == list(range(200))
    assert 10 < len(parts.apart[0]) < 60
    assert parts.dev == frozenset()
    assert split([one], named(one), seed=0) == parts
    assert split([one], named(one), seed=1) != parts


def test_small_items_go_as_a_whole_and_with_all_that_share_their_words() -> None:
    items = [item(f"{number}", f"{number}.png", f"{number}b.png", title=f"Word {number // 3}") for number in range(300)]
    parts = split(items, named(*items), seed=0)
    for number in range(300):
        assert not (parts.learn[number] and parts.apart[number])
        assert bool(parts.apart[number]) == (number in parts.dev)
        assert (number in parts.dev) == (number // 3 * 3 in parts.dev)
    assert 15 < len(parts.dev) < 90


def test_items_that_share_a_query_go_the_same_way_though_titles_differ() -> None:
    items = [item(f"{n}", f"{n}.png", queries=(f"q{n}", f"Q{n + 1}".lower())) for n in range(40)]
    parts = split(items, named(*items), seed=3)
    assert len(parts.dev) in (0, 40)  # a chain of shared queries ties all of them together


def test_the_same_photo_under_two_names_is_never_on_both_sides() -> None:
    items = [item("a", *(f"a{n}" for n in range(60))), item("b", *(f"b{n}" for n in range(60)))]
    digests = {photo: photo.name[1:] for one in items for photo in one.photos}  # a7 and b7 are the same bytes
    parts = split(items, digests, seed=0)
    learned = {digests[one.photos[place]] for one, places in zip(items, parts.learn, strict=True) for place in places}
    apart = {digests[one.photos[place]] for one, places in zip(items, parts.apart, strict=True) for place in places}
    assert apart
    assert not learned & apart


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.lists(st.integers(0, 30), max_size=9), st.lists(st.sampled_from("uvwxyz"), max_size=2)), min_size=1, max_size=8),
    st.integers(0, 9),
)
def test_nothing_leaks_whatever_items_share(drawn: list[tuple[list[int], list[str]]], seed: int) -> None:
    items = [
        Item(
            id=str(place), title=f"t{place}", queries=tuple(queries), photos=tuple(Path(f"{place}-{n}-{d}") for n, d in enumerate(digests))
        )
        for place, (digests, queries) in enumerate(drawn)
    ]
    digests = {photo: photo.name.split("-")[2] for one in items for photo in one.photos}
    parts = split(items, digests, seed=seed)
    learned = {digests[one.photos[place]] for one, places in zip(items, parts.learn, strict=True) for place in places}
    apart = {digests[one.photos[place]] for one, places in zip(items, parts.apart, strict=True) for place in places}
    assert not learned & apart
    small = [place for place, one in enumerate(items) if len(one.photos) < 5]
    asked_apart = {text for place in small if place in parts.dev for text in items[place].asking}
    asked_learned = {text for place in small if place not in parts.dev for text in items[place].asking}
    assert not asked_apart & asked_learned
