"""`make bench`: engines of their own in a temporary home, each measurement interleaved with its rival, times printed.

Names of parts as arguments (or `make bench ONLY="pipeline daily"`) leave the others out.
"""

import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import daily, gpu, offers, overlap, photo_vectors, pipeline, quality, queries, scale
from benchmarks.daily import Day
from benchmarks.pipeline import Case
from benchmarks.products import rows, with_photos
from indexer.embedded.stack import Endpoints, Stack


class Bench:
    """The engines, and settings for one part after the other: each with a ledger and a cache of its own."""

    def __init__(self, places: Endpoints, folder: Path) -> None:
        """Use these engines and this folder."""
        self.places = places
        self.folder = folder

    def environment(self, name: str, **settings: str) -> dict[str, str]:
        """FUSEDEX_* for one measurement."""
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("FUSEDEX_") or key == "FUSEDEX_TEST_DATA"},
            "FUSEDEX_HOME": str(self.folder / "home"),
            "FUSEDEX_OPENSEARCH_URL": self.places.opensearch_url,
            "FUSEDEX_BROKER_URL": self.places.broker_url,
            "FUSEDEX_LEDGER_URL": f"sqlite:///{self.folder / name}.sqlite",
            "FUSEDEX_VECTORS_URL": f"sqlite:///{self.folder / name}-vectors.sqlite",
            "FUSEDEX_INDEX__ALIAS": name,
            "FUSEDEX_ENCODE__TEXT": "sentence",
            "FUSEDEX_ENCODE__PHOTO": "none",
            "FUSEDEX_ENCODE__THREADS": "1",
        } | settings

    def pipeline(self) -> None:
        """The pipeline over the bare encoders: into nothing, into OpenSearch, and with photos."""
        origin, products = rows(18_000)
        pipeline.measure(Case(origin, "null", products, 6, 1, 0.9), self.environment("null"), self.folder)
        # Java compiles what it runs often: its first thousands of documents cost twice as much as the later ones.
        pipeline.measure(Case(origin, "opensearch", products, 6, 2, 0.8), self.environment("kept"), self.folder)
        origin, products = with_photos(1024)
        if products:
            environment = self.environment("photos", FUSEDEX_ENCODE__PHOTO="bridge")
            pipeline.measure(Case(origin, "opensearch", products, 4, 1, 0.8), environment, self.folder)

    def daily(self) -> None:
        """A shop's day against the plain loop."""
        products = rows(9000)[1]
        daily.measure(Day("texts", products, 3, 2.0), self.environment("texts"), self.folder)
        products = with_photos(1350)[1]
        if products:
            daily.measure(Day("photos", products, 3, 5.0), self.environment("garments", FUSEDEX_ENCODE__PHOTO="bridge"), self.folder)

    def queries(self) -> None:
        """A search over a bare request."""
        os.environ.update(self.environment("asked"))
        queries.measure(self.places.opensearch_url)

    def growth(self) -> None:
        """A search as the index grows."""
        os.environ.update(self.environment("growing"))
        queries.measure_growth(self.places.opensearch_url)

    def offers(self) -> None:
        """Until a new price is searchable while a full feed runs."""
        offers.main()

    def overlap(self) -> None:
        """What it brings that the encoder's stages overlap."""
        overlap.main()

    def gpu(self) -> None:
        """One GPU, where there is one."""
        gpu.main()

    def photo_vectors(self) -> None:
        """What vectors of photos alone cost."""
        photo_vectors.measure(self.places.opensearch_url)

    def quality(self) -> None:
        """How good the ranking is, and how near the approximate neighbours are to the exact ones."""
        quality.measure(self.environment("quality", FUSEDEX_ENCODE__THREADS="2"), self.places.opensearch_url)

    def scale(self) -> None:
        """Memory and time as the feed grows."""
        scale.measure(self.environment("scale", FUSEDEX_ENCODE__TEXT="hashed"), self.folder)


def main() -> None:
    """Run the parts that the command line names, or all of them."""
    parts: dict[str, Callable[[Bench], None]] = {
        part.__name__: part
        for part in (
            Bench.pipeline,
            Bench.daily,
            Bench.gpu,
            Bench.offers,
            Bench.overlap,
            Bench.queries,
            Bench.growth,
            Bench.photo_vectors,
            Bench.quality,
            Bench.scale,
        )
    }
    wanted = sys.argv[1:] or list(parts)
    if unknown := set(wanted) - set(parts):
        sys.exit(f"No part is called {', '.join(sorted(unknown))}; there are {', '.join(parts)}.")
    if (os.cpu_count() or 1) < 2:
        sys.exit("The benchmark pins the encoder to one core and the engines to another: it needs two.")
    print(f"# fusedex benchmarks: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="fusedex-bench-") as name:
        folder = Path(name)
        stack = Stack(folder / "home", heap_mb=1024)
        try:
            places = stack.up(lambda line: print(f"  {line}", file=sys.stderr), workers=False)
            bench = Bench(places, folder)
            for part in wanted:
                pinned = part in ("pipeline", "queries", "growth")
                for status in stack.status():
                    if status.pid:
                        pin(status.pid, {1} if pinned else set(range(os.cpu_count() or 1)))
                parts[part](bench)
        finally:
            stack.down()
            stack.reset()


def pin(pid: int, cores: set[int]) -> None:
    """Put all threads of a process on these cores."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cores)


if __name__ == "__main__":
    main()
