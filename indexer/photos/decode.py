"""Bytes to upright RGB pixels: four formats, limits checked before decoding, one error for all that can go wrong.

Pillow's handbook (Security) asks for most of this: a list of allowed formats, a cap on pixels before the load, and metadata dropped.
"""

import hashlib
import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError, WebPImagePlugin

from indexer.errors import UnusablePhoto

Pixels = npt.NDArray[np.uint8]
"""A decoded photo: RGB, shape (height, width, 3)."""

LONG_SIDE = 1024
"""Decoded photos are scaled down to this long side at most: encoders look at 512 pixels or fewer, and memory stays bounded (3 MiB each)."""

# Importing the four readers registers them, so that Pillow never loads the forty others.
FORMATS = [
    plugin.format
    for plugin in (JpegImagePlugin.JpegImageFile, PngImagePlugin.PngImageFile, WebPImagePlugin.WebPImageFile, GifImagePlugin.GifImageFile)
]

# What Pillow's readers raise on bytes that are damaged or hostile; each means the same to us.
BROKEN = (
    OSError,
    ValueError,
    TypeError,
    SyntaxError,
    EOFError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,  # where the program that uses us turns warnings into errors
)

ORIENTATION = 0x0112  # the tag's number in Exif 2.3, table 3
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes, *, pixels: int, grey: bool = False) -> Pixels:
    """Upright RGB pixels of a JPEG, PNG, WebP or GIF (its first frame), shape (height, width, 3), long side at most LONG_SIDE.

    `pixels` caps width times height as the file states them, before anything is decoded. Orientation (Exif) is applied, all metadata
    dropped, transparency put over white; `grey` gives three equal channels (luma of ITU-R 601). Equal bytes give equal pixels.
    While decoding, memory peaks at about 8 bytes for each of the file's pixels (1 for a large JPEG, which is decoded smaller).
    Raises UnusablePhoto with the reason.
    """
    if not data:
        raise UnusablePhoto("The photo holds no bytes.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image, pixels)
            return np.array(_upright_rgb(image, grey=grey), dtype=np.uint8)
    except BROKEN as error:
        raise UnusablePhoto(f"The photo can't be decoded: {_reason(error)}.") from error


def digest(pixels: Pixels) -> str:
    """32 hex digits that name decoded pixels: the first half of the sha-256 over their shape and bytes."""
    state = hashlib.sha256(repr(pixels.shape).encode())
    state.update(np.ascontiguousarray(pixels).data)
    return state.hexdigest()[:32]


def thumbnail(data: bytes, *, side: int, pixels: int) -> bytes:
    """A WebP whose long side is at most `side`, upright and without metadata; raises UnusablePhoto as `decode` does."""
    image = Image.fromarray(decode(data, pixels=pixels))
    image.thumbnail((side, side), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def _check_size(image: Image.Image, pixels: int) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise UnusablePhoto(f"The photo measures {width} × {height}.")
    if width * height > pixels:
        raise UnusablePhoto(
            f"The photo measures {width:,} × {height:,}, more than {pixels:,} pixels.",
            cure="Make it smaller, or raise FUSEDEX_FEED__PHOTO_PIXELS.",
        )


def _upright_rgb(image: Image.Image, *, grey: bool) -> Image.Image:
    share = LONG_SIDE / max(image.size)
    if share < 1:
        # JPEG alone can decode at a half, a quarter or an eighth; never smaller than asked for.
        image.draft(None, (max(1, round(image.width * share)), max(1, round(image.height * share))))  # None: the mode stays
    image.load()
    turn = _TURNS.get(_orientation(image))
    image = _over_white(image)
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    if turn is not None:
        image = image.transpose(turn)
    return image.convert("L").convert("RGB") if grey else image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except BROKEN:
        return 1  # damaged metadata spoils no photo


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a pixel: the upper eight
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _reason(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is no JPEG, PNG, WebP or GIF"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "it states more pixels than any photo has"
    return str(error).rstrip(".") or type(error).__name__
