"""An object store as the place of the photos: S3 and what speaks like it, Google Cloud Storage, Azure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from indexer.errors import SettingsError
from indexer.photos.blobs import Blob

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

SCHEMES = ("s3", "gs", "az")


class ObjectBlobs:
    """Objects under one prefix, through obstore; credentials come from the environment, as the store's own tools read them."""

    def __init__(self, url: str, options: Sequence[str] = ()) -> None:
        """Open the store, without asking it anything yet; `options` are `name=value`, as obstore names them.

        Raises SettingsError for an address or an option that it does not know, and where obstore is not installed.
        """
        self._store = _opened(url, dict(option.partition("=")[::2] for option in options))

    def get(self, name: str) -> bytes | None:
        """The bytes, or None."""
        with _store_errors(name):
            try:
                return bytes(self._store.get(name).bytes())
            except FileNotFoundError:
                return None

    def put(self, name: str, data: bytes) -> None:
        """Keep bytes, in one request: an object appears as a whole."""
        with _store_errors(name):
            self._store.put(name, data, use_multipart=False)

    def touch(self, name: str, data: bytes) -> None:
        """Write again: stores set an object's time in no other way that all of them share."""
        self.put(name, data)

    def delete(self, names: Sequence[str]) -> None:
        """Let go, in one request where the store can do that (option `disable_bulk_delete=true` where it can't)."""
        with _store_errors(f"{len(names)} objects"):
            try:
                self._store.delete(list(names))
            except FileNotFoundError:
                return

    def walk(self, folder: str) -> Iterator[Blob]:
        """Every object below, a page at a time."""
        with _store_errors(folder):
            for page in self._store.list(f"{folder}/", chunk_size=1000):
                yield from (Blob(found["path"], found["size"], found["last_modified"].timestamp()) for found in page)

    def tidy(self) -> None:
        """Nothing to do: an object that was not written whole is not there."""


def _opened(url: str, options: dict[str, str]) -> "ObjectStore":
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError as error:
        raise SettingsError(
            "FUSEDEX_PHOTOS__STORE names an object store, and obstore is not installed.",
            cure="Install it: pip install 'fusedex[objects]'.",
        ) from error
    if url.partition("://")[0] not in SCHEMES:
        raise SettingsError(
            f"FUSEDEX_PHOTOS__STORE begins with none of {', '.join(f'{scheme}://' for scheme in SCHEMES)}; a folder has none."
        )
    client: ClientConfig = {"timeout": "30s", "connect_timeout": "5s"}
    if options.get("endpoint", "").startswith("http://"):
        client["allow_http"] = True
    # The store's own patience would be minutes, while photos wait; what fails here is asked of the photo's host instead.
    retries: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
    try:
        # The options' names are the user's; obstore checks them against those of the store that the address names.
        return from_url(url, config=cast("S3Config", options), client_options=client, retry_config=retries)
    except (BaseError, ValueError, TypeError) as error:
        raise SettingsError(f"FUSEDEX_PHOTOS__STORE can't be opened: {error}") from error


@contextmanager
def _store_errors(name: str) -> Iterator[None]:
    """Translate all that obstore raises into OSError; never with the store's address, which may hold a key."""
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        raise OSError(f"The photo store fails on {name}: {type(error).__name__}") from error
