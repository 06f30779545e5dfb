"""`make bench`: engines of their own in a temporary home, each measurement interleaved with its rival, times printed."""

import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks import pipeline, queries
from indexer.embedded.stack import Stack
from indexer.ledger.open import open_ledger


def main() -> None:
    """Run both."""
    if (os.cpu_count() or 1) < 2:
        sys.exit("The benchmark pins the encoder to one core and the engines to another: it needs two.")
    print(f"# fusedex benchmarks: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="fusedex-bench-") as name:
        folder = Path(name)
        stack = Stack(folder / "home", heap_mb=1024)
        try:
            places = stack.up(lambda line: print(f"  {line}", file=sys.stderr), workers=False)
            for status in stack.status():
                if status.pid:
                    pin(status.pid, 1)
            environment = {
                **{key: value for key, value in os.environ.items() if not key.startswith("FUSEDEX_") or key == "FUSEDEX_TEST_DATA"},
                "FUSEDEX_OPENSEARCH_URL": places.opensearch_url,
                "FUSEDEX_BROKER_URL": places.broker_url,
                "FUSEDEX_LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite'}",
                "FUSEDEX_VECTORS_URL": f"sqlite:///{folder / 'vectors.sqlite'}",
                "FUSEDEX_ENCODE__TEXT": "sentence",
                "FUSEDEX_ENCODE__PHOTO": "none",
                "FUSEDEX_ENCODE__THREADS": "1",
            }
            pipeline.measure(environment, folder)
            queries.measure(places.opensearch_url, open_ledger(environment["FUSEDEX_LEDGER_URL"], future_s=300))
        finally:
            stack.down()
            stack.reset()


def pin(pid: int, core: int) -> None:
    """Put all threads of a process on one core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


if __name__ == "__main__":
    main()
