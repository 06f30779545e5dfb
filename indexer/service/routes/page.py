"""The page: one address for every state of it; a form post ends in that address too."""

import asyncio
from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from indexer.photos import thumbnail
from indexer.records import Answer
from indexer.service.asked import Asked, asked
from indexer.service.asking import Searching, answered, facet_names
from indexer.service.forms import read_form
from indexer.service.gallery import Gallery
from indexer.service.pages import render
from indexer.service.uploads import Uploads
from indexer.service.view import chips, facet_groups, steps
from indexer.settings import Settings

router = APIRouter(include_in_schema=False)
PREVIEW_SIDE = 320


@router.get("/")
async def page(request: Request) -> Response:
    """The page for an address; a photo that is no longer kept is said so (410)."""
    state = asked(request.query_params.multi_items())
    uploads: Uploads = request.app.state.uploads
    upload = uploads.get(state.photo) if state.photo else None
    if state.photo and upload is None:
        raise HTTPException(410, "The photo of this search is no longer kept. Choose it once more.")
    searcher: Searching = request.app.state.searcher
    description = await searcher.describe()
    answer = await answered(searcher, state, photo=upload.data if upload else None, facets=facet_names(description))
    gallery: Gallery = request.app.state.gallery
    gallery.remember(answer.hits)
    return render(request, "search.html", {**_context(state, answer), "products": description.products})


def _context(state: Asked, answer: Answer) -> dict[str, object]:
    return {
        "state": state,
        "answer": answer,
        "facets": facet_groups(answer, state),
        "chips": chips(state),
        "steps": steps(answer, state),
        "clear": state.without_filters().address(),
        "first": replace(state, page=1).address(),
        "no_photo": replace(state, photo="", lean=50, page=1).address(),
        "scored": bool(state.text or state.photo),
    }


@router.post("/")
async def submit(request: Request) -> Response:
    """Take the form, keep its photo for a while, and send the browser to the address that asks the same."""
    form = await read_form(request, file_field="image")
    state = replace(asked(form.pairs), page=1)
    if form.file is not None:
        state = replace(state, photo=await _kept(request, form.file))
    return RedirectResponse(state.address(), status_code=303)


async def _kept(request: Request, data: bytes) -> str:
    settings: Settings = request.app.state.settings
    uploads: Uploads = request.app.state.uploads
    # Drawn now: bytes that are no photo are refused at once, and the preview is there.
    small = await asyncio.to_thread(thumbnail, data, side=PREVIEW_SIDE, pixels=settings.feed.photo_pixels)
    return uploads.put(data, small)
