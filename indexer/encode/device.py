"""Where torch runs: the processor or a GPU, in which numbers, on how many threads. Torch is imported when a model loads, not before."""

import gc
import sys
from typing import TYPE_CHECKING, Literal

from indexer.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch

Device = Literal["auto", "cpu", "cuda"]
Dtype = Literal["auto", "float32", "bfloat16"]

FULL = ("out of memory", "not enough memory", "can't allocate memory", "_status_alloc_failed")
"""What CUDA, torch's allocators, cuBLAS and cuDNN say when no memory is left (compared in lower case)."""

LOST = (
    "device-side assert",
    "illegal memory access",
    "illegal instruction",
    "misaligned address",
    "unspecified launch failure",
    "uncorrectable ecc",
    "device is unavailable",
    "unknown error",
)
"""CUDA errors after which every further call of the process fails too (CUDA Runtime API, cudaError, "leaves the process in an
inconsistent state"): they count only behind the words "CUDA error"."""


def pick_device(wish: Device) -> str:
    """The device to use, "cuda" or "cpu", as wished and as there is; raises ModelUnavailable when a GPU is demanded in vain."""
    import torch

    there = torch.cuda.is_available()
    if wish == "cuda" and not there:
        raise ModelUnavailable("No GPU can be used by torch.", cure="Set FUSEDEX_ENCODE__DEVICE=auto, or mend the driver.")
    return "cuda" if there and wish != "cpu" else "cpu"


def pick_dtype(wish: Dtype, *, device: str) -> "torch.dtype":
    """The numbers to compute in: float32 on the processor; on a GPU what is wished, `auto` being bfloat16 where the GPU has it itself."""
    import torch

    if device != "cuda" or wish == "float32":
        return torch.float32
    if wish == "bfloat16" or torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float32


def use_threads(count: int | None) -> None:
    """Let torch compute on that many threads, in the whole process; None leaves its choice (the cores)."""
    import torch

    if count is not None:
        torch.set_num_threads(count)


def free_memory() -> None:
    """Give memory back that is kept for reuse, on the GPU too if this process uses one."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def is_full(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the processor or on a GPU."""
    if isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in FULL)


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the GPU works no more in this process."""
    told = str(error).lower()
    return isinstance(error, RuntimeError) and "cuda error" in told and any(words in told for words in LOST)
