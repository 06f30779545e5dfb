"""The rival of the pipeline: the same cleaned, prepared batches through the bare encoders: python -m benchmarks.raw CORES.

Reads file names from standard input, a line each; for each prints the seconds that the batches took. Photos are decoded and
prepared beforehand.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy.typing as npt


def main() -> None:
    """Serve until standard input ends."""
    os.sched_setaffinity(0, {int(core) for core in sys.argv[1].split(",")})
    from indexer import photos, text
    from indexer.batches import batches, by_length
    from indexer.build.places import build_encoders
    from indexer.settings import Settings
    from workers.runtime import settle_memory

    settings = Settings.load()
    encoders = build_encoders(settings)
    encoders.warm()
    settle_memory()  # as a worker does: what the collector takes is no part of the ratio
    encoder, size = encoders.text, settings.encode.batch

    def prepared(rows: list[dict[str, str]]) -> Iterator[tuple[Callable[[object], npt.ArrayLike], object]]:
        for claim in batches(rows, size=settings.work.claim):  # the batches that the pipeline makes of a claim
            texts = {text.clean(row["title"], text.TITLE) for row in claim} | {
                text.clean(row["description"], text.DESCRIPTION) for row in claim
            }
            wanted = sorted(texts - {""})
            for group in by_length([encoder.length(one) for one in wanted], size=size):
                yield encoder.run, encoder.prepare([wanted[position] for position in group], "product")
            if encoders.photo is not None:
                for some in batches([row["photo"] for row in claim if row.get("photo")], size=size):
                    pixels = [photos.decode(Path(file).read_bytes(), pixels=settings.feed.photo_pixels) for file in some]
                    yield encoders.photo.run, encoders.photo.prepare(pixels)

    print("ready", flush=True)
    for line in sys.stdin:
        with Path(line.strip()).open(encoding="utf-8") as file:
            todo = list(prepared([json.loads(row) for row in file]))
        began = time.perf_counter()
        for run, inputs in todo:
            run(inputs)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
