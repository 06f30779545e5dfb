"""Real titles, and the real pretrained weights: a few steps of each."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from indexer.encode.transformer import minilm
from indexer.errors import ModelError
from indexer.feed.read import read_feed
from indexer.learn.logs import RunLog
from indexer.learn.settings import LoopSettings
from indexer.learn.tag_checkpoint import load_tagger
from indexer.learn.tag_lexicon import Lexicon, cross_hinted, hinted
from indexer.learn.tag_report import Judged, SeenWords, measured
from indexer.learn.tag_task import TagSettings
from indexer.learn.tag_train import Catalogue, TagHow, Training, catalogue_of
from indexer.records import Product
from indexer.settings import FeedSettings
from tests.unit.learn.tag_shop import examples, shop


@pytest.fixture(scope="module")
def catalogue(test_data: Path) -> Catalogue:
    """The first 1,500 rows of a real catalogue, labelled."""
    rows = read_feed(test_data / "icecat" / "products.jsonl.gz", FeedSettings(attribute_cap=512))
    return catalogue_of([one for one in islice(rows, 1500) if isinstance(one, Product)])


def test_real_titles_say_their_fields(catalogue: Catalogue) -> None:
    covered = catalogue.covered
    assert covered["brand"].share > 0.95
    assert covered["colour"].share > 0.5
    assert covered["size"].share > 0.3
    assert covered["type"].share > 0.5
    assert covered["material"].aligned > 10


def test_real_families_do_not_leak(catalogue: Catalogue) -> None:
    parts = catalogue.parts
    families = [{one.family for one in part} for part in (parts.train, parts.dev, parts.test)]
    assert len(families[0]) > 200
    assert not families[0] & families[1]
    assert not families[0] & families[2]
    assert not families[1] & families[2]
    assert {one.id for one in parts.train}.isdisjoint(one.id for one in parts.test)


def test_the_dictionary_is_a_strong_rival_and_blind_to_new_words(catalogue: Catalogue) -> None:
    parts = catalogue.parts
    lexicon = Lexicon.learned(parts.train)
    report = measured([Judged(one, one.hints) for one in hinted(parts.test, lexicon)], seen=SeenWords(parts.train))
    assert report.micro.f1 > 0.85
    assert report.unseen.labels["brand"].recall == 0.0
    assert report.unseen.labels["brand"].support > 0
    assert report.seen.micro.f1 > report.unseen.micro.f1
    assert report.seen.micro.support + report.unseen.micro.support == report.micro.support


def test_a_dictionary_survives_as_text(catalogue: Catalogue) -> None:
    lexicon = Lexicon.learned(catalogue.parts.train)
    again = Lexicon.read(lexicon.text())
    assert again.text() == lexicon.text()
    assert [one.hints for one in hinted(catalogue.parts.test, again)] == [one.hints for one in hinted(catalogue.parts.test, lexicon)]


def test_training_hints_come_from_other_families() -> None:
    made = examples(96)
    full = Lexicon.learned(made)
    crossed = cross_hinted(made)
    assert [one.id for one in crossed] == [one.id for one in made]
    assert any(one.hints != full.tags(one.words) for one in crossed) or all(any(one.hints) for one in crossed)
    family = [one for one in made if one.family == made[0].family]
    alone = cross_hinted(family)
    assert all(not any(one.hints) for one in alone)  # no other family to learn from


@pytest.mark.parametrize("text", ["", "{}", '[["red", "colour"]]', '[[["red"], "mood"]]'])
def test_what_is_no_dictionary_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="dictionary is wrong"):
        Lexicon.read(text)


def test_the_real_weights_take_a_few_steps_and_come_back(tmp_path: Path) -> None:
    how = TagHow(start=minilm(), loop=LoopSettings(epochs=1, batch=16, learning_rate=2e-5), task=TagSettings())
    training = Training(catalogue_of(shop(48)), how)
    tried = training.run(RunLog())
    assert np.isfinite(tried.history[0].loss)
    spec = training.save(tmp_path / "tagger", tried)
    assert spec.bert["hidden_size"] == 384
    loaded = load_tagger(tmp_path / "tagger")
    assert loaded.spec.origin == minilm().origin
    assert sum(parameter.numel() for parameter in loaded.network.parameters()) > 20_000_000
