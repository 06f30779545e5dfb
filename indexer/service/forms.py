"""Forms: read whole under limits; what is no form is refused."""

from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

FIELDS = 100
FIELD_BYTES = 64_000
MULTIPART = "multipart/form-data"
TYPES = (MULTIPART, "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Form:
    """A form's text fields, in order, and its file's bytes (None without one, or where it is empty)."""

    pairs: tuple[tuple[str, str], ...]
    file: bytes | None


async def read_form(request: Request, *, file_field: str) -> Form:
    """The form of a request, with one file at most, named `file_field`.

    Raises HTTPException: 415 for another type, 400 for a broken or crowded form, 413 for one over the guard's limit.
    """
    if media_type(request) not in TYPES:
        raise HTTPException(415, "A form is expected here.")
    async with request.form(max_files=1, max_fields=FIELDS, max_part_size=FIELD_BYTES) as form:
        pairs = tuple((name, value) for name, value in form.multi_items() if isinstance(value, str))
        file = form.get(file_field)
        data = await file.read() if isinstance(file, UploadFile) else b""
    return Form(pairs, data or None)


def media_type(request: Request) -> str:
    """The body's media type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
