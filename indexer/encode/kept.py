"""What `fusedex model shrink` writes: one folder with model.onnx, perhaps a tokenizer.json, and spec.json, which holds their digests."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from indexer.errors import BadDigest, ModelUnavailable
from indexer.model_files import json_object
from indexer.specs import ModelSpec

SPEC = "spec.json"
MODEL = "model.onnx"
TOKENISER = "tokenizer.json"


class OnnxSpec(BaseModel):
    """The content of spec.json; `model` is the encoder's ModelSpec, `sha256` the digest of each other file by its name.

    `alone` says that inputs are run one by one: with numbers of eight bits a batch would share one scale, and rows would depend on
    what they are computed beside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    kind: Literal["text", "photo"]
    numbers: Literal["float32", "int8"]
    inputs: tuple[str, ...]
    alone: bool
    made_from: str
    sha256: Mapping[str, str]
    model: Mapping[str, object]

    @property
    def spec(self) -> ModelSpec:
        """The encoder's own spec; raises ModelUnavailable where it is none."""
        try:
            return TypeAdapter(ModelSpec).validate_python(dict(self.model))
        except ValidationError as error:
            raise ModelUnavailable(f"{SPEC} describes no model: {error.error_count()} fields are wrong.") from error


def spec_of(spec: ModelSpec) -> Mapping[str, object]:
    """A spec as it stands in spec.json."""
    return cast("Mapping[str, object]", json.loads(json.dumps(asdict(spec))))


def file_digest(file: Path) -> str:
    """The sha-256 of a file, in hex; raises ModelUnavailable where it can't be read."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnavailable(f"The model's file {file} can't be read: {error.strerror}.") from error


def read_onnx(folder: Path) -> OnnxSpec:
    """The folder's spec, once all its files are the promised ones; raises ModelUnavailable and BadDigest."""
    try:
        told = OnnxSpec.model_validate(json_object(folder / SPEC))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ModelUnavailable(f"{folder / SPEC} is wrong: {wrong}.", cure="Make the folder with `fusedex model shrink`.") from error
    if MODEL not in told.sha256:
        raise ModelUnavailable(f"{folder / SPEC} does not tell the digest of {MODEL}.")
    for name, promised in told.sha256.items():
        if (found := file_digest(folder / Path(name).name)) != promised:
            raise BadDigest(f"{folder / name} has the sha-256 {found}, its spec says {promised}.", cure="Copy the folder again, whole.")
    return told
