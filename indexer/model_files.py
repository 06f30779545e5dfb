"""The files of a model's folder: read whole, as an object of JSON, or as the very bytes that a spec promises."""

import hashlib
import json
from pathlib import Path

from indexer.errors import BadDigest, ModelError, ModelUnavailable

AGAIN = "Copy the folder again, whole."


def file_bytes(file: Path, *, cure: str = "") -> bytes:
    """The file's bytes; raises ModelUnavailable where it can't be read, with that cure."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"The model's file {file} can't be read: {error.strerror}.", cure=cure) from error


def json_object(file: Path, *, cure: str = "") -> dict[str, object]:
    """The JSON object in a file; raises ModelUnavailable where it can't be read, with that cure, and ModelError where it is none."""
    try:
        told = json.loads(file_bytes(file, cure=cure))
    except ValueError as error:
        raise ModelError(f"{file} is no JSON: {error}.", cure=AGAIN) from error
    if not isinstance(told, dict):
        raise ModelError(f"{file} holds no JSON object.", cure=AGAIN)
    return told


def promised_bytes(file: Path, sha256: object, *, missing: str = "", other: str = AGAIN) -> bytes:
    """The file's bytes, once their sha-256 is the promised one (a spec may hold anything there).

    Raises ModelUnavailable where it can't be read, with the cure `missing`, and BadDigest, with the cure `other`.
    """
    content = file_bytes(file, cure=missing)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise BadDigest(f"{file} has the sha-256 {found}, not {sha256} as promised.", cure=other)
    return content
