"""From accept to searchable for a price change, while a full feed is encoded: `python -m benchmarks.offers`.

One machine as `fusedex up` makes it: OpenSearch, broker, and two worker processes, of which one serves prices. Refresh every second.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from benchmarks.products import rows
from indexer.build.writing import build_indexer
from indexer.embedded.stack import Stack
from indexer.settings import Settings
from indexer.write_path import Indexer

FEEDS = {"hashed": 30_000, "sentence": 15_000}
"""Products of the full feed, by encoder: enough to be at work for as long as prices are measured."""
PRICED = 200
PAUSE_S, POLL_S, LONGEST_S = 0.25, 0.05, 45.0
GOAL_S = 5.0


def main() -> None:
    """Measure with each encoder, on engines of its own."""
    for encoder, products in FEEDS.items():
        with tempfile.TemporaryDirectory(prefix="fusedex-offers-") as name:
            measure(encoder, products, Path(name))


def measure(encoder: str, products: int, folder: Path) -> None:
    """Print how long price changes took while the feed ran."""
    given = {"FUSEDEX_HOME": str(folder / "home"), "FUSEDEX_ENCODE__TEXT": encoder, "FUSEDEX_ENCODE__PHOTO": "none"}
    kept = {key: value for key, value in os.environ.items() if key.startswith("FUSEDEX_") and key != "FUSEDEX_TEST_DATA"}
    for key in kept:
        del os.environ[key]
    os.environ.update(given)
    stack = Stack(folder / "home", heap_mb=1024)
    try:
        places = stack.up(lambda line: print(f"  {line}", file=sys.stderr))
        indexer = build_indexer(Settings.load())
        try:
            _run(indexer, places.opensearch_url, encoder, products, folder)
        finally:
            indexer.close()
    finally:
        stack.down()
        stack.reset()
        for key in given:
            del os.environ[key]
        os.environ.update(kept)


@dataclass
class Waiting:
    """Prices that were accepted and are not searchable yet, and how long the others took."""

    prices: dict[str, tuple[float, float]] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, address: str) -> None:
        """Ask the index for all of them at once."""
        with self.lock:
            wanted = dict(self.prices)
        if not wanted:
            return
        question = {"query": {"ids": {"values": list(wanted)}}, "_source": ["price"], "size": len(wanted)}
        request = urllib.request.Request(address, json.dumps(question).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            hits = json.load(answer)["hits"]["hits"]
        now = time.monotonic()
        with self.lock:
            for hit in hits:
                price, began = wanted[hit["_id"]]
                if abs(hit["_source"].get("price", 0) - price) < 0.005:
                    self.took_s.append(now - began)
                    del self.prices[hit["_id"]]


def _run(indexer: Indexer, url: str, encoder: str, products: int, folder: Path) -> None:
    origin, everything = rows(products + PRICED)
    priced, fed = everything[:PRICED], everything[PRICED:]
    if indexer.wait(indexer.accept(priced), timeout_s=120).pending:
        sys.exit("the first products were not indexed in time")
    feed = folder / "feed.jsonl"
    feed.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in fed))
    before = indexer.counts().counters["written"]
    command = [sys.executable, "-m", "indexer", "feed", str(feed), "--no-wait"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as feeder:
        while indexer.counts().counters["written"] < before + 500 and feeder.poll() in (None, 0):
            time.sleep(0.05)
        waiting = Waiting()
        began = time.monotonic()
        in_time = _change_prices(indexer, f"{url}/products/_search", priced, waiting)
        spent = time.monotonic() - began
        written = indexer.counts().counters["written"] - before
        feeder.terminate()
    _show(f"{origin}, encoder {encoder}: {written:,} of {products:,} products encoded in {spent:.0f} s beside", waiting, in_time=in_time)


def _change_prices(indexer: Indexer, address: str, priced: list[dict[str, object]], waiting: Waiting) -> bool:
    """One price after the other while the feed has work, each looked for until it is found; whether the feed outlasted them all."""
    done = threading.Event()

    def looking() -> None:
        while not done.wait(POLL_S):
            waiting.look(address)

    looker = threading.Thread(target=looking)
    looker.start()
    busy = True
    for number, row in enumerate(priced * 2):
        price = 100 + number / 100
        began = time.monotonic()
        with waiting.lock:
            waiting.prices[str(row["id"])] = (price, began)
        indexer.accept([{"id": row["id"], "price": f"{price:.2f} EUR", "stock": number}])
        time.sleep(PAUSE_S)
        dirty = indexer.counts().dirty
        busy = dirty["encode_new"] > 0
        if not busy or (number + 1) * PAUSE_S > LONGEST_S:
            break
    end = time.monotonic() + 60
    while waiting.prices and time.monotonic() < end:
        time.sleep(POLL_S)
    done.set()
    looker.join()
    return busy


def _show(title: str, waiting: Waiting, *, in_time: bool) -> None:
    print(f"\n## Prices during a full feed ({title})")
    took = sorted(waiting.took_s)
    if len(took) < 20:
        print(f"only {len(took)} prices were seen: the feed was too short for a figure")
        return
    p95 = quantiles(took, n=20)[-1]
    print(f"{'changes':>8} {'p50, s':>7} {'p95, s':>7} {'max, s':>7} {'never':>6}")
    print(f"{len(took):>8} {median(took):>7.2f} {p95:>7.2f} {took[-1]:>7.2f} {len(waiting.prices):>6}")
    print(f"goal at p95: {GOAL_S:.0f} s; the feed {'was at work throughout' if in_time else 'ended first'}")


if __name__ == "__main__":
    main()
