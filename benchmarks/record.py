"""What a measurement is written down with: benchmarks/results/NAME.json has the machine, the commit and the digests of the data."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
Results = dict[str, object]


def written(name: str, results: Mapping[str, object]) -> None:
    """Write the results as NAME.json, whole or not at all, and say so."""
    told = {"machine": machine(), "commit": commit()} | dict(results)
    RESULTS.mkdir(exist_ok=True)
    part = RESULTS / f"{name}.json.part"
    part.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(RESULTS / f"{name}.json")
    print(f"written: benchmarks/results/{name}.json (commit {told['commit']})")


def machine() -> Results:
    """The machine in a few words, with the load that others put on it meanwhile."""
    load = [round(one, 1) for one in os.getloadavg()]
    return {"architecture": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version(), "load": load}


def commit() -> str:
    """The commit that is measured."""
    told = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def digest_of(rows: object) -> str:
    """sha-256 of raw rows as JSON."""
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
