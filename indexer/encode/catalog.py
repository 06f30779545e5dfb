"""The encoders we know, by name, and how settings choose among them; plug-ins join by entry point (see `Registry`)."""

from collections.abc import Callable

from indexer.encode.base import PhotoEncoder, TextEncoder
from indexer.encode.bridge import BridgeEncoder
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encode.image import ImageEncoder, Lite0
from indexer.encode.sentence import SentenceEncoder
from indexer.encode.transformer import Folder, TransformerEncoder, minilm
from indexer.errors import SettingsError, WidthMismatch
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
    folder = settings.text_folder
    if folder is None:
        raise SettingsError("The text encoder 'transformer' needs a folder.", cure="Set FUSEDEX_ENCODE__TEXT_FOLDER.")
    told = Folder(path=folder, name="transformer")
    return TransformerEncoder(told, device=settings.device, dtype=settings.dtype, threads=settings.threads)


def _hashed_photo(settings: EncodeSettings, text: TextEncoder) -> PhotoEncoder:
    return HashedPhoto(width=text.spec.width, grey=settings.grey)


def _lite0(settings: EncodeSettings) -> Lite0:
    return Lite0(grey=settings.grey, device=settings.device, dtype=settings.dtype, threads=settings.threads)


def _bridge(settings: EncodeSettings, text: TextEncoder) -> PhotoEncoder:
    return BridgeEncoder(_lite0(settings), text)


def _image(settings: EncodeSettings, _text: TextEncoder) -> PhotoEncoder:
    return ImageEncoder(_lite0(settings))


def _none(_settings: EncodeSettings, _text: TextEncoder) -> None:
    return None


for _name, _maker in (("hashed", _hashed), ("sentence", _sentence), ("minilm", _minilm), ("transformer", _transformer)):
    TEXT_ENCODERS.add(_name, _maker)
for _photo_name, _photo_maker in (("hashed", _hashed_photo), ("bridge", _bridge), ("image", _image), ("none", _none)):
    PHOTO_ENCODERS.add(_photo_name, _photo_maker)
