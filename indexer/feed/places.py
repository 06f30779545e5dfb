"""Where photos and feeds lie: paths made absolute, addresses kept, and paths in messages held inside the configured roots."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from indexer.errors import InvalidField, PathRefused
from indexer.records import Photo

PHOTOS_CAP = 50
"""Photos of one product."""
LENGTH_CAP = 2048
"""Characters of a path or an address."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*)://|(data|javascript|file|blob|mailto):", re.IGNORECASE)
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_KEYS = ("url", "src", "path", "source", "href")
# Commas and semicolons occur in addresses and names; they separate only where what follows or precedes says so.
_ADDRESSES = re.compile(r"\s*[|\n]\s*|[,;]\s*(?=https?://)|\s+(?=https?://)", re.IGNORECASE)
_PATHS = re.compile(r"\s*[|;\n]\s*|(?<=\.[A-Za-z]{3}),\s*|(?<=\.[A-Za-z]{4}),\s*")


class Places:
    """Resolves what raw rows call a photo. `roots` None means: no limits, as for a feed that its owner reads at home."""

    def __init__(self, folder: Path | None, *, roots: Sequence[Path] | None = None) -> None:
        """Relative paths start at `folder`; without one they are refused."""
        self._folder = None if folder is None else Path.cwd() / folder
        self._roots = None if roots is None else [Path(os.path.realpath(root)) for root in roots]

    def check_feed(self, path: Path) -> Path:
        """The feed's path as it may be opened. Raises PathRefused when it leads outside the roots, symbolic links followed."""
        if self._roots is None:
            return path
        real = Path(os.path.realpath(path))
        if not self._inside(real):
            raise PathRefused(
                f"{path} lies outside the folders that messages may name.",
                cure='List its folder in FUSEDEX_FEED__ROOTS of the workers, as JSON: ["/srv/feeds"].',
            )
        return real

    def photos(self, values: Sequence[object]) -> tuple[Photo, ...]:
        """The photos that the row's columns name, in order, each once. Raises InvalidField."""
        names: dict[str, None] = {}
        for value in values:
            names.update(dict.fromkeys(_names(value)))
        if len(names) > PHOTOS_CAP:
            raise InvalidField(f"names more than {PHOTOS_CAP} photos")
        return tuple(dict.fromkeys(Photo(self._source(name)) for name in names))

    def _source(self, name: str) -> str:
        if len(name) > LENGTH_CAP:
            raise InvalidField(f"names a photo in more than {LENGTH_CAP} characters")
        if _UNFIT.search(name):
            raise InvalidField("names a photo with control characters in it")
        scheme = _SCHEME.match(name)
        if scheme:
            return _address(name, (scheme[1] or scheme[2]).lower())
        if name.startswith("//"):
            raise InvalidField("names a photo by an address without http: or https:")
        return self._path(name)

    def _path(self, name: str) -> str:
        if self._folder is None and not name.startswith("/"):
            raise InvalidField("names a photo by a relative path; in a message paths must be absolute")
        path = os.path.normpath((self._folder or Path("/")) / name)
        if self._roots is None:
            return path
        real = os.path.realpath(path)
        if not self._inside(Path(real)):
            raise InvalidField("names a photo outside the folders that messages may name")
        return real

    def _inside(self, real: Path) -> bool:
        return any(real.is_relative_to(root) for root in self._roots or ())


def _address(name: str, scheme: str) -> str:
    if scheme not in ("http", "https"):
        raise InvalidField(f"names a photo by {scheme}:, only paths, http: and https: are read")
    try:
        host = urlsplit(name).hostname
    except ValueError:
        host = None
    if not host:
        raise InvalidField("names a photo by an address without a host")
    return scheme + name[len(scheme) :]


def _names(value: object) -> list[str]:
    if isinstance(value, str):
        separator = _ADDRESSES if "://" in value else _PATHS
        return [name for piece in separator.split(value) if (name := piece.strip())]
    if isinstance(value, Mapping):
        value = next((value[key] for key in _KEYS if isinstance(value.get(key), str)), None)
        if value is None:
            raise InvalidField('is an object without "url", "src" or "path"')
        return [value.strip()] if value.strip() else []
    if isinstance(value, list | tuple):
        if any(isinstance(member, list | tuple) for member in value):
            raise InvalidField("is a list of lists, not of photos")
        return [name for member in value for name in ([member.strip()] if isinstance(member, str) else _names(member)) if name]
    if value is None:
        return []
    raise InvalidField("is neither a path nor an address")
