"""Real titles, and the real pretrained weights: what is kept apart there, and a few steps."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from indexer.encode.folder import Folder
from indexer.encode.saved import save_transformer
from indexer.encode.transformer import TransformerEncoder, minilm
from indexer.evaluate.queries import judged_texts
from indexer.feed.read import read_feed
from indexer.learn.encoder_network import EncoderSettings
from indexer.learn.encoder_pairs import NOWHERE, PARTS, Pairs, asks_of, parted, same_text, wares_of
from indexer.learn.encoder_train import EncoderHow, EncoderTraining
from indexer.learn.logs import RunLog
from indexer.learn.settings import LoopSettings
from indexer.records import Product
from indexer.settings import FeedSettings


@pytest.fixture(scope="module")
def products(test_data: Path) -> list[Product]:
    """The first 1,500 rows of a real catalogue."""
    rows = read_feed(test_data / "icecat" / "products.jsonl.gz", FeedSettings(attribute_cap=512))
    return [one for one in islice(rows, 1500) if isinstance(one, Product)]


@pytest.fixture(scope="module")
def pairs(products: list[Product], test_data: Path) -> Pairs:
    wares = wares_of(products)
    return parted(wares, asks_of(products, wares, judged_texts(test_data / "icecat" / "judgments.csv", None)))


def test_real_products_make_pairs_of_every_kind_but_photos(pairs: Pairs) -> None:
    kinds = {name: {ask.kind for ask in pairs.asks[name]} for name in PARTS}
    assert kinds["learn"] == kinds["report"] == {"judged", "synthetic", "attributes", "described"}
    assert len(pairs.taught()) > 1000


def test_shares_hold_roughly_though_judged_queries_take_families_along(pairs: Pairs) -> None:
    counts = {name: pairs.part.count(name) / len(pairs.part) for name in (*PARTS, NOWHERE)}
    assert counts["learn"] > 0.5
    assert 0.15 < counts["report"] < 0.4
    assert 0.05 < counts["choose"] < 0.2
    assert counts[NOWHERE] < 0.05


def test_no_real_text_that_is_asked_was_taught(pairs: Pairs) -> None:
    taught = {same_text(text) for ask, ware in pairs.taught() for text in (ask.text, *pairs.wares[ware].texts)}
    for name in ("choose", "report"):
        asked = {same_text(ask.text) for ask in pairs.asks[name]}
        told = {same_text(text) for ware, own in zip(pairs.wares, pairs.part, strict=True) if own == name for text in ware.texts}
        assert not taught & (asked | told)


def test_minilm_written_down_again_is_minilm(tmp_path: Path) -> None:
    one = TransformerEncoder(minilm(), device="cpu", threads=1)
    save_transformer(one, tmp_path)
    again = TransformerEncoder(Folder(path=tmp_path, name="minilm"), device="cpu", threads=1)
    texts = ["HP Pavilion dv7 Notebook", "a chair of oak"]
    assert again.encode(texts, side="query") == pytest.approx(one.encode(texts, side="query"), abs=1e-6)
    assert (again.spec.pooling, again.spec.max_tokens) == (one.spec.pooling, one.spec.max_tokens)


def test_minilm_learns_in_a_few_steps_with_most_layers_frozen(products: list[Product]) -> None:
    some = products[:80]
    wares = [replace(ware, description="") for ware in wares_of(some)]
    few = parted(wares, asks_of(some, wares, None))
    text = TransformerEncoder(replace(minilm(), max_tokens=12), threads=1)
    loop = LoopSettings(epochs=1, batch=24, learning_rate=1e-4, precision="fp32")
    training = EncoderTraining(few, (text, None), EncoderHow(loop=loop, own=EncoderSettings(freeze_text=4)))
    before = training.towers.texts([some[0].title])
    tried = training.run(RunLog())
    after = training.towers.texts([some[0].title])
    assert 0.5 < float((before @ after.T).item()) < 0.99999, "moved, and not far"
    scores = [figures["mrr"].mean() for figures in (*tried.before.values(), *tried.after.values())]
    assert all(np.isfinite(scores))
    assert min(scores) > 0.2, "MiniLM finds real products, before and after"
