"""The service put together: routes, error pages, static files, and the guard before them all."""

from collections.abc import Collection
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from indexer.service.asking import Searching
from indexer.service.errors import add_error_pages
from indexer.service.gallery import Gallery
from indexer.service.guard import Guard
from indexer.service.pages import STATIC
from indexer.service.routes import api, health, page, photos
from indexer.service.uploads import Uploads
from indexer.settings import Settings


def make_app(searcher: Searching, *, settings: Settings, hosts: Collection[str] | None = None) -> FastAPI:
    """The web application over a searcher. `hosts` are the names it answers under; None means any.

    It closes nothing: whoever made the searcher ends it.
    """
    # The framework's own documentation pages load scripts from elsewhere; the description itself is served.
    app = FastAPI(title="fusedex", version=version("fusedex"), docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json")
    app.state.searcher = searcher
    app.state.settings = settings
    app.state.gallery = Gallery(searcher, settings.feed)
    app.state.uploads = Uploads()
    for routes in (page, api, photos, health):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_error_pages(app)
    app.add_middleware(Guard, hosts=hosts)
    return app
