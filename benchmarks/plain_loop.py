"""The rival of a first day: a script of forty lines, as anyone would write it: the same encoders, one mean row, `parallel_bulk`.

No ledger, no queue, no versions, no cache: what was fed once is encoded again. python -m benchmarks.plain_loop CORES URL INDEX
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from opensearchpy import OpenSearch
from opensearchpy.helpers import parallel_bulk

from indexer import photos, text
from indexer.batches import batches
from indexer.build.places import build_encoders
from indexer.records import Money, Product
from indexer.settings import Settings
from indexer.store.base import Document
from indexer.store.documents import to_source
from indexer.store.schema import index_body

CHUNK = 500


def main() -> None:
    """Serve: a file name a line on standard input, the seconds until its products are searchable on standard output."""
    os.sched_setaffinity(0, {int(core) for core in sys.argv[1].split(",")})
    url, index = sys.argv[2:]
    settings = Settings.load()
    encoders = build_encoders(settings)
    encoders.warm()
    client = OpenSearch(url, timeout=60)
    client.indices.create(index=index, body=index_body(encoders.identity("plain"), settings.index))

    def actions(file: Path) -> Iterator[dict[str, object]]:
        with file.open(encoding="utf-8") as lines:
            for rows in batches(map(json.loads, lines), size=CHUNK):
                vectors = encoders.text.encode([text.clean(row["title"], text.TITLE) for row in rows], side="product")
                if rows[0]["description"]:
                    vectors = vectors + encoders.text.encode(
                        [text.clean(row["description"], text.DESCRIPTION) for row in rows], side="product"
                    )
                if encoders.photo is not None and rows[0].get("photo"):
                    for some in batches(range(len(rows)), size=64):
                        pixels = [photos.decode(Path(rows[place]["photo"]).read_bytes(), pixels=40_000_000) for place in some]
                        vectors[some] += encoders.photo.encode(pixels)
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                for row, vector in zip(rows, vectors, strict=True):
                    price = Money(round(float(row["price"].split()[0]) * 100), "EUR")
                    product = Product(id=row["id"], title=row["title"], description=row["description"], brand=row["brand"], price=price)
                    source = to_source(Document(id=product.id, version=1, product=product)) | {"vector": vector.tolist()}
                    yield {"_id": product.id, "_source": source}

    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        for ok, item in parallel_bulk(client, actions(Path(line.strip())), index=index, thread_count=4, chunk_size=CHUNK):
            if not ok:
                sys.exit(f"not written: {item}")
        client.indices.refresh(index=index)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
