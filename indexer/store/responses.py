"""Search answers read: hits to products, scores to cosines, and whatever failed told."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from indexer.errors import IndexMissing, StoreBlocked, StoreBusy, StoreError, StoreUnavailable
from indexer.store.base import ExactLeg, ExplainLeg, ExtraLeg, Found, HybridLeg, Leg, LegAnswer, LtrLeg, NamedLeg, VectorLeg
from indexer.store.explaining import field_shares
from indexer.store.hybrid import refuse_raw
from indexer.store.identity import Description, Identity
from indexer.store.ltr import model_refused
from indexer.store.schema import VECTOR

Answer = Mapping[str, Any]
REASON_CAP = 500
NO_SHARES: Mapping[str, float] = {}


def leg_answers(alias: str, legs: Sequence[Leg], answer: Answer, *, index: str) -> list[LegAnswer]:
    """Each leg's answer, in order; `index` names the index of a leg that found nothing.

    A leg that failed while another did not says so in its answer, and names the index of that other. Raises the first one's
    StoreError where all failed, and StoreError for an expert's extra query that the server refuses: a mistake, not a failure.
    """
    items = answer.get("responses", [])
    if len(items) != len(legs):
        raise StoreUnavailable(f"{len(legs)} searches were answered by {len(items)} answers.")
    answers: list[LegAnswer | StoreError] = []
    for leg, item in zip(legs, items, strict=True):
        try:
            answers.append(_leg_answer(alias, leg, item, index))
        except StoreError as error:
            if isinstance(leg, ExtraLeg) and type(error) is StoreError:
                raise _extra_refused(error) from error
            answers.append(model_refused(leg, error) if isinstance(leg, LtrLeg) and type(error) is StoreError else error)
    whole = [one for one in answers if isinstance(one, LegAnswer)]
    failed = [one for one in answers if isinstance(one, StoreError)]
    if failed and not whole:
        raise failed[0]
    name = index or next((one.index for one in whole if one.index), "")
    return [one if isinstance(one, LegAnswer) else LegAnswer(found=(), index=name, error=one.message) for one in answers]


def checked(alias: str, item: Answer) -> Answer:
    """The item itself, if it is a whole answer. Raises the StoreError class of what it tells: an error, failed shards, a time-out."""
    if "error" in item:
        raise told_error(alias, int(item.get("status", 500)), item)
    shards = item.get("_shards", {})
    if shards.get("failed"):
        reasons = {_innermost(failure.get("reason", {})) for failure in shards.get("failures", ())}
        raise StoreUnavailable(
            f"{shards['failed']} of {shards.get('total')} shards of {alias!r} did not answer: {'; '.join(sorted(reasons))[:REASON_CAP]}."
        )
    if item.get("timed_out"):
        raise StoreUnavailable(f"The search of {alias!r} ran out of time on the server.")
    return item


def told_error(alias: str, status: int, body: object) -> StoreError:
    """The error that a status and an error body mean, whether of a whole request or of one item."""
    told = body.get("error", {}) if isinstance(body, Mapping) else {}
    kind = str(told.get("type", "")) if isinstance(told, Mapping) else ""
    reason = _innermost(told) if isinstance(told, Mapping) else str(told)
    error = error_class(status, kind)(_sentence(alias, status, kind, reason), cure=_cure(status, kind))
    error.status, error.kind = status, kind
    return error


def description(index: str, identity: Identity, answer: Answer) -> Description:
    """How the index stands, from the answer to requests.describe_body."""
    names = [bucket["key"] for bucket in answer.get("aggregations", {}).get("names", {}).get("buckets", ())]
    return Description(index=index, identity=identity, products=int(answer["hits"]["total"]["value"]), attributes=tuple(sorted(names)))


def _leg_answer(alias: str, leg: Leg, item: Answer, index: str) -> LegAnswer:
    shards = item.get("_shards", {})
    lost = int(shards.get("failed", 0))
    if "error" in item or item.get("timed_out") or lost >= max(1, int(shards.get("total", 1))):
        checked(alias, item)
    hits = item["hits"]["hits"]
    if isinstance(leg, HybridLeg):
        refuse_raw(leg, [hit.get("_score") for hit in hits])
    found = _found(leg, hits)
    if isinstance(leg, NamedLeg):
        places = {id_: place for place, id_ in reversed(list(enumerate(leg.ids)))}
        found.sort(key=lambda one: places[one.id])
    elif isinstance(leg, HybridLeg | LtrLeg):
        found.sort(key=lambda one: (-one.score, one.id))
    name = hits[0]["_index"] if hits else index
    return LegAnswer(found=tuple(found), index=name, took_ms=float(item.get("took", 0)), shards_failed=lost)


def _found(leg: Leg, hits: Sequence[Answer]) -> list[Found]:
    if isinstance(leg, NamedLeg):
        return [_named(hit) for hit in hits]
    if isinstance(leg, LtrLeg):
        return [Found(hit["_id"], hit["_score"], {}, None, NO_SHARES) for hit in hits]
    if isinstance(leg, ExplainLeg):
        return [Found(hit["_id"], hit["_score"], hit["_source"], None, field_shares(hit["_explanation"])) for hit in hits]
    if isinstance(leg, VectorLeg | ExactLeg):
        return [Found(hit["_id"], _cosine(hit["_score"]), hit["_source"], None, NO_SHARES) for hit in hits]
    return [Found(hit["_id"], hit["_score"], hit["_source"], None, NO_SHARES) for hit in hits]


def _cosine(score: float) -> float:
    # (1 + cosine) / 2 is the score of cosinesimil, for the graph and for knn_score alike
    return cosine if -1.0 <= (cosine := 2.0 * score - 1.0) <= 1.0 else max(-1.0, min(1.0, cosine))


def _named(hit: Answer) -> Found:
    source = hit["_source"]
    if VECTOR not in source:
        return Found(hit["_id"], 0.0, source)
    row = np.asarray(source[VECTOR], dtype=np.float32)
    # as a list the row takes ten times its room, for as long as the hit is kept
    return Found(hit["_id"], 0.0, {name: value for name, value in source.items() if name != VECTOR}, row)


def _extra_refused(error: StoreError) -> StoreError:
    refusal = StoreError(f"The extra query can't be answered: {error.message}", cure="Try it by itself against the server's _search.")
    refusal.status, refusal.kind = error.status, error.kind
    return refusal


def error_class(status: int, kind: str) -> type[StoreError]:
    """The class of a status and the server's own name for the error; a block is told as 403 or as 429."""
    if kind in ("index_not_found_exception", "alias_not_found_exception"):
        return IndexMissing
    if kind == "cluster_block_exception":
        return StoreBlocked
    if status == 429:
        return StoreBusy
    return StoreUnavailable if status in (502, 503, 504) else StoreError


def _sentence(alias: str, status: int, kind: str, reason: str) -> str:
    if kind == "index_not_found_exception":
        return f"There is no index or alias {alias!r}."
    told = f"{kind}: {reason}" if kind and reason else kind or reason or "without a reason"
    return f"OpenSearch answered {status} for {alias!r}: {told[:REASON_CAP]}."


def _cure(status: int, kind: str) -> str:
    if kind == "index_not_found_exception":
        return "Feed some products first, or set FUSEDEX_INDEX__ALIAS to the alias that has them."
    if kind == "cluster_block_exception":
        return "A full disk does that: make room, then it takes writes again by itself."
    if status in (401, 403):
        return "Check the user, the password and the rights in FUSEDEX_OPENSEARCH_URL."
    return ""


def _innermost(told: Mapping[str, Any]) -> str:
    # the outer reason is often "all shards failed"; the cause says why
    for cause in (*told.get("root_cause", ()), told.get("caused_by")):
        if isinstance(cause, Mapping) and cause.get("reason") and cause.get("reason") != told.get("reason"):
            return str(cause["reason"])
    failed = told.get("failed_shards") or ()
    if failed and isinstance(failed[0], Mapping) and isinstance(failed[0].get("reason"), Mapping):
        return _innermost(failed[0]["reason"])
    return str(told.get("reason") or "")
