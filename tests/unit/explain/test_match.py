"""A match taken apart: the cosines are the read path's, the gains are what leaving a part out costs, the methods are told."""

import numpy as np
import pytest

from indexer.encode.folder import Folder
from indexer.encode.hashed import HashedText
from indexer.encode.transformer import TransformerEncoder
from indexer.encoders import Encoders, QueryParts
from indexer.errors import QueryError
from indexer.explain.match import Match, Part, Parts, explain
from indexer.explain.regions import Heat
from indexer.explain.words import Attribution
from indexer.fuse.base import PartRow
from indexer.fuse.weighted import WeightedFusion
from indexer.records import Product
from indexer.specs import ModelSpec
from indexer.text import segmenter
from indexer.vectors import Row, cosine, unit_row
from tests.tiny_bert import make_tiny_bert
from tests.unit.explain.matched import SHOE, encoders, match, picture


def part(found: Match, name: str) -> Part:
    return next(one for one in found.parts if one.name == name)


def test_the_cosine_is_that_of_query_and_product_as_they_are_searched() -> None:
    joined = encoders()
    held = Parts(product=SHOE, texts=(("title", SHOE.title), ("description", SHOE.description)), photos=(("a.png", picture()),))
    query = QueryParts(text="black shoes")
    rows = [PartRow(kind, joined.text.encode([text], side="product")[0]) for kind, text in held.texts]
    assert joined.photo
    product = joined.fuse([*rows, PartRow("photo", joined.photo.encode([picture()])[0])])
    asked = joined.query_row(query)
    assert product is not None
    assert asked is not None
    assert explain(joined, query, held, segmenter()).cosine == pytest.approx(cosine(asked, product), abs=1e-6)


def test_each_part_has_its_cosine_and_its_gain() -> None:
    joined = encoders()
    found = match()
    assert [one.name for one in found.parts] == ["query: text", "product: title", "product: description", "product: photo (0.png)"]
    asked = joined.query_row(QueryParts(text="black shoes"))
    assert asked is not None
    title = joined.text.encode([SHOE.title], side="product")[0]
    assert part(found, "product: title").cosine == pytest.approx(cosine(title, asked), abs=1e-6)
    without = match(product=Product(id="S-1", title="", description=SHOE.description))
    assert part(found, "product: title").gain == pytest.approx(found.cosine - without.cosine, abs=1e-6)


def test_a_lone_part_gives_all_of_the_cosine() -> None:
    found = match(product=Product(id="a", title="Black shoes"), photos=0)
    assert [one.gain for one in found.parts] == pytest.approx([found.cosine] * 2)


def test_words_in_common_count_and_others_do_not() -> None:
    why = part(match("black shoes"), "product: title").why
    assert isinstance(why, Attribution)
    values = dict(zip((word.text for word in why.words), why.values, strict=True))
    assert min(values["Black"], values["shoes"]) > 0.1 > values["running"]
    assert why.cosine == pytest.approx(part(match(), "product: title").cosine, abs=1e-6)


def test_encoders_without_gradients_leave_words_out_and_say_so() -> None:
    whys = [one.why for one in match().parts]
    assert [why.method for why in whys if isinstance(why, Attribution)] == ["leave one word out"] * 3


def test_a_photo_of_the_query_is_explained_beside_its_words() -> None:
    found = match("black shoes", photo=picture((10, 200, 10)))
    assert [one.name for one in found.parts][:2] == ["query: text", "query: photo"]
    alone = match("", photo=picture((10, 200, 10)))
    assert next(one.name for one in alone.parts) == "query: photo"
    assert part(alone, "query: photo").gain == pytest.approx(alone.cosine)


def test_the_patch_of_colour_is_what_makes_photos_alike() -> None:
    why = part(match("", photo=picture()), "product: photo (0.png)").why
    assert isinstance(why, Heat)
    assert why.most[0] < 40 / 90
    assert why.most[1] < 0.5
    assert why.loss > 0


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TransformerEncoder:
    folder = make_tiny_bert(tmp_path_factory.mktemp("models") / "tiny")
    return TransformerEncoder(Folder(path=folder, name="tiny"), device="cpu", threads=1)


HELD = Parts(product=Product(id="a", title="red oak chair"), texts=(("title", "red oak chair"), ("description", "a sofa")))


def test_a_transformer_is_explained_by_gradients_that_add_up(tiny: TransformerEncoder) -> None:
    joined = Encoders(tiny, None, WeightedFusion(width=16, title=0.6, description=0.4))
    found = explain(joined, QueryParts(text="oak chair"), HELD, segmenter())
    for one in found.parts:
        assert isinstance(one.why, Attribution)
        assert one.why.method == "integrated gradients"
        assert one.why.cosine == pytest.approx(one.cosine, abs=1e-4)
        assert abs(one.why.gap) <= 0.01
    assert found.models == {"text": "tiny", "photo": "none", "fusion": "weighted"}


class Turned:
    """A fusion that turns every row: what a learned one does."""

    spec = ModelSpec(name="turned", revision="1", width=16, weights="", licence="", origin="")

    def fuse(self, parts: "list[PartRow]") -> Row | None:
        return unit_row(sum(one.row[::-1] for one in parts), width=16) if parts else None


def test_behind_a_learned_fusion_words_are_left_out(tiny: TransformerEncoder) -> None:
    found = explain(Encoders(tiny, None, Turned()), QueryParts(text="oak chair"), HELD, segmenter())  # type: ignore[arg-type]
    assert {one.why.method for one in found.parts if isinstance(one.why, Attribution)} == {"leave one word out"}
    title = found.parts[1]
    assert isinstance(title.why, Attribution)
    assert title.why.cosine == pytest.approx(title.cosine, abs=1e-5)


class Blind(HashedText):
    """Sees nothing in texts of marks."""

    def run(self, inputs: object) -> "np.typing.ArrayLike":
        rows = np.asarray(super().run(inputs))
        return [row * any(map(str.isalnum, text)) for row, text in zip(rows, inputs, strict=True)]  # type: ignore[call-overload]


def test_a_text_without_direction_counts_as_no_text() -> None:
    joined = Encoders(Blind(), None, WeightedFusion(width=64, title=1.0))
    held = Parts(product=SHOE, texts=(("title", "shoes !"),))
    found = explain(joined, QueryParts(text="shoes"), held, segmenter())
    why = found.parts[1].why
    assert isinstance(why, Attribution)
    assert why.values[0] == pytest.approx(why.cosine)  # "!" alone is nothing


def test_sides_without_direction_are_refused_with_a_cure() -> None:
    joined = Encoders(Blind(), None, WeightedFusion(width=64, title=1.0))
    with pytest.raises(QueryError, match="The query has no text"):
        explain(joined, QueryParts(text="!"), Parts(product=SHOE, texts=(("title", "shoes"),)), segmenter())
    with pytest.raises(QueryError, match="'S-1' has no vector"):
        explain(joined, QueryParts(text="shoes"), Parts(product=SHOE), segmenter())


def test_a_photo_needs_a_photo_encoder() -> None:
    with pytest.raises(QueryError, match="no photo encoder"):
        explain(encoders(photos=False), QueryParts(photo=picture()), Parts(product=SHOE, texts=(("title", "shoes"),)), segmenter())


def test_as_json_it_holds_everything() -> None:
    told = match().as_object()
    parts = told["parts"]
    assert isinstance(parts, list)
    assert [one["kind"] for one in parts] == ["text", "title", "description", "photo"]
    assert len(parts[3]["why"]["grid"]) == 8
    assert told["product"] == {"id": "S-1", "title": "Black running shoes"}
