"""Photos: bytes to RGB pixels behind guards, and the digest of what was decoded."""

from indexer.photos.decode import LONG_SIDE, Pixels, decode, digest, thumbnail
from indexer.photos.read import read

__all__ = ["LONG_SIDE", "Pixels", "decode", "digest", "read", "thumbnail"]
