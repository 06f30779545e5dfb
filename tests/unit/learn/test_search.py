"""A search with a budget: the better half goes on, an interrupted one goes on to the same trials, and the last look is at other photos."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import LearningError, SettingsError
from indexer.evaluate.space import Space, Value, Values
from indexer.learn.fuse_search import SPACE, Nested, changed, gains, nested, reported, subset, trained
from indexer.learn.fuse_task import FuseSettings
from indexer.learn.fuse_train import FuseHow
from indexer.learn.search import SHARES, STUDY, Attempt, Budget, best_of, better_half, search
from indexer.learn.search_page import PAGE, SETTINGS, TRIALS, Searched, files, page, read_settings, settings_toml, trials_plot
from indexer.learn.settings import LoopSettings
from tests.unit.learn.fuse_shop import classes, table

TOY = Space((Values("x", (1, 2, 3, 4, 5, 6, 7, 8)), Values("how", ("plain", "odd"))))
HOW = FuseHow(loop=LoopSettings(epochs=3, batch=8, learning_rate=0.02, weight_decay=0.0), task=FuseSettings())


class Hill:
    """Highest at x = 6, plain; more data bring a little more. Counts what it was asked, and stops where it is told to."""

    def __init__(self, *, stop: int = 10**6) -> None:
        self.asked: list[tuple[Mapping[str, Value], float]] = []
        self.stop = stop

    def __call__(self, settings: Mapping[str, Value], share: float) -> float:
        if len(self.asked) == self.stop:
            raise KeyboardInterrupt
        self.asked.append((settings, share))
        return 10 - abs(float(str(settings["x"])) - 6) - (settings["how"] == "odd") + 0.1 * share

    def count(self, share: float) -> int:
        return sum(asked == share for _, asked in self.asked)


def test_only_the_better_half_goes_on_to_more_data() -> None:
    hill = Hill()
    found = search(hill, TOY, Budget(trials=11), seed=1)
    assert [hill.count(share) for share in SHARES] == [11, 6, 3]
    for share, more in ((0.25, 0.5), (0.5, 1.0)):
        there = [one for one in found if share in one.scores]
        assert min(one.scores[share] for one in there if more in one.scores) >= max(
            one.scores[share] for one in there if more not in one.scores
        )
    assert [share for _, share in hill.asked] == sorted(share for _, share in hill.asked), "unlike shares are never compared"


def test_the_better_half_is_rounded_up_and_of_equals_the_earlier_ones() -> None:
    some = [Attempt(number=number, settings={}, scores={0.25: score}) for number, score in enumerate((1.0, 3.0, 1.0, 2.0, 1.0))]
    assert [one.number for one in better_half(some)] == [1, 3, 0]
    assert better_half(some[:1]) == some[:1]


def test_the_best_is_one_that_was_tried_on_all_data() -> None:
    found = search(Hill(), TOY, Budget(trials=24), seed=1)
    best = best_of(found)
    assert best.whole
    assert best.settings["x"] in (5, 6, 7)
    first = Attempt(number=0, settings={}, scores={0.25: 1.0, 0.5: 1.0, 1.0: 1.0})
    assert best_of([replace(first, scores={0.25: 9.0}), first, replace(first, number=1)]) is first
    with pytest.raises(LearningError, match="No trial came to the whole data"):
        best_of([replace(first, scores={0.25: 9.0})])


def test_the_seed_decides() -> None:
    one, same, other = (search(Hill(), TOY, Budget(trials=6), seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert [attempt.settings for attempt in one] != [attempt.settings for attempt in other]


@pytest.mark.parametrize("stop", [1, 7, 11, 16])
def test_an_interrupted_search_goes_on_to_the_same_trials(tmp_path: Path, stop: int) -> None:
    whole = search(Hill(), TOY, Budget(trials=10), seed=3)
    with pytest.raises(KeyboardInterrupt):
        search(Hill(stop=stop), TOY, Budget(trials=10), seed=3, state=(tmp_path, {"data": "a"}))
    hill = Hill()
    again = search(hill, TOY, Budget(trials=10), seed=3, state=(tmp_path, {"data": "a"}))
    assert again == whole
    assert len(hill.asked) == 10 + 5 + 3 - stop, "what was scored is not scored again"
    more = search(Hill(), TOY, Budget(trials=12), seed=3, state=(tmp_path, {"data": "a"}))
    assert [one.settings for one in more[:10]] == [one.settings for one in whole], "a larger budget goes on from there"
    assert len(more) == 12


def test_the_state_is_lines_of_json_and_of_one_search(tmp_path: Path) -> None:
    search(Hill(), TOY, Budget(trials=3), state=(tmp_path, {"data": "a"}))
    for line in (tmp_path / STUDY).read_text().splitlines():
        assert isinstance(json.loads(line), dict)
    for told, space, seed in (({"data": "b"}, TOY, 0), ({"data": "a"}, Space(TOY.axes[:1]), 0), ({"data": "a"}, TOY, 1)):
        with pytest.raises(LearningError, match="other data"):
            search(Hill(), space, Budget(trials=3), seed=seed, state=(tmp_path, told))


def test_when_the_time_is_up_the_best_alone_goes_on() -> None:
    hill = Hill()
    (one,) = search(hill, TOY, Budget(trials=5, minutes=1e-9))
    assert one.whole
    assert [share for _, share in hill.asked] == list(SHARES)
    with pytest.raises(SettingsError):
        Budget(trials=1)
    with pytest.raises(SettingsError):
        Budget(minutes=0.0)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Nested:
    folder = tmp_path_factory.mktemp("classes")
    items = classes(folder, each=14)
    # a photo that lies there twice, under two names, goes one way
    twin = folder / "twin.png"
    twin.write_bytes(items[0].photos[0].read_bytes())
    items[0] = replace(items[0], photos=(*items[0].photos, twin))
    rows = table(folder / "kept")
    try:
        return nested(items, rows, views=1, seed=0)
    finally:
        rows.close()


def test_the_photos_of_the_last_look_chose_nothing(parts: Nested) -> None:
    inside = {digest for _, digest in parts.inner.sources}
    report = {digest for _, digest in parts.report}
    assert report
    assert not inside & report
    assert not set(parts.inner.learn.tolist()) & set(parts.inner.apart.tolist())
    assert len(parts.inner.sources) + len(parts.report) == 4 * 14 + 1
    _, score = trained(parts.inner, HOW)
    spoilt = replace(parts, photos=np.full_like(parts.photos, np.nan))
    assert trained(spoilt.inner, HOW)[1] == score, "no trial looks at them"


def test_a_smaller_share_lies_within_a_larger_one(parts: Nested) -> None:
    quarter, half, whole = (subset(parts.inner, share, seed=0) for share in SHARES)
    assert set(quarter.learn.tolist()) < set(half.learn.tolist()) < set(whole.learn.tolist())
    assert whole.learn.tolist() == sorted(parts.inner.learn.tolist())
    assert len(quarter.learn) == round(len(parts.inner.learn) / 4)
    assert quarter.learned_items.tolist() == sorted(set(parts.inner.owner[quarter.learn].tolist()))
    assert quarter.apart.tolist() == parts.inner.apart.tolist()
    with pytest.raises(LearningError, match="shows one item alone"):
        subset(replace(parts.inner, learn=parts.inner.learn[:3]), 0.5, seed=0)


def test_settings_go_where_they_belong_and_wrong_ones_are_told() -> None:
    made = changed(HOW, {"learning_rate": 0.5, "join": "mlp", "batch": 4})
    assert (made.loop.learning_rate, made.loop.batch, made.task.join) == (0.5, 4, "mlp")
    assert made.loop.epochs == HOW.loop.epochs
    with pytest.raises(SettingsError, match="'temprature' is no setting") as told:
        changed(HOW, {"temprature": 0.1})
    assert "temperature" in told.value.cure
    with pytest.raises(SettingsError):
        changed(HOW, {"learning_rate": -1.0})
    for axis in SPACE.axes:
        assert isinstance(axis, Values)
        for value in axis.values:
            assert changed(HOW, {axis.name: value})


@pytest.fixture(scope="module")
def searched(parts: Nested) -> Searched:
    space = Space((Values("learning_rate", (1e-6, 0.02)), Values("join", ("gate", "mlp"))))
    found = search(lambda settings, share: trained(subset(parts.inner, share, seed=0), changed(HOW, settings))[1], space, Budget(trials=4))
    poor = changed(HOW, {"learning_rate": 1e-7})
    usual, chosen = reported(parts, poor), reported(parts, changed(HOW, best_of(found).settings))
    compared = gains(usual, chosen, seed=0)
    return Searched(name="a <shop>", seed=0, attempts=found, usual=usual, chosen=chosen, gains=compared, counts={"photos": 57})


def test_what_is_reported_is_of_those_photos(parts: Nested, searched: Searched) -> None:
    assert len(searched.chosen["recall@1"]) == len(parts.report)
    texts = {parts.inner.asked_owner.tolist().count(owner) for owner in set(parts.owner.tolist())}
    assert texts == {3}
    assert len(searched.chosen["precision@10"]) == 3 * len(set(parts.owner.tolist()))
    assert searched.chosen["recall@1"].mean() > searched.usual["recall@1"].mean()
    assert searched.verdict().startswith("Better by")


def test_the_verdict_says_no_more_than_is_shown(searched: Searched) -> None:
    same = replace(searched, gains=gains(searched.usual, searched.usual, seed=0))
    assert same.verdict().startswith("A gain over the usual settings is not shown")
    back = replace(searched, gains=gains(searched.chosen, searched.usual, seed=0))
    assert back.verdict().startswith("Worse by")


def test_the_settings_file_is_read_as_it_was_written(searched: Searched, tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text(settings_toml(searched))
    assert read_settings(tmp_path / SETTINGS) == dict(searched.best.settings)
    for content, reason in ((None, "can't be read"), ("[fuse", "is no TOML"), ("a = 1", "no table"), ("[fuse]\na = [1]", "no table")):
        file = tmp_path / f"{reason[:2]}.toml"
        if content is not None:
            file.write_text(content)
        with pytest.raises(SettingsError, match=reason):
            read_settings(file)


def test_the_page_holds_all_it_shows(searched: Searched) -> None:
    told = page(searched)
    assert "a &lt;shop&gt;" in told
    assert "a <shop>" not in told
    assert "<svg" in told
    assert "http" not in told.replace("http-equiv", "")
    for one in searched.attempts:
        assert f"{one.scores[0.25]:.4f}" in told
    made = files(searched)
    assert set(made) == {SETTINGS, TRIALS, PAGE}
    figures = json.loads(made[TRIALS])
    assert figures["verdict"] == searched.verdict()
    assert len(figures["trials"]) == 4
    assert all(math.isfinite(value) for one in figures["report"].values() for value in one.values())


def test_the_drawing_has_a_mark_for_each_way_to_end() -> None:
    scores = ({0.25: 0.2}, {0.25: 0.5, 0.5: 0.4}, {0.25: 0.6, 0.5: 0.7, 1.0: 0.8})
    drawn = trials_plot([Attempt(number=number, settings={}, scores=one) for number, one in enumerate(scores)])
    assert drawn.startswith("<svg")
    assert drawn.count("<svg") == 1
