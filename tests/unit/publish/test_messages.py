"""Messages are checked by the same rule where they are sent and where they arrive."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import FeedError, MessageTooLarge
from indexer.publish.messages import AcceptMessage, WorkMessage, checked
from indexer.records import LANES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=4), max_size=5)


@given(rows=ROWS)
def test_rows_arrive_as_they_were_sent(rows: list[dict[str, object]]) -> None:
    payload = json.loads(json.dumps({"job_id": "j", "rows": rows}))
    message = checked(AcceptMessage, payload, limit_bytes=1_000_000)
    assert message.rows == payload["rows"]


@given(rows=ROWS, limit=st.integers(10, 400))
def test_the_limit_is_the_size_as_json_in_utf8(rows: list[dict[str, object]], limit: int) -> None:
    payload = {"job_id": "j", "rows": rows}
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    if size > limit:
        with pytest.raises(MessageTooLarge, match=f"{size:,} bytes"):
            checked(AcceptMessage, payload, limit_bytes=limit)
    else:
        checked(AcceptMessage, payload, limit_bytes=limit)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"job_id": "j"},
        {"job_id": "", "rows": []},
        {"job_id": "with space", "rows": []},
        {"job_id": "x" * 201, "rows": []},
        {"job_id": 7, "rows": []},
        {"job_id": "j", "rows": [], "feed": "/f"},
        {"job_id": "j", "feed": ""},
        {"job_id": "j", "rows": [1]},
        {"job_id": "j", "rows": {"id": 1}},
        {"job_id": "j", "rows": [], "more": 1},
    ],
)
def test_what_is_no_accept_message_is_refused(payload: dict[str, object]) -> None:
    with pytest.raises(FeedError, match="message"):
        checked(AcceptMessage, payload, limit_bytes=10_000)


@pytest.mark.parametrize("payload", [{}, {"lane": "fast"}, {"lane": None}, {"lane": "encode", "hints": 2}])
def test_what_is_no_hint_is_refused(payload: dict[str, object]) -> None:
    with pytest.raises(FeedError):
        checked(WorkMessage, payload, limit_bytes=10_000)


@pytest.mark.parametrize("lane", LANES)
def test_every_lane_is_a_hint(lane: str) -> None:
    assert checked(WorkMessage, {"lane": lane}, limit_bytes=100).lane == lane


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(FeedError, match="no JSON"):
        checked(AcceptMessage, {"job_id": "j", "rows": [{"id": object()}]}, limit_bytes=10_000)
