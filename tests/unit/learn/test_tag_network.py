"""The network and its task: what the photo changes, what is withheld, and that it learns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from indexer.errors import LearningError, ModelUnavailable, WidthMismatch
from indexer.learn.logs import RunLog
from indexer.learn.loop import fit
from indexer.learn.machine import seeded
from indexer.learn.settings import LoopSettings
from indexer.learn.tag_labels import TAGS, UNKNOWN, Example
from indexer.learn.tag_lexicon import Lexicon, hinted
from indexer.learn.tag_model import TRUST, TagInputs, TagShape, bert_from, bert_like, head_parameters, make_network
from indexer.learn.tag_predict import Reader, judged
from indexer.learn.tag_report import measured
from indexer.learn.tag_split import split
from indexer.learn.tag_task import TagData, TagSettings, TagTask, silenced, values_of, withheld
from indexer.learn.tag_tokens import TagTokenizer, Tokens, placed
from tests.unit.learn.tag_bert import tiny_bert, weights
from tests.unit.learn.tag_shop import COLOURS, example, examples

SHAPE = TagShape(photo_width=4, values={"colour": ("black", "red", "blue", "white")})
LOOP = LoopSettings(epochs=6, batch=8, learning_rate=3e-3, warmup=0.1)
OWN = TagSettings(tokens=32, heads=2.0)
ROWS = np.array([[*(np.array(colour) / 255), 0.2] for colour in COLOURS.values()], dtype=np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("tiny")).path


@pytest.fixture
def network(folder: Path) -> torch.nn.Module:
    with seeded(3):
        return make_network(bert_from(folder), SHAPE, photos=ROWS)


@pytest.fixture
def tokenizer(folder: Path) -> TagTokenizer:
    return TagTokenizer.read(folder, most=32)


def seen(one: Example) -> Example:
    return replace(one, photo=list(COLOURS).index(one.values["colour"]))


def inputs(tokenizer: TagTokenizer, titles: list[str], there: list[bool]) -> TagInputs:
    block = tokenizer.block([tokenizer.tokens(title.split()) for title in titles])
    rows = torch.from_numpy(ROWS[: len(titles)].copy())
    hints = torch.zeros(block.ids.shape, dtype=torch.int64)
    return TagInputs(torch.from_numpy(block.ids), torch.from_numpy(block.mask), hints, rows, torch.tensor(there))


def test_shapes(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    said = network.eval()(*inputs(tokenizer, ["Norda red chair", "lamp"], [True, False]))
    assert said.tags.shape == (2, 5, len(TAGS))
    assert {label: tuple(scores.shape) for label, scores in said.values.items()} == {"colour": (2, 4)}


def test_before_training_a_photo_leaves_tags_alone_and_changes_values(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    network.eval()
    without = network(*inputs(tokenizer, ["red chair"], [False]))
    with_photo = network(*inputs(tokenizer, ["red chair"], [True]))
    assert torch.equal(without.tags, with_photo.tags)
    assert not torch.equal(without.values["colour"], with_photo.values["colour"])


def test_once_the_condition_has_weight_a_photo_changes_tags(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    torch.nn.init.normal_(network.film.weight)  # type: ignore[union-attr, arg-type]
    network.eval()
    without = network(*inputs(tokenizer, ["red chair"], [False]))
    with_photo = network(*inputs(tokenizer, ["red chair"], [True]))
    assert not torch.allclose(without.tags, with_photo.tags)


def test_a_row_that_is_not_there_is_not_looked_at(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    network.eval()
    asked = inputs(tokenizer, ["red chair"], [False])
    other = asked._replace(photos=asked.photos + 5)
    assert torch.equal(network(*asked).values["colour"], network(*other).values["colour"])


def test_padding_changes_nothing(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    network.eval()
    alone = network(*inputs(tokenizer, ["red chair"], [False]))
    beside = network(*inputs(tokenizer, ["red chair", "Norda black sofa 42 cm"], [False, False]))
    assert torch.allclose(alone.tags[0], beside.tags[0, : alone.tags.shape[1]], atol=1e-5)
    assert torch.allclose(alone.values["colour"][0], beside.values["colour"][0], atol=1e-5)


def test_rows_are_centred_by_the_trainings_photos(network: torch.nn.Module) -> None:
    assert np.allclose(network.centre, ROWS.mean(axis=0))  # type: ignore[arg-type]
    assert float(network.spread[3]) == pytest.approx(1e-3)  # type: ignore[index]


def test_photo_rows_of_another_width_are_refused(folder: Path) -> None:
    with pytest.raises(WidthMismatch, match="3 numbers"):
        make_network(bert_from(folder), SHAPE, photos=np.zeros((2, 3), dtype=np.float32))


def test_a_network_may_take_no_photos(folder: Path, tokenizer: TagTokenizer) -> None:
    network = make_network(bert_from(folder), TagShape(values={})).eval()
    asked = inputs(tokenizer, ["red chair"], [False])
    said = network(*asked._replace(photos=torch.zeros(1, 0)))
    assert said.values == {}
    assert said.tags.shape[2] == len(TAGS)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        bert_from(tmp_path)
    with pytest.raises(ModelUnavailable, match="makes no model"):
        bert_like({"model_type": "no-such-network"})


def test_every_parameter_learns_in_one_group(network: torch.nn.Module) -> None:
    bert, heads = head_parameters(network)
    assert len(bert) + len(heads) == len(list(network.parameters()))
    assert not {id(one) for one in bert} & {id(one) for one in heads}


def test_a_words_tag_stands_at_its_first_token(tokenizer: TagTokenizer) -> None:
    tokens = tokenizer.tokens(["red", "zzz", "chair"])
    assert tokens.firsts == (1, 2, 5)
    assert placed([3, 0, 9], tokens, length=8).tolist() == [UNKNOWN, 3, 0, UNKNOWN, UNKNOWN, 9, UNKNOWN, UNKNOWN]


def test_a_long_title_is_cut(folder: Path) -> None:
    tokens = TagTokenizer.read(folder, most=8).tokens(["red"] * 20)
    assert len(tokens.ids) == 8
    assert tokens.firsts == (1, 2, 3, 4, 5, 6, *[-1] * 14)
    assert placed([1] * 20, tokens, length=8).tolist() == [UNKNOWN, 1, 1, 1, 1, 1, 1, UNKNOWN]


def test_blocks_are_padded_to_the_longest(tokenizer: TagTokenizer) -> None:
    block = tokenizer.block([Tokens((2, 5, 3), (1,)), Tokens((2, 3), ())])
    assert block.ids.tolist() == [[2, 5, 3], [2, 3, 0]]
    assert block.mask.tolist() == [[1, 1, 1], [1, 1, 0]]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": {"vocab": {}}}', "no json"])
def test_what_is_no_tokeniser_is_refused(text: str) -> None:
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json"):
        TagTokenizer.of(text, most=8)


def test_a_folder_without_tokeniser_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="can't be read"):
        TagTokenizer.read(tmp_path, most=8)


def test_a_tokeniser_survives_as_text(tokenizer: TagTokenizer) -> None:
    again = TagTokenizer.of(tokenizer.text(), most=32)
    assert again.tokens(["red", "zzz"]) == tokenizer.tokens(["red", "zzz"])
    assert again.has_mask()


def test_values_on_a_list_are_frequent_ones() -> None:
    made = [example("red", "B-colour", colour="red")] * 3 + [
        example("teal", "B-colour", colour="teal"),
        example("blue", "O", colour="blue"),
    ]
    assert values_of(made, least=1) == {"colour": ("red", "teal", "blue")}
    assert values_of(made, least=3) == {}  # one value is no choice
    assert values_of([], least=1) == {}


def test_a_withheld_word_is_masked_wherever_it_names_the_value() -> None:
    one = withheld(example("Norda red chair, Red", "B-brand B-colour B-type O O", brand="norda", colour="red"), "colour")
    assert [word.text for word in one.words] == ["Norda", "[MASK]", "chair", ",", "[MASK]"]
    assert one.values["colour"] == "red"
    assert one.tags[1] == TAGS.index("B-colour")


def test_nothing_to_learn_from_is_said(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    plain = [example("chair", "O")]
    with pytest.raises(LearningError, match="1 titles to learn from and 1 to measure by"):
        TagTask(network, tokenizer, TagData(plain, plain), shape=SHAPE, settings=(OWN, LOOP))
    with pytest.raises(LearningError, match="0 to measure by"):
        TagTask(network, tokenizer, TagData([example("red", "B-colour")], []), shape=SHAPE, settings=(OWN, LOOP))


def test_an_epoch_has_every_title_once_and_the_seed_decides(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    made = [seen(one) for one in examples(40)]
    task = TagTask(network, tokenizer, TagData(made, made[:4], ROWS), shape=SHAPE, settings=(OWN, LOOP))
    runs = [list(task.batches(0, np.random.default_rng(seed))) for seed in (0, 0, 1)]
    assert all(len(batches) == task.steps == 5 for batches in runs)
    assert sum(len(batch.tags) for batch in runs[0]) == 40
    ids = [torch.cat([batch.inputs.ids.flatten() for batch in batches]) for batches in runs]
    assert torch.equal(ids[0], ids[1])
    assert ids[0].shape != ids[2].shape or not torch.equal(ids[0], ids[2])


def test_words_are_withheld_and_photos_left_out_as_often_as_asked(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    made = [seen(one) for one in examples(96)]
    masked = tokenizer.tokens(["[MASK]"]).ids[1]
    for own, masks, photos in (
        (TagSettings(withhold=0.0, without_photo=0.0), 0, 96),
        (TagSettings(withhold=1.0, without_photo=1.0), 60, 0),
    ):
        task = TagTask(network, tokenizer, TagData(made, made[:4], ROWS), shape=SHAPE, settings=(own, LOOP))
        batches = list(task.batches(0, np.random.default_rng(0)))
        assert sum(int((batch.inputs.ids == masked).sum()) for batch in batches) == masks
        assert sum(int(batch.inputs.there.sum()) for batch in batches) == photos


def test_spans_of_the_dictionary_are_kept_back_whole_and_as_often_as_asked() -> None:
    hints = tuple(TAGS.index(tag) for tag in ["B-brand", "I-brand", "O", "B-colour", "B-type", "I-type"])
    chance = np.random.default_rng(0)
    assert silenced(hints, share=0.0, generator=chance) == hints
    assert silenced(hints, share=1.0, generator=chance) == (0,) * 6
    assert silenced((), share=0.5, generator=chance) == ()
    drawn = [silenced(hints, share=0.25, generator=chance) for _ in range(800)]
    for start, end in ((0, 2), (3, 4), (4, 6)):
        gone = [not any(one[start:end]) for one in drawn]
        kept = [one[start:end] == hints[start:end] for one in drawn]
        assert all(a != b for a, b in zip(gone, kept, strict=True))
        assert 0.18 < np.mean(gone) < 0.32


def test_what_is_kept_back_is_kept_back_in_training_alone(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    made = hinted([seen(one) for one in examples(48)], Lexicon.learned(examples(48)))
    told = {}
    for silent in (0.0, 1.0):
        own = TagSettings(withhold=0.0, silent=silent)
        task = TagTask(network, tokenizer, TagData(made, made[:4], ROWS), shape=SHAPE, settings=(own, LOOP))
        told[silent] = sum(int((batch.inputs.hints > 0).sum()) for batch in task.batches(0, np.random.default_rng(0)))
    assert told[1.0] == 0
    assert told[0.0] > 48
    tokens = [tokenizer.tokens([word.text for word in made[0].words])]
    asked = Reader(network, tokenizer, photos=ROWS).inputs(made[:1], tokens, there=np.array([True]))
    assert int((asked.hints > 0).sum()) == sum(hint > 0 for hint in made[0].hints)


@torch.no_grad()
def test_a_hint_is_believed_before_training_and_read_by_the_other_words_after(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    network.eval()
    bare = inputs(tokenizer, ["Norda red chair"], [False])
    hints = bare.hints.clone()
    hints[0, 1] = TAGS.index("B-brand")
    before = [network(*one).tags[0] for one in (bare, bare._replace(hints=hints))]
    assert float((before[1] - before[0])[1, TAGS.index("B-brand")]) == pytest.approx(TRUST)
    assert torch.equal(before[0][2:], before[1][2:])
    torch.nn.init.normal_(network.told.weight)  # type: ignore[union-attr, arg-type]
    after = [network(*one).tags[0] for one in (bare, bare._replace(hints=hints))]
    assert not torch.allclose(after[0][2:], after[1][2:])


def test_a_word_that_was_cut_off_is_outside(network: torch.nn.Module, folder: Path) -> None:
    (said,) = Reader(network, TagTokenizer.read(folder, most=8), photos=ROWS).read([example("red " * 9 + "red", " ".join(["O"] * 10))])
    assert said.tags[6:] == (0,) * 4
    assert said.sure[6:] == (1.0,) * 4
    assert all(0 < sure <= 1 for sure in said.sure[:6])


def test_a_batch_of_unknowns_has_a_loss_of_zero(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    made = [example("red", "B-colour")]
    task = TagTask(network, tokenizer, TagData(made, made, None), shape=TagShape(photo_width=4, values={}), settings=(OWN, LOOP))
    (batch,) = task.batches(0, np.random.default_rng(0))
    blind = batch._replace(tags=torch.full_like(batch.tags, UNKNOWN), inputs=batch.inputs._replace(photos=torch.zeros(1, 4)))
    assert float(task.loss(network, blind).detach()) == 0.0


def test_it_learns_to_tag_titles_of_families_that_it_never_saw(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    parts = split([seen(one) for one in examples(96)], dev=0.2, test=0.2)
    task = TagTask(network, tokenizer, TagData(parts.train, parts.dev, ROWS), shape=SHAPE, settings=(OWN, LOOP))
    reader = Reader(network, tokenizer, photos=ROWS)
    before = measured(judged(parts.test, reader.read(parts.test)))
    fitted = fit(task, LOOP, RunLog())
    after = measured(judged(parts.test, reader.read(parts.test)))
    bare = measured(judged(parts.test, reader.read(parts.test, with_photos=False)))
    assert before.micro.f1 < 0.3
    assert after.micro.f1 > 0.75
    assert bare.micro.f1 > 0.75
    assert fitted.best.measures["f1"] > 0.75


def test_a_colour_that_no_word_tells_is_seen_on_the_photo(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    parts = split([seen(one) for one in examples(96)], dev=0.2, test=0.2)
    own = replace(OWN, withhold=1.0, value_weight=2.0)
    task = TagTask(network, tokenizer, TagData(parts.train, parts.dev, ROWS), shape=SHAPE, settings=(own, LOOP))
    fit(task, LOOP, RunLog())
    reader = Reader(network, tokenizer, photos=ROWS)
    asked = [withheld(one, "colour") for one in parts.test]
    known = SHAPE.values["colour"]
    hits = {}
    for photos in (True, False):
        read = reader.read(asked, with_photos=photos)
        hits[photos] = np.mean(
            [known[int(said.values["colour"].argmax())] == one.values["colour"] for one, said in zip(asked, read, strict=True)]
        )
    assert hits[True] > 0.95
    assert hits[False] < 0.7


def test_answers_come_in_order_and_leave_the_mode_alone(network: torch.nn.Module, tokenizer: TagTokenizer) -> None:
    made = [seen(one) for one in examples(24)]
    reader = Reader(network, tokenizer, photos=ROWS)
    network.train()
    together = reader.read(made)
    assert network.training
    alone = [reader.read([one])[0] for one in made]
    assert [one.tags for one in together] == [one.tags for one in alone]
    assert all(np.allclose(one.values["colour"], other.values["colour"], atol=1e-5) for one, other in zip(together, alone, strict=True))
    assert reader.read([]) == []


def test_the_same_seed_gives_the_same_weights(folder: Path, tokenizer: TagTokenizer) -> None:
    made = [seen(one) for one in examples(24)]
    sums = []
    for _ in range(2):
        with seeded(5):
            network = make_network(bert_from(folder), SHAPE, photos=ROWS)
        loop = replace(LOOP, epochs=1, seed=5)
        fit(TagTask(network, tokenizer, TagData(made, made[:8], ROWS), shape=SHAPE, settings=(OWN, loop)), loop, RunLog())
        sums.append(weights(network))
    assert sums[0] == sums[1]
