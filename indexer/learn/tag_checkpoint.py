"""A tagger on disk: one folder, written whole or not at all, every file's digest in spec.json and checked when it is loaded.

spec.json             what it is: TagSpec, and the sha-256 of each other file
weights.safetensors   the whole network, the BERT included
tokenizer.json        the tokeniser
lexicon.json          the dictionary of the training's spans, which hints to the network
metrics.json          what was measured, before and after
card.md               for people: data, measures, licence, limits
and pictures          curves.png, report.png
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.errors import ModelError
from indexer.learn.packages import need
from indexer.learn.tag_labels import TAGS, Example
from indexer.learn.tag_lexicon import Lexicon
from indexer.learn.tag_model import TagShape, bert_like, make_network
from indexer.learn.tag_tokens import TOKENIZER, TagTokenizer
from indexer.learn.tag_values import Label
from indexer.model_files import json_object, promised_bytes
from indexer.whole import check_absent, new_files

if TYPE_CHECKING:
    import torch

SPEC = "spec.json"
WEIGHTS = "weights.safetensors"
LEXICON = "lexicon.json"
METRICS = "metrics.json"
CARD = "card.md"
_FOLDER = "`fusedex learn tag` makes such a folder."


class TagSpec(BaseModel):
    """The content of spec.json but for the files' digests; frozen, and an unknown key is an error.

    `photo_encoder` is the digest of the spec of the encoder whose rows the network takes; "" where it takes none. `data` is the
    digest of the training's examples. `bert` is the config of the network's text part.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str
    revision: str
    licence: str
    origin: str
    tokens: int = Field(ge=8)
    tags: tuple[str, ...] = TAGS
    values: dict[Label, tuple[str, ...]]
    photo_width: int = Field(default=0, ge=0)
    photo_encoder: str = ""
    data: str
    bert: dict[str, Any]

    @property
    def shape(self) -> TagShape:
        """What the network is made of."""
        return TagShape(photo_width=self.photo_width, values=self.values)


def data_digest(examples: Iterable[Example]) -> str:
    """The sha-256 over examples: ids, titles, tags, values; in any order the same."""
    lines = sorted(json.dumps([one.id, one.title, one.tags, sorted(one.values.items())], ensure_ascii=False) for one in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def bert_config(network: "torch.nn.Module") -> dict[str, Any]:
    """The config of a network's BERT, as JSON has it, without where it was loaded from."""
    told: dict[str, Any] = json.loads(network.bert.config.to_json_string())  # type: ignore[union-attr, operator]
    return {name: value for name, value in told.items() if name not in ("_name_or_path", "architectures", "transformers_version")}


def save_tagger(folder: Path, spec: TagSpec, network: "torch.nn.Module", files: Mapping[str, bytes]) -> None:
    """Write a checkpoint: weights, spec, and `files` by name (tokeniser, metrics, card, pictures).

    Raises ModelError where the folder exists (a checkpoint is never changed, a new one has a new name) or can't be written.
    """
    check_absent(folder)
    from safetensors.torch import save

    weights = save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in network.state_dict().items()})
    content = {WEIGHTS: weights, **files}
    told = {**spec.model_dump(mode="json"), "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(content.items())}}
    content[SPEC] = (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()
    new_files(folder, content)


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A checkpoint's parts; the network is in evaluation mode."""

    spec: TagSpec
    network: "torch.nn.Module"
    tokenizer: TagTokenizer
    lexicon: Lexicon


def load_tagger(folder: Path) -> Loaded:
    """What a checkpoint holds.

    Raises ModelUnavailable for a missing file or package, BadDigest where a file is not the one that was written, ModelError for a
    spec that is wrong or weights that do not fit it.
    """
    need("torch", "transformers", "safetensors", "tokenizers", extra="learn")
    from safetensors import SafetensorError
    from safetensors.torch import load

    spec, digests = _told(folder / SPEC)
    content = {name: promised_bytes(folder / name, sha256, missing=_FOLDER) for name, sha256 in digests.items()}
    if spec.tags != TAGS or not {WEIGHTS, TOKENIZER, LEXICON} <= content.keys():
        raise ModelError(f"{folder} is a tagger for other labels, or lacks {WEIGHTS}, {TOKENIZER} or {LEXICON}.")
    network = make_network(bert_like(spec.bert), spec.shape)
    try:
        network.load_state_dict(load(content[WEIGHTS]))
    except (SafetensorError, RuntimeError) as error:
        raise ModelError(f"{folder / WEIGHTS} does not fit {SPEC}: {error}") from error
    tokenizer = TagTokenizer.of(content[TOKENIZER].decode(), most=spec.tokens)
    return Loaded(spec, network.eval(), tokenizer, Lexicon.read(content[LEXICON].decode()))


def _told(file: Path) -> tuple[TagSpec, dict[str, str]]:
    told = json_object(file, cure=_FOLDER)
    try:
        digests = {str(name): str(sha256) for name, sha256 in cast("Mapping[str, object]", told.pop("files")).items()}
        spec = TagSpec.model_validate(told)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ModelError(f"{file} is wrong: {wrong}.") from error
    except (KeyError, AttributeError) as error:
        raise ModelError(f"{file} describes no tagger: {error}.") from error
    inside = {name for name in digests if name == Path(name).name}
    if inside != digests.keys():
        raise ModelError(f"{file} names files outside its folder.")
    return spec, digests
