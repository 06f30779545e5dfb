#!/usr/bin/env python3
# ruff: noqa: T201 - a script that an operator runs, with nothing but Python and openssl
"""Certificates, passwords and settings for docker-compose.yml, made once, by `make certs`: nothing of them is in the repository.

Writes deploy/secrets: the folder is readable by its owner only; the files in it are readable by whoever gets one mounted.
"""

import argparse
import ctypes
import ctypes.util
import hashlib
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEY_BITS = 3072
BCRYPT_COST = 12
"""What OpenSearch's own hash tool takes."""

OPENSEARCH_USERS = ("fusedex-worker", "fusedex-service", "fusedex-operator", "fusedex-probe")
"""Each has the role of its name in deploy/opensearch/roles.yml."""
VALKEY_USERS = ("worker", "sender")
"""Each has a line in deploy/valkey/users.acl."""
DATABASES = ("superuser", "ledger", "vectors")
CA = "/run/secrets/ca.pem"
"""Where every part finds the authority."""


def main() -> int:
    """Make them, after asking if some are there; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=HERE / "secrets")
    parser.add_argument("--host", action="append", default=[], help="another name that OpenSearch is reached by; may be repeated")
    parser.add_argument("--days", type=int, default=825, help="how long the certificates hold")
    parser.add_argument("--yes", action="store_true", help="replace what is there without asking")
    told = parser.parse_args()
    if shutil.which("openssl") is None:
        print("openssl is missing (Debian: apt install openssl).", file=sys.stderr)
        return 1
    if told.folder.exists() and any(told.folder.iterdir()) and not (told.yes or _may_replace(told.folder)):
        print(f"{told.folder} was left as it is.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="fusedex-") as made:
        make(Path(made), hosts=told.host, days=told.days)
        _put(Path(made), told.folder)
    print(
        f"Made {len(list(told.folder.iterdir()))} files in {told.folder}. Keep ca.key and admin.key off machines that need only the rest."
    )
    return 0


def make(folder: Path, *, hosts: list[str], days: int) -> None:
    """Write all files into an empty folder."""
    authority = [
        "-x509",
        "-subj",
        "/O=fusedex/CN=authority",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        _usage("keyCertSign"),
    ]
    _openssl(folder, "req", *_new("ca"), *authority, "-days", str(days), "-out", "ca.pem")
    names = ["DNS:opensearch", "DNS:localhost", "IP:127.0.0.1", *(f"DNS:{host}" for host in hosts)]
    _certificate(folder, "opensearch", days=days, more=[f"subjectAltName={','.join(names)}", "extendedKeyUsage=serverAuth,clientAuth"])
    _certificate(folder, "admin", days=days, more=["extendedKeyUsage=clientAuth"])
    search = {user: secrets.token_urlsafe(24) for user in OPENSEARCH_USERS}
    broker = {user: secrets.token_urlsafe(24) for user in VALKEY_USERS}
    database = {name: secrets.token_urlsafe(24) for name in DATABASES}
    _write(folder / "internal_users.yml", _internal_users(search))
    _write(folder / "probe.netrc", f"machine localhost login fusedex-probe password {search['fusedex-probe']}\n")
    _write(folder / "users.acl", _acl(broker))
    _write(folder / "sender-broker-url", f"redis://sender:{broker['sender']}@valkey:6379/0\n")
    for name, password in database.items():
        _write(folder / f"postgres-{name}", password + "\n")
    for part, text in _settings(search, broker, database).items():
        _write(folder / f"{part}.toml", text)


def _settings(search: dict[str, str], broker: dict[str, str], database: dict[str, str]) -> dict[str, str]:
    """The addresses of each part, with its own users; an address without a user gives no rights, where the part needs none."""
    engines = {
        part: f"https://fusedex-{part}:{search[f'fusedex-{part}']}@opensearch:9200?ca={CA}" for part in ("worker", "service", "operator")
    }
    queue = f"redis://worker:{broker['worker']}@valkey:6379/0"
    ledger, vectors = (f"postgresql+psycopg://{name}:{database[name]}@postgres:5432/{name}" for name in ("ledger", "vectors"))
    addresses = {
        "worker": (engines["worker"], queue, ledger, vectors),
        "accept": (f"https://opensearch:9200?ca={CA}", queue, ledger, ""),
        "service": (engines["service"], "redis://valkey:6379/0", "", ""),
        "operator": (engines["operator"], queue, ledger, vectors),
    }
    names = ("opensearch_url", "broker_url", "ledger_url", "vectors_url")
    # a JSON text is a TOML text too
    return {
        part: "".join(f"{name} = {json.dumps(value)}\n" for name, value in zip(names, told, strict=True) if value)
        for part, told in addresses.items()
    }


def _internal_users(passwords: dict[str, str]) -> str:
    head = '_meta: {type: "internalusers", config_version: 2}\n'
    return head + "".join(f'{user}: {{hash: "{bcrypt(password)}", reserved: true}}\n' for user, password in passwords.items())


def _acl(passwords: dict[str, str]) -> str:
    text = (HERE / "valkey" / "users.acl").read_text(encoding="ascii")
    lines = [line for line in text.splitlines() if line and not line.startswith("//")]
    for user, password in passwords.items():
        digest = hashlib.sha256(password.encode()).hexdigest()
        lines = [line.replace(f"#sha256-of-{user}", f"#{digest}") for line in lines]
    return "\n".join(lines) + "\n"


def bcrypt(password: str) -> str:
    """The password as OpenSearch keeps it, by the system's libcrypt. Raises OSError on a system without one that knows bcrypt."""
    for name in (ctypes.util.find_library("crypt"), "libcrypt.so.1", "libcrypt.so.2"):
        try:
            library = ctypes.CDLL(name) if name else None
        except OSError:
            continue
        if library is None or not hasattr(library, "crypt_gensalt"):
            continue
        library.crypt_gensalt.restype = library.crypt.restype = ctypes.c_char_p
        library.crypt_gensalt.argtypes = [ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]
        library.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        salt = library.crypt_gensalt(b"$2y$", BCRYPT_COST, secrets.token_bytes(16), 16)
        hashed = library.crypt(password.encode(), salt) if salt else None
        if hashed and hashed.startswith(b"$2y$"):
            return str(hashed.decode("ascii"))
    raise OSError("No libcrypt with bcrypt was found; run this on a Linux with libxcrypt (Debian: libcrypt1).")


def _certificate(folder: Path, name: str, *, days: int, more: list[str]) -> None:
    """A key (PKCS 8, as OpenSearch reads it) and a certificate of our authority."""
    _openssl(folder, "req", *_new(name), "-subj", f"/O=fusedex/CN={name}", "-out", f"{name}.csr")
    _write(folder / "more", "\n".join(["basicConstraints=CA:FALSE", _usage("digitalSignature,keyEncipherment"), *more]))
    issue = ["-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", str(secrets.randbits(120)), "-extfile", "more", "-days", str(days)]
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", *issue, "-out", f"{name}.pem")
    for leftover in (f"{name}.csr", "more"):
        (folder / leftover).unlink()


def _new(name: str) -> list[str]:
    return ["-new", "-newkey", f"rsa:{KEY_BITS}", "-noenc", "-keyout", f"{name}.key"]


def _usage(what: str) -> str:
    return f"keyUsage=critical,{what}"


def _openssl(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def _put(made: Path, folder: Path) -> None:
    # Containers run under user ids of their own and have to read what is mounted: the folder keeps everybody else out.
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    for file in made.iterdir():
        target = folder / file.name
        target.unlink(missing_ok=True)
        shutil.copyfile(file, target)
        target.chmod(0o600 if file.name in ("ca.key", "admin.key") else 0o444)


def _may_replace(folder: Path) -> bool:
    if not sys.stdin.isatty():
        print(f"{folder} holds secrets already; --yes replaces them, and every part has to be told the new ones.", file=sys.stderr)
        return False
    return input(f"{folder} holds secrets already. Replace them all? Every part has to be told the new ones. [y/N] ").strip().lower() == "y"


if __name__ == "__main__":
    sys.exit(main())
