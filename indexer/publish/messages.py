"""The two messages on the queue: checked where they are sent and again where they arrive."""

import json
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from indexer.errors import FeedError, MessageTooLarge
from indexer.records import Lane

WORK_TASK = "fusedex.work.v1"
ACCEPT_TASK = "fusedex.accept.v1"
ACCEPT_QUEUE = "accept"


class Message(BaseModel):
    """A frozen payload; a name in it that we do not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WorkMessage(Message):
    """A hint: the lane has work. It carries nothing else, so it may be lost, repeated or late."""

    lane: Lane


class AcceptTerms(Message):
    """On what terms; what is not named is as usual. `drop_limit` is a share, 0 to 1."""

    snapshot: bool = False
    drop_limit: float | None = Field(default=None, ge=0, le=1)
    max_rejects: int | None = Field(default=None, ge=0)


class AcceptMessage(Message):
    """Products to accept: raw rows, or the path of a feed that the workers see, under the job id that the sender made."""

    job_id: str = Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")
    rows: list[dict[str, JsonValue]] | None = None
    feed: str | None = Field(default=None, min_length=1, max_length=4096)
    terms: AcceptTerms = AcceptTerms()

    @model_validator(mode="after")
    def _one_of_both(self) -> "AcceptMessage":
        if (self.rows is None) == (self.feed is None):
            raise ValueError("give either rows or feed")
        return self


Kind = TypeVar("Kind", bound=Message)


def checked(kind: type[Kind], payload: Mapping[str, object], *, limit_bytes: int) -> Kind:
    """The message that the payload is.

    Raises MessageTooLarge when it has more than `limit_bytes` as JSON in UTF-8, FeedError when it is no such message.
    """
    try:
        size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    except (TypeError, ValueError, RecursionError) as error:
        raise FeedError(f"The message is no JSON: {error}.") from error
    if size > limit_bytes:
        raise MessageTooLarge(
            f"The message has {size:,} bytes, more than {limit_bytes:,}.",
            cure="Send fewer rows in each message, or the path of a feed file; FUSEDEX_FEED__MESSAGE_BYTES is the limit.",
        )
    try:
        return kind.model_validate(payload)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'message'}: {e['msg']}" for e in error.errors()[:5])
        raise FeedError(f"The message is wrong: {told}.") from error
