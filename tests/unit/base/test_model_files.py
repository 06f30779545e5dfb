"""A model's files: read whole, as JSON, or as the promised bytes; each failure with its class and its cure."""

import hashlib
from pathlib import Path

import pytest

from indexer.errors import BadDigest, ModelError, ModelUnavailable
from indexer.model_files import AGAIN, file_bytes, json_object, promised_bytes


def test_bytes_come_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"\x00\xff")
    assert file_bytes(tmp_path / "weights") == b"\x00\xff"
    assert promised_bytes(tmp_path / "weights", hashlib.sha256(b"\x00\xff").hexdigest()) == b"\x00\xff"


def test_a_file_that_can_not_be_read_has_the_callers_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="No such file") as refused:
        file_bytes(tmp_path / "absent", cure="Learn it.")
    assert refused.value.cure == "Learn it."
    with pytest.raises(ModelUnavailable, match=r"Is a directory.*Learn it"):
        json_object(tmp_path, cure="Learn it.")
    with pytest.raises(ModelUnavailable, match=r"No such file.*Learn it"):
        promised_bytes(tmp_path / "absent", "0" * 64, missing="Learn it.")


def test_an_object_is_read(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text('{"name": "素", "width": 3}', encoding="utf-8")
    assert json_object(tmp_path / "spec.json") == {"name": "素", "width": 3}


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no JSON"), (b"{", "no JSON"), (b"\xff\xfe{", "no JSON"), (b"[1]", "no JSON object"), (b"null", "no JSON object")],
)
def test_what_is_no_object_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "spec.json").write_bytes(content)
    with pytest.raises(ModelError, match=reason) as refused:
        json_object(tmp_path / "spec.json", cure="Learn it.")
    assert not isinstance(refused.value, ModelUnavailable)
    assert refused.value.cure == AGAIN


@pytest.mark.parametrize("promised", ["0" * 64, None, 7, ""])
def test_other_bytes_than_promised_are_refused(tmp_path: Path, promised: object) -> None:
    (tmp_path / "weights").write_bytes(b"x")
    with pytest.raises(BadDigest, match=f"not {promised} as promised") as refused:
        promised_bytes(tmp_path / "weights", promised, other="Install it again.")
    assert refused.value.cure == "Install it again."
