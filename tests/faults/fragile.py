"""A text encoder for faults, joined as any plug-in is, by an entry point: it raises, dies or stands still on marked texts.

It notes a digest of every text that it runs on, in the folder that the settings give it, so that repeated runs can be counted.
"""

import hashlib
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.encode.base import TextEncoder
from indexer.encode.hashed import HashedText
from indexer.settings import EncodeSettings

POISON, KILLER, STUCK = "poisonous", "murderous", "motionless"
NAME = "fragile"
METADATA = "Metadata-Version: 2.1\nName: fusedex-fragile\nVersion: 1\n"
ENTRY_POINTS = f"[fusedex.text_encoder]\n{NAME} = tests.faults.fragile:make\n"


class Fragile(HashedText):
    def __init__(self, notes: Path | None) -> None:
        super().__init__()
        self._notes = notes

    def run(self, inputs: object) -> npt.ArrayLike:
        texts = inputs if isinstance(inputs, list) else []
        if self._notes is not None:
            lines = "".join(f"{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}\n" for text in texts)
            with (self._notes / "runs").open("a") as notes:  # one write: processes append whole
                notes.write(lines)
        for text in texts:
            if KILLER in text:
                os.kill(os.getpid(), signal.SIGKILL)
            if STUCK in text:
                time.sleep(600)
            if POISON in text:
                raise RuntimeError("the device is lost")
        return np.array(super().run(inputs))


def make(settings: EncodeSettings) -> TextEncoder:
    return Fragile(settings.text_folder)


def install(folder: Path) -> Mapping[str, str]:
    """The settings of a worker that has it; `folder` is to be on its path."""
    packages, notes = folder / "plugins", folder / "notes"
    information = packages / "fusedex_fragile-1.dist-info"
    information.mkdir(parents=True)
    notes.mkdir()
    (information / "METADATA").write_text(METADATA)
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    return {"FUSEDEX_ENCODE__TEXT": NAME, "FUSEDEX_ENCODE__TEXT_FOLDER": str(notes), "PYTHONPATH": str(packages)}


def runs(folder: Path) -> tuple[int, int]:
    """How many texts ran, and how many of these had run before."""
    file = folder / "notes" / "runs"
    seen = Counter(file.read_text().split()) if file.exists() else Counter[str]()
    return seen.total(), seen.total() - len(seen)
