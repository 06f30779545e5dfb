"""What `fusedex model` does behind its options."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, cast

from indexer.encode.base import PhotoEncoder, Pixels, TextEncoder
from indexer.encode.catalog import PHOTO_ENCODERS, make_text_encoder
from indexer.encode.folder import Folder
from indexer.encode.image import ImageEncoder
from indexer.encode.onnx import OnnxPhoto, OnnxText
from indexer.encode.parity import Parity, measured, sample_texts, size_of
from indexer.encode.prune import drop_layers, prune
from indexer.encode.shrink import export
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import ContractBroken, IndexerError, ModelError, UnusablePhoto
from indexer.feed.read import read_feed
from indexer.photos.decode import decode
from indexer.records import Product
from indexer.settings import EncodeSettings, Settings
from indexer.testing import PHOTO_CASES, TEXT_CASES
from indexer.vectors import Rows
from indexer.whole import new_folder

Kind = Literal["text", "photo"]
Form = Literal["onnx", "int8", "pruned", "layers"]
Encoder = TextEncoder | PhotoEncoder
MOST = 2000
"""Titles compared at most: neighbours are sought among all pairs."""
ASKED = 256
"""Titles by which the layers to leave out are chosen: each layer is tried on them."""
LONG_ENOUGH_S = 1.0


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What was measured of a smaller form, bytes of weights after and before, and the layers left out (by number, from 0)."""

    parity: Parity
    size: int
    before: int
    left_out: tuple[int, ...] = ()


def encoder_of(kind: Kind, name: str, settings: EncodeSettings) -> Encoder:
    """The encoder of that name by the settings; raises UnknownName, SettingsError, ModelUnavailable, and ModelError for `none`."""
    told = settings.model_copy(update={kind: name})
    if kind == "text":
        return make_text_encoder(told)
    made = PHOTO_ENCODERS.get(name)(told, make_text_encoder(told))
    if made is None:
        raise ModelError(f"The photo encoder {name!r} encodes nothing.")
    return made


def described(kind: Kind, name: str, settings: EncodeSettings) -> dict[str, object]:
    """One encoder as `list` shows it; where something is missing, what it is."""
    try:
        spec = encoder_of(kind, name, settings).spec
    except IndexerError as error:
        return {"kind": kind, "name": name, "width": None, "licence": None, "at_hand": f"no: {error.message}"}
    return {"kind": kind, "name": name, "width": spec.width, "licence": spec.licence, "at_hand": "yes"}


def rows_of(encoder: Encoder, inputs: Sequence[object]) -> Rows:
    """Unit rows of texts (as products) or photos."""
    if isinstance(encoder, TextEncoder):
        return encoder.encode(cast("Sequence[str]", inputs), side="product")
    return encoder.encode(cast("Sequence[Pixels]", inputs))


def cosines(encoder: Encoder, inputs: Sequence[object]) -> list[float]:
    """How near each input but the first is to the first; of texts the first counts as the query."""
    rows = rows_of(encoder, inputs)
    first = encoder.encode([cast("str", inputs[0])], side="query")[0] if isinstance(encoder, TextEncoder) else rows[0]
    return [float(row @ first) for row in rows[1:]]


def rate(encoder: Encoder, inputs: Sequence[object]) -> float:
    """Inputs a second in batches of 32, for at least a second; the model is loaded already."""
    batch = [inputs[number % len(inputs)] for number in range(32)]
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < LONG_ENOUGH_S:
        rows_of(encoder, batch)
        done += len(batch)
    return done / spent


def failures(kind: Kind, name: str, settings: EncodeSettings) -> Iterator[tuple[str, str, str]]:
    """Each case of the contract: its name, what it says, and what the encoder did instead (empty where it keeps it)."""
    for case in TEXT_CASES if kind == "text" else PHOTO_CASES:
        try:
            case.check(partial(encoder_of, kind, name, settings))  # type: ignore[arg-type]
        except ContractBroken as error:
            yield case.name, case.says, error.message
        else:
            yield case.name, case.says, ""


def photos_of(files: Sequence[Path]) -> list[Pixels]:
    """The decoded photos of files, those that are none left out; raises ModelError where none is left."""
    found: list[Pixels] = []
    for file in files:
        with suppress(UnusablePhoto, IsADirectoryError):
            found.append(decode(file.read_bytes(), pixels=40_000_000))
    if not found:
        raise ModelError("None of the files is a photo.")
    return found


def texts_of(feed: Path | None, settings: Settings) -> list[str]:
    """A feed's first titles, each once, or the built-in sample without a feed."""
    if feed is None:
        return sample_texts()
    titles: dict[str, None] = {}
    for event in read_feed(feed, settings.feed):
        if isinstance(event, Product):
            titles.setdefault(event.title)
        if len(titles) == MOST:
            break
    return list(titles)


def shrunk(encoder: Encoder, out: Path, *, form: Form, share: float, inputs: Sequence[object]) -> Shrunk:
    """Write the smaller form, measure it by the inputs, and give both forms' sizes; a folder that can't be measured does not appear."""
    if len(inputs) <= 10:
        raise ModelError(f"{len(inputs)} inputs are too few to compare neighbours.", cure="Give at least eleven.")
    told: list[tuple[Parity, tuple[int, ...]]] = []

    def fill(draft: Path) -> None:
        left_out = _written(encoder, draft, form=form, share=share, inputs=inputs)
        smaller: Encoder
        if form in ("pruned", "layers"):
            smaller = TransformerEncoder(Folder(path=draft, name=form), device="cpu")
        else:
            smaller = OnnxText(draft) if isinstance(encoder, TextEncoder) else OnnxPhoto(draft)
        told.append((measured(inputs, partial(rows_of, encoder), partial(rows_of, smaller)), left_out))

    new_folder(out, fill, what="model")
    return Shrunk(told[0][0], size_of(out), _size(encoder), told[0][1])


def _written(encoder: Encoder, draft: Path, *, form: Form, share: float, inputs: Sequence[object]) -> tuple[int, ...]:
    """Write the form into a folder; the layers that it leaves out."""
    if form == "layers":
        return drop_layers(encoder, draft, share=share, texts=cast("Sequence[str]", inputs[:ASKED]))
    if form == "pruned":
        prune(encoder, draft, share=share)
    else:
        export(encoder, draft, form=form)
    return ()


def _size(encoder: Encoder) -> int:
    if isinstance(encoder, TransformerEncoder):
        return size_of(encoder.folder)
    return encoder.network.stored() if isinstance(encoder, ImageEncoder) else 0
