"""Where a training runs: devices and processes through accelerate, precision, seeds; the loop knows no device."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from indexer.errors import LearningError, ModelUnavailable, SettingsError
from indexer.learn.packages import need
from indexer.learn.settings import LoopSettings, Precision

if TYPE_CHECKING:
    import torch

B = TypeVar("B")


class Machine:
    """The devices of one training. Made by `at_work`, which gives the caller's random state back at the end."""

    def __init__(self, accelerator: Any, precision: Precision) -> None:
        """Take accelerate's Accelerator."""
        import torch

        self._accelerator = accelerator
        self.device: torch.device = accelerator.device
        self._half = _half(precision, self.device)

    @classmethod
    @contextmanager
    def at_work(cls, settings: LoopSettings) -> Iterator["Machine"]:
        """The machine for a training; inside, torch's random state is the training's own. Raises ModelUnavailable, SettingsError."""
        need("torch", "accelerate")
        import torch
        from accelerate import Accelerator

        there = torch.cuda.is_available()
        with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if there else []):
            torch.manual_seed(settings.seed)
            yield cls(Accelerator(cpu=not there), settings.precision)

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return bool(self._accelerator.is_main_process)

    def own(self, steps: int) -> int:
        """How many of an epoch's batches each process takes: the same number for all, as they wait for each other."""
        return int(steps // self._accelerator.num_processes)

    def share(self, batches: Iterable[B], steps: int) -> Iterator[B]:
        """The `steps` batches of this process, on its device."""
        from accelerate.utils import send_to_device

        several = self._accelerator.num_processes
        for batch in islice(batches, self._accelerator.process_index, steps * several, several):
            yield cast("B", send_to_device(batch, self.device))

    def prepare(
        self, module: "torch.nn.Module", groups: Sequence[Mapping[str, Any]], settings: LoopSettings
    ) -> "tuple[torch.nn.Module, torch.optim.Optimizer]":
        """The module, placed and wrapped where there are several processes, and its AdamW; raises SettingsError, LearningError."""
        import torch

        if settings.checkpointing:
            _checkpoint(module)
        module.to(self.device)
        if not any(parameter.requires_grad for group in groups for parameter in group["params"]):
            raise LearningError("Nothing in the module learns.", cure="Leave some layers unfrozen.")
        optimizer = torch.optim.AdamW([{**group} for group in groups], lr=settings.learning_rate, weight_decay=settings.weight_decay)
        return cast("torch.nn.Module", self._accelerator.prepare(module)), optimizer

    @contextmanager
    def gradients(self, model: "torch.nn.Module", *, last: bool) -> Iterator[None]:
        """Compute in the training's precision; processes exchange gradients only with the `last` batch before a step."""
        import torch

        with torch.autocast(self.device.type, dtype=self._half or torch.bfloat16, enabled=self._half is not None):
            if last:
                yield
            else:
                with self._accelerator.no_sync(model):
                    yield

    def backward(self, loss: "torch.Tensor") -> None:
        """Gradients of the loss."""
        self._accelerator.backward(loss)

    def clip(self, model: "torch.nn.Module", longest: float) -> None:
        """Shorten the gradient of all parameters together to `longest`."""
        self._accelerator.clip_grad_norm_(model.parameters(), longest)

    def seed(self, numbers: Sequence[int]) -> None:
        """Seed what torch draws from now on (dropout), for each process its own."""
        import numpy as np
        import torch

        state = np.random.SeedSequence([*numbers, self._accelerator.process_index]).generate_state(1, dtype=np.uint64)
        torch.manual_seed(int(state[0] >> np.uint64(1)))

    def optimizer_state(self, optimizer: "torch.optim.Optimizer") -> "tuple[dict[str, torch.Tensor], list[dict[str, Any]]]":
        """AdamW's state as named tensors, and its groups as JSON objects."""
        import torch

        told = optimizer.state_dict()
        tensors = {f"{place}.{name}": torch.as_tensor(value) for place, named in told["state"].items() for name, value in named.items()}
        return tensors, told["param_groups"]

    def load_optimizer(
        self, optimizer: "torch.optim.Optimizer", tensors: "Mapping[str, torch.Tensor]", groups: Sequence[Mapping[str, Any]]
    ) -> None:
        """Put back what `optimizer_state` gave; raises ValueError for another optimiser's."""
        state: dict[int, dict[str, torch.Tensor]] = {}
        for key, tensor in tensors.items():
            place, _, name = key.partition(".")
            state.setdefault(int(place), {})[name] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": [{**group} for group in groups]})


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, what torch draws (a new module's weights) depends on the seed alone; the caller's random state comes back after it."""
    need("torch")
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _half(precision: Precision, device: "torch.device") -> "torch.dtype | None":
    import torch

    if precision == "fp32" or (precision == "auto" and device.type != "cuda"):
        return None
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        if precision == "bf16":
            raise ModelUnavailable("This GPU has no bfloat16.", cure="Take the precision auto or fp32.")
        return None
    return torch.bfloat16


def _checkpoint(module: "torch.nn.Module") -> None:
    """Turn gradient checkpointing on in whatever inside offers it, by transformers' or timm's name for it."""
    found = False
    for part in module.modules():
        if callable(enable := getattr(part, "activation_checkpointing_enable", None)):
            enable(activation_checkpointing_kwargs={"use_reentrant": False})
            found = True
        elif callable(enable := getattr(part, "gradient_checkpointing_enable", None)):  # its older name
            enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            found = True
        elif callable(switch := getattr(part, "set_grad_checkpointing", None)):
            switch(enable=True)
            found = True
    if not found:
        raise SettingsError("Nothing in this module can compute its activations again.", cure="Train without checkpointing.")
