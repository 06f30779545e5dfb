"""The service over the small shop: the store's twin, encoders without weights, the thirty products and two troublemakers."""

import io
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from indexer.errors import IndexerError
from indexer.read_path import AsyncSearcher
from indexer.records import Answer, Money, Photo, Product, Query
from indexer.service.app import make_app
from indexer.settings import SearchSettings, Settings
from indexer.store.identity import Description
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import AsyncTwin, encoders, fill, products

EVIL = '<script>window.hit=1</script><img src=x onerror="window.hit=1">'


def goods() -> list[Product]:
    """The catalogue, a product whose texts are an attack, and one whose id and photos are awkward."""
    attack = Product(id="evil", title=f"Mug {EVIL}", description=EVIL, brand=EVIL, category=(EVIL,), attributes={"colour": EVIL})
    return [*products(), attack]


def searcher(catalogue: Collection[Product] | None = None) -> AsyncSearcher:
    """A searcher over those products."""
    store = MemoryStore()
    fill(store, encoders(), goods() if catalogue is None else list(catalogue))
    return AsyncSearcher(AsyncTwin(store), encoders(), settings=SearchSettings(), photo_pixels=Settings().feed.photo_pixels)


def web_app(*, hosts: Collection[str] | None = None, catalogue: Collection[Product] | None = None) -> FastAPI:
    """The whole application."""
    return make_app(searcher(catalogue), settings=Settings(), hosts=hosts)


class Failing:
    """A searcher whose every question ends in the given error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def search(self, query: Query) -> Answer:
        raise self.error

    async def describe(self) -> Description:
        raise self.error


def failing_client(error: Exception) -> TestClient:
    """A client of a service whose searcher fails."""
    return TestClient(make_app(Failing(error), settings=Settings()), raise_server_exceptions=False)


class Unexpected(IndexerError):
    """An error of ours that is nobody's mistake and will not pass."""


def awkward(path: Path) -> list[Product]:
    """Products whose photos can't be shown, one by one, and one with a hostile id whose second photo can."""
    good = path / "good.png"
    good.write_bytes(png())
    (path / "text.jpg").write_text("no photo")
    (path / "secret.txt").write_text("a secret")
    base = Product(id="", title="Thing", price=Money(100, "EUR"))
    return [
        replace(base, id="../etc/passwd", photos=(Photo("https://shop.example/a.jpg"), Photo(str(good)))),
        replace(base, id="gone", photos=(Photo(str(path / "gone.png")),)),
        replace(base, id="broken", photos=(Photo(str(path / "text.jpg")),)),
        replace(base, id="secret", photos=(Photo(str(path / "secret.txt")),)),
        replace(base, id="folder", photos=(Photo(str(path)),)),
    ]


def png(colour: str = "red", side: int = 32) -> bytes:
    """A small photo."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()
