"""The rival of the pipeline: the same cleaned, prepared batches through the bare encoder, on one core: python -m benchmarks.raw CORE.

Reads file names from standard input, a line each; for each prints the seconds that the batches took.
"""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Serve until standard input ends."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    from indexer import text
    from indexer.batches import batches as batches_of
    from indexer.batches import by_length
    from indexer.build.places import build_encoders
    from indexer.settings import Settings

    settings = Settings.load()
    encoder = build_encoders(settings).text
    encoder.encode(["a plain chair"], side="product")
    print("ready", flush=True)
    for line in sys.stdin:
        with Path(line.strip()).open(encoding="utf-8") as file:
            rows = [json.loads(row) for row in file]
        batches = []
        for claim in batches_of(rows, size=settings.work.claim):  # the very batches that the pipeline makes of a claim
            texts = {text.clean(row["title"], text.TITLE) for row in claim} | {
                text.clean(row["description"], text.DESCRIPTION) for row in claim
            }
            wanted = sorted(texts - {""})
            groups = by_length([encoder.length(one) for one in wanted], size=settings.encode.batch)
            batches += [encoder.prepare([wanted[position] for position in group], "product") for group in groups]
        began = time.perf_counter()
        for batch in batches:
            encoder.finish(encoder.run(batch))
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
