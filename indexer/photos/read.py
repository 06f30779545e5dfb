"""A photo's bytes from a disk: regular files only, within a size."""

import os
import stat
from pathlib import Path

from indexer.errors import UnusablePhoto


def read(path: str | Path, *, limit_bytes: int) -> bytes:
    """The file's bytes.

    Raises FileNotFoundError where there is no such file (it may come later), and UnusablePhoto for what is no regular
    file, can't be read, or is larger than `limit_bytes`. Never waits: a pipe or a device is refused unread.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"No photo at {path}.") from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise UnusablePhoto(f"The photo {str(path)!r} can't be opened: {_reason(error)}.") from error
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode):
        os.close(handle)
        raise UnusablePhoto(f"The photo {path} is no regular file.")
    with os.fdopen(handle, "rb") as file:
        try:
            data = file.read(limit_bytes + 1)  # one more than allowed, as the file may grow after fstat
        except OSError as error:
            raise UnusablePhoto(f"The photo {path} can't be read: {_reason(error)}.") from error
    if len(data) > limit_bytes:
        raise UnusablePhoto(
            f"The photo {path} has {max(facts.st_size, len(data)):,} bytes, more than {limit_bytes:,}.",
            cure="Make it smaller, or raise FUSEDEX_FEED__PHOTO_BYTES.",
        )
    return data


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
