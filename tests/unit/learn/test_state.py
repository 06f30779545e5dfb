import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from indexer.errors import LearningError
from indexer.learn.state import BEGUN, STATE, State, check_begun, load_state, save_state
from indexer.whole import write_whole


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    tensors = {"model.w": torch.tensor([[1.0, 2.0]]), "model.n.b": torch.tensor(3), "optimizer.0.step": torch.tensor(4.0)}
    save_state(tmp_path, State(tensors, {"step": 7, "words": "Größe 黑"}))
    state = load_state(tmp_path)
    assert state is not None
    assert state.told == {"step": 7, "words": "Größe 黑"}
    assert {name: tensor.tolist() for name, tensor in state.part("model").items()} == {"w": [[1.0, 2.0]], "n.b": 3}
    assert list(state.part("optimizer")) == ["0.step"]


def test_tensors_that_share_memory_are_kept_apart(tmp_path: Path) -> None:
    weight = torch.arange(4.0)
    save_state(tmp_path, State({"a": weight, "b": weight[1:3], "c": weight.reshape(2, 2).T}, {}))
    state = load_state(tmp_path)
    assert state is not None
    assert state.tensors["c"].tolist() == [[0.0, 2.0], [1.0, 3.0]]
    assert state.tensors["b"].tolist() == [1.0, 2.0]


def test_no_state_is_none(tmp_path: Path) -> None:
    assert load_state(tmp_path) is None
    assert load_state(tmp_path / "missing") is None


def test_a_later_state_takes_the_place_of_the_one_before_and_leaves_nothing_else(tmp_path: Path) -> None:
    for step in (1, 2):
        save_state(tmp_path, State({"a": torch.zeros(1)}, {"step": step}))
    state = load_state(tmp_path)
    assert state is not None
    assert state.told["step"] == 2
    assert [file.name for file in tmp_path.iterdir()] == [STATE]


def test_a_write_that_fails_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_state(tmp_path, State({"a": torch.zeros(1)}, {"step": 1}))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LearningError, match="No space left"):
        save_state(tmp_path, State({"a": torch.ones(1)}, {"step": 2}))
    state = load_state(tmp_path)
    assert state is not None
    assert state.told["step"] == 1
    assert [file.name for file in tmp_path.iterdir()] == [STATE]


def test_files_of_others_are_refused(tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(LearningError, match="is no state of a training"):
        load_state(tmp_path)
    save_file({"a": torch.zeros(1)}, tmp_path / STATE)
    with pytest.raises(LearningError, match="is no state of a training"):
        load_state(tmp_path)
    save_file({"a": torch.zeros(1)}, tmp_path / STATE, metadata={"fusedex": json.dumps({"format": 9})})
    with pytest.raises(LearningError, match="another format"):
        load_state(tmp_path)


def test_a_whole_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_whole(tmp_path / "new" / "card.md", b"one")
    write_whole(tmp_path / "new" / "card.md", b"two")
    assert (tmp_path / "new" / "card.md").read_bytes() == b"two"
    assert (tmp_path / "new" / "card.md").stat().st_mode & 0o777 == 0o644


def test_what_was_begun_in_a_folder_is_remembered_and_nothing_else_goes_on_there(tmp_path: Path) -> None:
    told = {"data": "abc", "settings": {"rate": 0.1, "freeze": None}, "shares": [0.25, 1.0]}
    check_begun(tmp_path / "new", told)
    assert (tmp_path / "new" / BEGUN).exists()
    check_begun(tmp_path / "new", dict(reversed(told.items())))
    for other in ({**told, "data": "abd"}, {**told, "settings": {"rate": 0.2, "freeze": None}}, {"data": "abc"}):
        with pytest.raises(LearningError, match="is of other data") as refused:
            check_begun(tmp_path / "new", other)
        assert "another folder" in refused.value.cure


def test_a_folder_that_can_not_keep_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LearningError, match="can't be kept"):
        check_begun(tmp_path / "file" / "state", {"data": "abc"})
