"""What to do where an upgrade can not take the step that was asked for."""

from indexer.ledger.base import Step

RESUME = "Go on: fusedex upgrade resume"
OVER = "It is over."
WHY = {
    Step.PLANNED: RESUME,
    Step.LISTING: RESUME,
    Step.BUILDING: "Wait until it is built and judged: fusedex upgrade resume",
    Step.REFUSED: "See why: fusedex upgrade status. To switch all the same: --whatever",
    Step.LIVE: "It is live.",
    Step.ROLLING_BACK: RESUME,
    Step.CLEANING: OVER,
    Step.DROPPING: OVER,
    Step.DONE: OVER,
    Step.DROPPED: OVER,
}
