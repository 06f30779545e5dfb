"""All products fused again, from their cached parts: after other weights, or another checkpoint, and without a model run.

A pass over the ledger is a job of its own: its arrival tells what was made before it, its commit that the walk reached the end.
So a pass that was cut short goes on where the same command is given again, and one that was not is found to be done.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from indexer.encoders import Encoders
from indexer.errors import IndexMissing, LedgerError
from indexer.ledger.base import Job, Ledger, Standing
from indexer.observe import log
from indexer.store.base import ProductStore
from indexer.store.identity import Identity
from indexer.store.versions import check_adoption

PASSES = "refusals"
"""The counter of passes; the last one's job has this number in its id."""
FUSE, CLEAN = "refuse-all", "refuse-all --clean"
"""A pass's source: only fuse again, or clean the texts and read the photos again too."""

SKEW_US = 60_000_000
"""Rows given out so soon after a pass began are done again: the clock of the machine that gave them out may be ahead of ours."""
AT_ONCE = 1000
ROLE, ROLE_S = "refuse-all", 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A walk over all products that sets them to work: `began` in microseconds since 1970 by the ledger's clock.

    `adopted`: another recipe was put in force for it, just now. `done`: the walk reached its end.
    """

    id: str
    clean: bool
    began: int
    adopted: bool = False
    done: bool = False


def begin(ledger: Ledger, store: ProductStore, encoders: Encoders, *, clean: bool = False) -> Pass | None:
    """The pass to go on with: a new one where the recipe changed or `clean` asks for it, else the last; None: there never was one.

    Puts the encoders' recipe in force and rewrites the index's identity. Raises EncoderMismatch, with nothing done, where
    more than the fusion changed, ForeignLedger, LedgerError while another process begins one, and StoreError classes.
    """
    upgrade = ledger.next.upgrade()
    if upgrade is not None and not upgrade.ended:
        raise LedgerError(
            f"Upgrade {upgrade.number} is under way ({upgrade.step}): its old index must stay what it is.",
            cure="End it first: fusedex upgrade clean",
        )
    owner = uuid.uuid4().hex
    if not ledger.lead(ROLE, owner=owner, ttl_s=ROLE_S):
        raise LedgerError("Another process begins to fuse all products again at this moment.", cure=f"Try again in {ROLE_S:.0f} s.")
    try:
        return _begin(ledger, store, encoders, clean=clean)
    finally:
        ledger.lead(ROLE, owner=owner, ttl_s=0)


def _begin(ledger: Ledger, store: ProductStore, encoders: Encoders, *, clean: bool) -> Pass | None:
    identity = encoders.identity(ledger.id)
    found, recipe, last = _identity(store, identity), ledger.recipe(), _last(ledger)
    adopting = found not in (None, identity) or recipe not in ("", encoders.recipe)
    unfinished = last if last is not None and not last.done else None
    clean = clean or (unfinished is not None and unfinished.clean)
    if adopting:
        return _new_pass(ledger, store, encoders, clean=clean, adopted=True)
    if found is not None and not recipe:
        ledger.set_recipe(encoders.recipe)  # an index from before there were recipes: it has been made by this one
    if unfinished is not None and unfinished.clean == clean:
        return unfinished
    return _new_pass(ledger, store, encoders, clean=True, adopted=False) if clean else last


def _new_pass(ledger: Ledger, store: ProductStore, encoders: Encoders, *, clean: bool, adopted: bool) -> Pass:
    # The order is for a cut at any place. First the recipe, so that all that is finished from here on is made by it; then the
    # pass, which by its arrival knows what is older; then its number, so that it is the one found again; the index's identity
    # last, since that is what tells the next try that all of this is still to be done.
    ledger.set_recipe(encoders.recipe)
    number = _number(ledger) + 1
    job = ledger.begin_job(_job_id(number), CLEAN if clean else FUSE)
    ledger.count(**{PASSES: 1})
    try:
        store.adopt(encoders.identity(ledger.id))
    except IndexMissing:
        log.debug("no_index_to_adopt")  # whoever makes it gives it this identity
    return replace(_pass(job), adopted=adopted)


def walk_again(ledger: Ledger, current: Pass, *, on_progress: Callable[[int], None] = lambda _: None, page: int = AT_ONCE) -> int:
    """Set every live product to work that was given out before the pass; how many. `on_progress` gets the products looked at.

    What is dirty already will be made by the new recipe as it is; dead letters stay. Raises LedgerUnavailable.
    """
    looked = again = 0
    after = ""
    while standings := ledger.walk(after=after, limit=page):
        wanted = {one.id: 0 for one in standings if _wanted(one, current)}
        again += ledger.redo(wanted, lane="backfill", forget_parts=current.clean) if wanted else 0
        looked += len(standings)
        on_progress(looked)
        after = standings[-1].id
    ledger.commit_job(current.id, {"again": again})
    return again


def _wanted(one: Standing, current: Pass) -> bool:
    made = one.live and not one.buried and 0 < one.row_version < current.began + SKEW_US
    # a dirty row's texts were perhaps cleaned before: what is recorded of it has to be forgotten as well
    return made and (current.clean or not one.dirty)


def _identity(store: ProductStore, wanted: Identity) -> Identity | None:
    """The index's identity, None without an index. Raises EncoderMismatch and others where it can't become the wanted one."""
    try:
        described = store.describe(fresh=True)
    except IndexMissing:
        return None
    check_adoption(described.index, described.identity, wanted)
    return described.identity


def _last(ledger: Ledger) -> Pass | None:
    job = ledger.job(_job_id(_number(ledger)))
    return _pass(job) if job else None


def _pass(job: Job) -> Pass:
    return Pass(id=job.id, clean=job.source == CLEAN, began=job.arrival, done=job.committed)


def _number(ledger: Ledger) -> int:
    return ledger.counts().counters.get(PASSES, 0)


def _job_id(number: int) -> str:
    return f"refuse-all-{number}"
