"""Whether searches can be answered."""

from fastapi import APIRouter, Request

from indexer.service.asking import Searching
from indexer.service.schemas import HealthOut

router = APIRouter()


@router.get("/healthz")
async def health(request: Request) -> HealthOut:
    """The index that answers and how many products it has; 503 while there is none or the engine is away."""
    searcher: Searching = request.app.state.searcher
    description = await searcher.describe()
    return HealthOut(status="ok", index=description.index, products=description.products)
