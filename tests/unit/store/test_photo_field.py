"""The field of the photos' own vectors: derived from the one template, told in the identity, and unknown to indices of before."""

from copy import deepcopy
from dataclasses import asdict, replace

import orjson
import pytest

from indexer.errors import EncoderMismatch, SchemaDrift, UnsafeMapping
from indexer.records import Product
from indexer.settings import IndexSettings
from indexer.store.base import Document, ExactLeg, VectorLeg
from indexer.store.bulk import document_line
from indexer.store.calls import Call
from indexer.store.documents import from_source
from indexer.store.drift import Drift, drift_plan
from indexer.store.identity import Identity
from indexer.store.requests import leg_body
from indexer.store.schema import (
    Json,
    check_identity,
    check_mapping,
    differences,
    identity_json,
    identity_of,
    index_body,
    refuse_unsafe,
    template,
)
from tests.contract.store.cases import row
from tests.unit.store.plans import drive

WITHOUT = Identity(ledger="l", text="t", photo="p", fusion="f", width=64)
WITH = replace(WITHOUT, photo_vector=True)
SETTINGS = IndexSettings(m=24, ef_construction=64)
BODY = index_body(WITH, SETTINGS)
PLAIN = index_body(WITHOUT, SETTINGS)


def test_it_is_made_like_the_fused_one_and_by_itself() -> None:
    properties = BODY["mappings"]["properties"]
    assert properties["photo_vector"] == properties["vector"]
    assert properties["photo_vector"] is not properties["vector"]
    assert properties["vector"]["dimension"] == 64
    assert {name: field for name, field in properties.items() if name != "photo_vector"} == PLAIN["mappings"]["properties"]
    assert BODY["settings"] == PLAIN["settings"]
    assert "photo_vector" not in template()["mappings"]["properties"]


def test_the_identity_tells_of_it_and_says_nothing_where_there_is_none() -> None:
    assert identity_of("i", BODY["mappings"]) == WITH
    assert identity_of("i", PLAIN["mappings"]) == WITHOUT
    assert identity_json(WITHOUT) == {name: value for name, value in asdict(WITH).items() if name != "photo_vector"}
    assert identity_json(WITH)["photo_vector"] is True
    with pytest.raises(SchemaDrift, match="no identity"):
        identity_of("i", {"_meta": {"fusedex": identity_json(WITHOUT) | {"more": 1}}})


def test_the_two_kinds_are_told_apart() -> None:
    check_mapping("i", BODY["mappings"], WITH)
    check_mapping("i", PLAIN["mappings"], WITHOUT)
    for mapping, identity in ((BODY["mappings"], WITHOUT), (PLAIN["mappings"], WITH)):
        with pytest.raises(SchemaDrift, match="photo_vector"):
            check_mapping("i", mapping, identity)
    with pytest.raises(EncoderMismatch, match=r"photo_vector \(index False, here True\)"):
        check_identity("i", WITHOUT, WITH)
    (missing,) = differences(PLAIN["mappings"], WITH)
    assert (missing.field, missing.index) == ("photo_vector", None)
    wrong = deepcopy(BODY["mappings"])
    wrong["properties"]["photo_vector"]["dimension"] = 32
    assert [one.field for one in differences(wrong, WITH)] == ["photo_vector"]


def test_what_would_kill_an_embedded_server_is_refused_of_either_field() -> None:
    body = index_body(WITH, IndexSettings(engine="faiss"))
    body["mappings"]["properties"]["vector"]["method"]["engine"] = "lucene"
    with pytest.raises(UnsafeMapping, match="photo_vector"):
        refuse_unsafe(body, embedded=True)
    refuse_unsafe(BODY, embedded=True)


def drift(identity: Identity, *, photo_vector: bool) -> Drift:
    body = index_body(identity, SETTINGS)
    settings = {name: str(value) for name, value in body["settings"]["index"].items()}

    def answers(call: Call) -> Json:
        told = {"settings": {"index": settings}} if call.path.endswith("/_settings") else {"mappings": body["mappings"]}
        return {"products-000001": told}

    return drive(drift_plan(SETTINGS, photo_vector=photo_vector), answers)[0]


def test_schema_diff_shows_it_whichever_side_lacks_it() -> None:
    for identity in (WITH, WITHOUT):
        same = drift(identity, photo_vector=identity.photo_vector)
        assert (same.fields, same.settings, same.needs_upgrade) == ((), (), False)
        other = drift(identity, photo_vector=not identity.photo_vector)
        assert [(one.field, one.file is None, one.index is None) for one in other.fields] == [
            ("photo_vector", identity.photo_vector, not identity.photo_vector)
        ]
        assert other.needs_upgrade


def test_a_document_carries_both_rows_or_one_or_none_and_comes_back() -> None:
    for fused, photos in ((row(1), row(2)), (row(1), None), (None, row(2)), (None, None)):
        made = Document(id="a", version=1, product=Product(id="a", title="t"), row=fused, photo_row=photos)
        _, told = document_line(made, 0, width=64).data.splitlines()
        source = orjson.loads(told)
        assert ("vector" in source, "photo_vector" in source) == (fused is not None, photos is not None)
        back = from_source(source)
        for ours, theirs in ((fused, back.row), (photos, back.photo_row)):
            assert (ours is None and theirs is None) or ours == pytest.approx(theirs, abs=1e-7)
    gone = Document(id="a", version=2, product=None, row=row(1), photo_row=row(2))
    assert orjson.loads(document_line(gone, 0, width=64).data.splitlines()[1]).keys() == {"id", "version", "deleted"}


def test_each_leg_asks_its_own_field() -> None:
    assert list(leg_body(VectorLeg(row=row(1)))["query"]["knn"]) == ["vector"]
    assert list(leg_body(VectorLeg(row=row(1), photos=True))["query"]["knn"]) == ["photo_vector"]
    for photos, name in ((False, "vector"), (True, "photo_vector")):
        score = leg_body(ExactLeg(row=row(1), photos=photos))["query"]["script_score"]
        assert score["script"]["params"]["field"] == name
        assert {"exists": {"field": name}} in score["query"]["bool"]["filter"]
