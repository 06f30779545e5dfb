"""A model's folder: its own account of itself, its JSON files, and its weights, which are safetensors or are refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from indexer.encode.pooling import Pooling
from indexer.errors import ModelUnavailable
from indexer.model_files import json_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A model folder's own account of itself; `licence` and `origin` are for the spec.

    What is not None below is told in place of what the folder's files say: how states are pooled, the tokens read of a text, and what
    goes before a query and before a product.
    """

    path: Path
    name: str
    licence: str = "see the folder"
    origin: str = "a local folder"
    pooling: Pooling | None = None
    max_tokens: int | None = None
    query_prefix: str | None = None
    product_prefix: str | None = None


def read_json(path: Path) -> Mapping[str, object]:
    """The JSON object of a file that a folder may lack: empty then. Raises as `json_object`."""
    return json_object(path) if path.is_file() else {}


def weight_files(folder: Path) -> list[Path]:
    """All safetensors of a folder, sorted; raises ModelUnavailable where there are none, or fewer than its index lists."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelUnavailable(
            f"The model folder {folder} holds no *.safetensors.",
            cure="Convert the weights: other formats can run code while they load.",
        )
    listed = cast("Mapping[str, str]", read_json(folder / "model.safetensors.index.json").get("weight_map") or {})
    if missing := sorted(set(listed.values()) - {file.name for file in files}):
        raise ModelUnavailable(f"The model folder {folder} lacks {', '.join(missing)}, which its index lists.")
    return files
