"""What no file may say: a registry's host, a path of one machine, a place left unfinished."""

import re
from pathlib import Path

import pytest

from tests.house.source import ROOT, tracked_files

TEXT = {".py", ".js", ".html", ".css", ".sh", ".toml", ".yml", ".yaml", ".json", ".md", ".lock", ".txt", ".cfg", ".ini", ".tsv", ""}
HOSTS = re.compile(
    r"|".join(
        name + r"\." + end
        for name, end in [
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("maven", "org"),
            ("maven", "apache"),
            ("npmjs", "(org|com)"),
            ("crates", "io"),
            ("golang", "org"),
            ("debian", "org"),
        ]
    )
)
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


def texts() -> list[Path]:
    return [path for path in tracked_files() if path.suffix in TEXT and (ROOT / path).stat().st_size < 3_000_000]


@pytest.mark.parametrize(
    "pattern", [HOSTS, UNFINISHED, re.compile(r"(?<![\w.])" + re.escape(str(ROOT.parent)) + "/")], ids=["host", "unfinished", "path"]
)
def test_no_file_says(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in texts()
        for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found


def test_the_top_level_is_the_architecture() -> None:
    known = {
        *("indexer", "workers", "mappings", "tests", "benchmarks", "docs", "deploy", ".ci"),
        *("pyproject.toml", "docker-compose.yml", "README.md", "Makefile", "Dockerfile", "requirements.lock"),
        *("CHANGELOG.md", "LICENSE", ".gitignore", ".dockerignore"),
    }
    assert {path.parts[0] for path in tracked_files()} <= known
