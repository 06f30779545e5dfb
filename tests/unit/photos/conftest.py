"""A certificate for cdn.example.com and *.example.org, and the authority that signed it: made for the run, so that none is kept."""

import subprocess
from pathlib import Path

import pytest

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with maker.pem (the authority), cdn.pem and cdn.key."""
    folder = tmp_path_factory.mktemp("tls")
    openssl(folder, "req", "-x509", *EC, "-keyout", "maker.key", "-out", "maker.pem", "-days", "2", "-subj", "/CN=maker")
    openssl(folder, "req", *EC, "-keyout", "cdn.key", "-out", "cdn.csr", "-subj", "/CN=cdn.example.com")
    (folder / "names").write_text("subjectAltName=DNS:cdn.example.com,DNS:*.example.org\n")
    signed = ("-CA", "maker.pem", "-CAkey", "maker.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl(folder, "x509", "-req", "-in", "cdn.csr", *signed, "-out", "cdn.pem")
    return folder
