"""The encoders we know, by name, and how settings choose among them; plug-ins join by entry point (see `Registry`)."""

from collections.abc import Callable

from indexer.encode.base import PhotoEncoder, TextEncoder
from indexer.encode.bridge import BridgeEncoder
from indexer.encode.dual import DualNetwork, DualPhoto, DualText
from indexer.encode.folder import Folder
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encode.image import ImageEncoder, Lite0
from indexer.encode.onnx import OnnxPhoto, OnnxText
from indexer.encode.places import names_photo_place, photo_place, text_place
from indexer.encode.projection import read_projection
from indexer.encode.sentence import SentenceEncoder
from indexer.encode.timm_image import Backbone, BackboneFiles
from indexer.encode.transformer import TransformerEncoder, minilm
from indexer.errors import WidthMismatch
from indexer.registry import Registry
from indexer.settings import EncodeSettings

TextMaker = Callable[[EncodeSettings], TextEncoder]
PhotoMaker = Callable[[EncodeSettings, TextEncoder], PhotoEncoder | None]

TEXT_ENCODERS: Registry[TextMaker] = Registry("text encoder")
PHOTO_ENCODERS: Registry[PhotoMaker] = Registry("photo encoder")


def make_text_encoder(settings: EncodeSettings) -> TextEncoder:
    """The text encoder that the settings name; cheap, as models load with the first text.

    Raises UnknownName, SettingsError, and ModelUnavailable where its package or folder is missing.
    """
    return TEXT_ENCODERS.get(settings.text)(settings)


def make_photo_encoder(settings: EncodeSettings, text: TextEncoder) -> PhotoEncoder | None:
    """The photo encoder that the settings name, None for `none`; it may stand on the text encoder.

    Raises as `make_text_encoder`, and WidthMismatch where photo rows could not be fused with text rows.
    """
    encoder = PHOTO_ENCODERS.get(settings.photo)(settings, text)
    if encoder and settings.fusion == "weighted" and encoder.spec.width != text.spec.width:
        raise WidthMismatch(
            f"Photo rows of {settings.photo!r} have {encoder.spec.width} numbers, text rows of {settings.text!r} {text.spec.width}: "
            "the fusion 'weighted' can't join them.",
            cure="Set FUSEDEX_ENCODE__PHOTO=bridge, or FUSEDEX_ENCODE__FUSION=mlp with a checkpoint for these widths.",
        )
    return encoder


def _hashed(_settings: EncodeSettings) -> TextEncoder:
    return HashedText()


def _sentence(settings: EncodeSettings) -> TextEncoder:
    return SentenceEncoder(threads=settings.threads)


def _minilm(settings: EncodeSettings) -> TextEncoder:
    return TransformerEncoder(minilm(), device=settings.device, dtype=settings.dtype, threads=settings.threads)


def _transformer(settings: EncodeSettings) -> TextEncoder:
    path, origin = text_place(settings)
    told = Folder(
        path=path,
        name="transformer",
        origin=origin,
        pooling=settings.text_pooling or None,
        max_tokens=settings.text_tokens,
        query_prefix=settings.query_prefix,
        product_prefix=settings.product_prefix,
    )
    return TransformerEncoder(told, device=settings.device, dtype=settings.dtype, threads=settings.threads)


def _hashed_photo(settings: EncodeSettings, text: TextEncoder) -> PhotoEncoder:
    return HashedPhoto(width=text.spec.width, grey=settings.grey)


def lite0(settings: EncodeSettings) -> Lite0:
    """The image network that comes with a package, on the settings' device; its weights are loaded when first used."""
    return Lite0(grey=settings.grey, device=settings.device, dtype=settings.dtype, threads=settings.threads)


def _bridge(settings: EncodeSettings, text: TextEncoder) -> PhotoEncoder:
    return BridgeEncoder(lite0(settings), text)


def _image(settings: EncodeSettings, _text: TextEncoder) -> PhotoEncoder:
    network: Lite0 | Backbone
    if names_photo_place(settings):
        path, origin = photo_place(settings)
        files = BackboneFiles(path=path, architecture=settings.photo_backbone, origin=origin)
        network = Backbone(files, grey=settings.grey, device=settings.device, dtype=settings.dtype, threads=settings.threads)
    else:
        network = lite0(settings)
    plain = ImageEncoder(network)
    if settings.projection_folder is None:
        return plain
    projection = read_projection(settings.projection_folder, digest=plain.spec.digest, width=plain.spec.width)
    return ImageEncoder(network, projection)


def _dual(settings: EncodeSettings) -> DualText:
    path, origin = text_place(settings)
    told = Folder(
        path=path,
        name="dual",
        origin=origin,
        max_tokens=settings.text_tokens,
        query_prefix=settings.query_prefix,
        product_prefix=settings.product_prefix,
    )
    return DualText(_towers(told, settings))


def _dual_photo(settings: EncodeSettings, text: TextEncoder) -> PhotoEncoder:
    if isinstance(text, DualText) and not names_photo_place(settings):
        return DualPhoto(text.network, grey=settings.grey)
    path, origin = photo_place(settings)
    return DualPhoto(_towers(Folder(path=path, name="dual", origin=origin), settings), grey=settings.grey)


def _towers(folder: Folder, settings: EncodeSettings) -> DualNetwork:
    return DualNetwork(folder, device=settings.device, dtype=settings.dtype, threads=settings.threads)


def _onnx(settings: EncodeSettings) -> TextEncoder:
    return OnnxText(text_place(settings)[0], threads=settings.threads)


def _onnx_photo(settings: EncodeSettings, _text: TextEncoder) -> PhotoEncoder:
    return OnnxPhoto(photo_place(settings)[0], threads=settings.threads)


def _none(_settings: EncodeSettings, _text: TextEncoder) -> None:
    return None


_TEXTS: dict[str, TextMaker] = {
    "hashed": _hashed,
    "sentence": _sentence,
    "minilm": _minilm,
    "transformer": _transformer,
    "dual": _dual,
    "onnx": _onnx,
}
_PHOTOS: dict[str, PhotoMaker] = {
    "hashed": _hashed_photo,
    "bridge": _bridge,
    "image": _image,
    "dual": _dual_photo,
    "onnx": _onnx_photo,
    "none": _none,
}
for _name, _maker in _TEXTS.items():
    TEXT_ENCODERS.add(_name, _maker)
for _photo_name, _photo_maker in _PHOTOS.items():
    PHOTO_ENCODERS.add(_photo_name, _photo_maker)
