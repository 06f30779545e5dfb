"""Where a training stands, in one file that replaces the one before as a whole: tensors as safetensors, the rest as JSON in its header.

No pickle: what another program left in the folder can't run code when it is read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import LearningError
from indexer.whole import write_whole

if TYPE_CHECKING:
    import torch

STATE, BEGUN = "state.safetensors", "begun.json"
FORMAT = 1
_TOLD = "fusedex"


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Named tensors, and what is told of them as a JSON object."""

    tensors: "Mapping[str, torch.Tensor]"
    told: Mapping[str, Any]

    def part(self, name: str) -> "dict[str, torch.Tensor]":
        """The tensors below `name`, under the rest of their names."""
        prefix = f"{name}."
        return {key.removeprefix(prefix): tensor for key, tensor in self.tensors.items() if key.startswith(prefix)}


def save_state(folder: Path, state: State) -> None:
    """Write the state into `folder`, whole, in the place of the one before; raises LearningError where it can't be written."""
    from safetensors.torch import save

    told = json.dumps({"format": FORMAT, **state.told})
    content = save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.tensors.items()}, metadata={_TOLD: told})
    try:
        write_whole(folder / STATE, content)
    except OSError as error:
        raise LearningError(f"The state of the training can't be written into {folder}: {error.strerror}.") from error


def load_state(folder: Path) -> State | None:
    """The state in `folder`, None where there is none; raises LearningError for a file that is no state of ours."""
    file = folder / STATE
    if not file.exists():
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            told = json.loads((opened.metadata() or {})[_TOLD])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no mapping: it has keys and nothing else
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise LearningError(f"{file} is no state of a training: {error}.", cure="Delete it to begin anew.") from error
    if told.pop("format", None) != FORMAT:
        raise LearningError(f"{file} has another format than {FORMAT}.", cure="Delete it to begin anew.")
    return State(tensors, told)


def check_begun(folder: Path, told: Mapping[str, object]) -> None:
    """Remember in the folder what its work is of; raises LearningError where it holds another's, or can't be written."""
    file = folder / BEGUN
    wanted = (json.dumps(told, sort_keys=True, indent=1, default=str) + "\n").encode()
    try:
        if not file.exists():
            write_whole(file, wanted)
        elif file.read_bytes() != wanted:
            cure = "Take the same catalogue, model and options, or another folder."
            raise LearningError(f"What was begun in {folder} is of other data, another model or other settings.", cure=cure)
    except OSError as error:
        raise LearningError(f"The state can't be kept in {folder}: {error.strerror}.") from error
