"""Where torch runs: the processor or a GPU, and on how many threads. Torch is imported when a model loads, not before."""

from typing import Literal

from indexer.errors import ModelUnavailable

Device = Literal["auto", "cpu", "cuda"]


def pick_device(wish: Device) -> str:
    """The device to use, "cuda" or "cpu", as wished and as there is; raises ModelUnavailable when a GPU is demanded in vain."""
    import torch

    there = torch.cuda.is_available()
    if wish == "cuda" and not there:
        raise ModelUnavailable("No GPU can be used by torch.", cure="Set FUSEDEX_ENCODE__DEVICE=auto, or mend the driver.")
    return "cuda" if there and wish != "cpu" else "cpu"


def use_threads(count: int | None) -> None:
    """Let torch compute on that many threads, in the whole process; None leaves its choice (the cores)."""
    import torch

    if count is not None:
        torch.set_num_threads(count)
