"""A worker that kills itself (SIGKILL: no clean-up of any kind) when the write path reaches a stage: `python doomed_worker.py STAGE`."""

import os
import signal
import sys
import threading

from indexer.observe import RunObserver, configure_logs
from indexer.settings import Settings
from workers.process import run

BULK_UNDER_WAY_S = 0.004


class Doom(RunObserver):
    def __init__(self, stage: str) -> None:
        self._stage = stage

    def stage_moved(self, stage: str) -> None:
        if stage == self._stage:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._stage == "in the bulk" and stage == "writing":
            threading.Timer(BULK_UNDER_WAY_S, os.kill, (os.getpid(), signal.SIGKILL)).start()


if __name__ == "__main__":
    configure_logs("json")
    sys.exit(run(Settings.load(), threads=1, observers=[Doom(sys.argv[1])]))
