"""The network behind `LearnedFusion`, in torch; what it learns is folded into a checkpoint's tensors."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from indexer.fuse.learned_checkpoint import Join
from indexer.vectors import Rows

if TYPE_CHECKING:
    import torch

SHARPNESS = 10.0
"""Multiplies what the softmax over anchors sees, so that weights of the usual size can choose one."""


def make_network(anchors: Rows, photos: Rows, *, join: Join = "gate", hidden: int = 256) -> "torch.nn.Module":
    """A network whose anchors begin at these rows (k, text width), for photo rows that lie as `photos` (n, photo width) do.

    Its forward takes texts (m, text width), photos (m, photo width) and present (m, 2), 1 for a part that is there, and gives unit
    rows (m, text width); `place` gives P of photos alone.
    """
    centre = photos.mean(axis=0)
    spread = float(np.linalg.norm(photos - centre, axis=1).mean()) or 1.0
    network: torch.nn.Module = _network_class()(anchors, centre, spread, (join, hidden))
    return network


def tensors_of(network: "torch.nn.Module") -> dict[str, npt.NDArray[np.float32]]:
    """The tensors of a checkpoint: centre, spread and sharpness are folded into the photo's layer."""
    named = {name: tensor.detach().cpu().double().numpy() for name, tensor in network.state_dict().items()}
    centre, spread = named.pop("centre"), named.pop("spread")
    weight = named["photo.weight"] * SHARPNESS / spread
    named["photo.bias"] = named["photo.bias"] * SHARPNESS - weight @ centre
    named["photo.weight"] = weight
    # torch counts the activation between the two joining layers; a checkpoint does not.
    return {name.replace("join.2.", "join.1."): tensor.astype(np.float32) for name, tensor in named.items()}


@lru_cache(maxsize=1)
def _network_class() -> Any:
    """The class, made when torch is first needed."""
    import torch
    from torch.nn import functional

    class Network(torch.nn.Module):
        centre: torch.Tensor
        spread: torch.Tensor

        def __init__(self, anchors: Rows, centre: Rows, spread: float, how: tuple[Join, int]) -> None:
            super().__init__()
            count, width = anchors.shape
            self.register_buffer("centre", torch.from_numpy(np.asarray(centre, dtype=np.float32)))
            self.register_buffer("spread", torch.tensor(spread))
            self.photo = torch.nn.Linear(centre.shape[0], count)
            self.anchors = torch.nn.Parameter(torch.from_numpy(np.array(anchors, dtype=np.float32)))
            self.dropout = torch.nn.Dropout(0.2)
            if how[0] == "gate":
                self.gate = torch.nn.Linear(2 * width, width)
                torch.nn.init.zeros_(self.gate.weight)
                torch.nn.init.zeros_(self.gate.bias)
            else:
                last = torch.nn.Linear(how[1], width)
                torch.nn.init.zeros_(last.weight)
                torch.nn.init.zeros_(last.bias)
                self.join = torch.nn.Sequential(torch.nn.Linear(2 * width, how[1]), torch.nn.GELU(), last)
            self._gated = how[0] == "gate"

        def place(self, photos: torch.Tensor) -> torch.Tensor:
            scores = self.photo(self.dropout((photos - self.centre) / self.spread))
            return functional.normalize((SHARPNESS * scores).softmax(dim=1) @ self.anchors, dim=1)

        def forward(self, texts: torch.Tensor, photos: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
            placed = self.place(photos)
            both = torch.cat([texts, placed], dim=1)
            if self._gated:
                gate = self.gate(both).sigmoid()
                joined = gate * texts + (1 - gate) * placed
            else:
                joined = texts + placed + self.join(both)
            text, photo = present[:, :1], present[:, 1:]
            alone = text * texts + photo * placed
            return functional.normalize(torch.where((text * photo) > 0, joined, alone), dim=1)

    return Network
