"""Photos, drawn small: products' by id and number, visitors' by the name that their upload was given."""

from fastapi import APIRouter, HTTPException, Request, Response

from indexer.service.gallery import Gallery
from indexer.service.uploads import Uploads

router = APIRouter(include_in_schema=False)


@router.get("/photos/{product_id:path}/{number:int}")
async def product_photo(request: Request, product_id: str, number: int) -> Response:
    """A thumbnail (WebP) of the product's photo of that number, from 0; 404 where there is none."""
    gallery: Gallery = request.app.state.gallery
    drawn = await gallery.thumbnail(product_id, number)
    if drawn is None:
        raise HTTPException(404, "This product has no such photo.")
    headers = {"etag": drawn.tag, "cache-control": "private, max-age=300"}
    if drawn.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(drawn.data, media_type="image/webp", headers=headers)


@router.get("/uploads/{name}")
async def upload(request: Request, name: str) -> Response:
    """A thumbnail of a visitor's photo while it is kept."""
    uploads: Uploads = request.app.state.uploads
    kept = uploads.get(name)
    if kept is None:
        raise HTTPException(410, "This photo is no longer kept.")
    return Response(kept.thumbnail, media_type="image/webp", headers={"cache-control": "private, no-store"})
