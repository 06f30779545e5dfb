"""Requests as values: what to ask is decided by generators without I/O; the synchronous and the asynchronous store only send."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Call:
    """One HTTP request. `body` is a dict (sent as JSON), ready NDJSON in bytes, or None; `timeout_s` None means the client's."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | bytes | None = None
    timeout_s: float | None = None


Plan = Generator[Call, Any, T]
"""Yields calls, is sent each one's decoded answer (or thrown its StoreError), and returns a T."""
