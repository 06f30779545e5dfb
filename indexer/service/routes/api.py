"""The JSON search: GET with a query string, POST with JSON or a form."""

import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from indexer.rank.as_json import AnswerJson, answer_json
from indexer.records import Answer
from indexer.service.asking import Searching
from indexer.service.forms import TYPES, media_type, read_form
from indexer.service.gallery import Gallery
from indexer.service.pages import photo_addresses
from indexer.service.schemas import ProblemOut, SearchIn, search_in

router = APIRouter(prefix="/v1")

_PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"content": {"application/problem+json": {"schema": ProblemOut.model_json_schema()}}, "description": words}
    for status, words in ((400, "it can't be searched"), (413, "too large"), (503, "try again later"))
}
_SCHEMA = SearchIn.model_json_schema()
_BODY = {"requestBody": {"content": {"application/json": {"schema": _SCHEMA}, "multipart/form-data": {"schema": _SCHEMA}}}}


@router.get("/search", responses=_PROBLEMS)
async def search_by_address(request: Request) -> JSONResponse:
    """Search by query string: `q`, `filter` and `facet` (both may repeat), `page`, `per_page`, `strategy`, `blend`."""
    pairs = request.query_params.multi_items()
    if any(name == "photo" for name, _ in pairs):
        raise HTTPException(400, "A photo does not fit into an address. Send it by POST.")
    return await _answer(request, search_in(pairs))


@router.post("/search", responses=_PROBLEMS, openapi_extra=_BODY)
async def search_by_body(request: Request) -> JSONResponse:
    """Search by JSON (the photo in base64) or by a form (the photo as the file `photo`)."""
    if media_type(request) in TYPES:
        form = await read_form(request, file_field="photo")
        file = [] if form.file is None else [("photo", form.file)]
        return await _answer(request, search_in([*form.pairs, *file]))
    if media_type(request) != "application/json":
        raise HTTPException(415, "Send application/json or multipart/form-data.")
    return await _answer(request, SearchIn.model_validate_json(await request.body()))


async def _answer(request: Request, wanted: SearchIn) -> JSONResponse:
    searcher: Searching = request.app.state.searcher
    answer = await searcher.search(wanted.query())
    gallery: Gallery = request.app.state.gallery
    gallery.remember(answer.hits)
    return JSONResponse(public_json(answer), headers={"cache-control": "no-store"})


def public_json(answer: Answer) -> AnswerJson:
    """The answer as JSON, its photos as addresses under this service: paths of this machine stay here."""
    told = answer_json(answer, moment=time.time_ns() // 1000)
    for hit, shown in zip(answer.hits, told["hits"], strict=True):
        remote = [photo.source for photo in hit.product.photos if photo.is_remote]
        shown["product"]["photos"] = [*photo_addresses(hit.product), *remote]
    return told
