"""What a search costs beside time: instructions of the client's process, counted by callgrind, and memory of the parts without I/O."""

import re
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import orjson

from benchmarks.rivals import QUERIES, Rivals
from indexer.encoders import QueryParts
from indexer.read.assemble import Kit
from indexer.read.needs import Ask, Describe, Got, Need
from indexer.read_plan import plan
from indexer.records import Answer, Query
from indexer.settings import Settings
from indexer.store.requests import search_call
from indexer.store.responses import leg_answers

COUNTED = 200
"""Searches whose instructions are counted."""

_TOTAL = re.compile(r"^totals: (\d+)$", re.MULTILINE)


def instructions(url: str, alias: str) -> dict[str, float] | None:
    """Instructions of a search by rival; None where valgrind is not installed.

    A child under callgrind counts nothing while it starts and warms up; then the counting is switched on for COUNTED
    searches, and off before it ends.
    """
    if not (shutil.which("valgrind") and shutil.which("callgrind_control")):
        return None
    return {name: _counted(url, alias, name) for name in ("bare", "library")}


def _counted(url: str, alias: str, name: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        callgrind = ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
        command = [*callgrind, sys.executable, "-m", "benchmarks.asked", url, alias, name]
        with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            if process.stdin is None or process.stdout is None or process.stdout.readline() != "ready\n":
                raise SystemExit(f"{command} did not get ready")
            _count(process.pid, "on")
            process.stdin.write(f"{COUNTED}\n")
            process.stdin.flush()
            process.stdout.readline()
            _count(process.pid, "off")  # before it ends, which costs more than all that it was asked
            process.stdin.close()
        told = _TOTAL.search(out.read_text(encoding="utf-8"))
    if told is None:
        raise SystemExit("callgrind wrote no total")
    return int(told[1]) / COUNTED


def _count(pid: int, what: str) -> None:
    subprocess.run(["callgrind_control", "-i", what, str(pid)], check=True, capture_output=True)


def memory(rivals: Rivals) -> dict[str, dict[str, float]]:
    """KiB that each part without I/O holds on to and needs at most, mean over the queries, its input apart."""
    parts: dict[str, list[tuple[float, float]]] = {}
    for text in QUERIES:
        for name, run in _parts(rivals, text).items():
            run()  # caches fill once
            parts.setdefault(name, []).append(_kib(run))
    return {name: {"kept": _mean([one[0] for one in told]), "peak": _mean([one[1] for one in told])} for name, told in parts.items()}


def _parts(rivals: Rivals, text: str) -> dict[str, Callable[[], object]]:
    """What happens to a query between the requests."""
    search = Settings.load().search
    legs = rivals.legs(text, search.depth)
    raw = orjson.dumps(rivals.bare(text))
    described, answer = rivals.store.describe(), orjson.loads(raw)
    found = leg_answers(described.index, legs, answer, index=described.index)
    row = rivals.encoders.query_rows(QueryParts(text=text))

    def met(need: Need) -> Got:
        return described if isinstance(need, Describe) else found if isinstance(need, Ask) else row

    kit = Kit(
        defaults=search.model_copy(update={"enough": 0}),
        check=lambda description: rivals.encoders.check(description.identity),
        floors=lambda *_: (0.0, 0.0),
        moment=0,
    )
    return {
        "request made": lambda: search_call(described.index, legs),
        "answer parsed": lambda: orjson.loads(raw),
        "hits read": lambda: leg_answers(described.index, legs, answer, index=described.index),
        "planned, blended, page made": lambda: _answered(Query(text=text), kit, met),
    }


def _answered(query: Query, kit: Kit, met: Callable[[Need], Got]) -> Answer:
    steps = plan(query, kit)
    need = next(steps)
    while True:
        try:
            need = steps.send(met(need))
        except StopIteration as end:
            answer: Answer = end.value
            return answer


def _kib(run: Callable[[], object]) -> tuple[float, float]:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = run()
        after, peak = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return (after - before) / 1024, (peak - before) / 1024


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 1)
