"""`fusedex demo` from end to end in one process: a stack that starts nothing, the real command, a worker beside it."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner, Result

from indexer.cli import demo as command
from indexer.demo.catalogue import Catalogue
from indexer.errors import EngineDied
from indexer.read_path import Searcher
from indexer.records import LANES
from indexer.settings import SearchSettings
from tests.contract.read_path.shop import PIXELS
from tests.unit.service.web import png
from tests.unit.write_path.shop import Shop

PLACES = SimpleNamespace(opensearch_url="http://127.0.0.1:4321")
ROWS = [
    ("leather-sofa", "Leather Sofa", "brown", "1245.00 USD"),
    ("comfy-padded-chair", "Comfy Padded Chair", "grey", "130.00 USD"),
    ("runx", "RunX running shoes [black]", "black", "44.95 USD"),
    ("laptop", "Laptop", "silver", "1299.00 USD"),
    ("big-laptop", "Big laptop", "white", "2299.00 USD"),
]


@dataclass
class IdleStack:
    """Notes what it was asked to start and stop."""

    folder: Path
    running: bool = False
    done: list[str] = field(default_factory=list)

    @property
    def home(self) -> SimpleNamespace:
        return SimpleNamespace(folder=self.folder)

    def status(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(running=False), SimpleNamespace(running=self.running)]

    def up(self, progress: Callable[[str], None]) -> SimpleNamespace:
        progress("starting [nothing]")
        self.done.append("up")
        return PLACES

    def down(self, progress: Callable[[str], None]) -> None:
        self.done.append("down")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    over = threading.Event()

    def work() -> None:
        indexer = shop.another_indexer()
        while not over.wait(0.01):
            for lane in LANES:
                indexer.work(lane)

    thread = threading.Thread(target=work)
    thread.start()
    yield shop
    over.set()
    thread.join()
    shop.close()


@pytest.fixture
def stack(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IdleStack:
    stack = IdleStack(tmp_path)
    monkeypatch.setattr(command, "stack_from", lambda settings: stack)
    monkeypatch.setattr(command, "catalogue", lambda folder: products(tmp_path))
    monkeypatch.setattr(command, "build_indexer", lambda settings: shop.another_indexer())
    monkeypatch.setattr(
        command, "build_searcher", lambda settings: Searcher(shop.store, shop._encoders(), settings=SearchSettings(), photo_pixels=PIXELS)
    )
    return stack


def products(folder: Path) -> Catalogue:
    lines = []
    for product_id, title, colour, price in ROWS:
        photo = folder / f"{product_id}.png"
        photo.write_bytes(png(colour))
        lines.append(json.dumps({"id": product_id, "title": title, "price": price, "stock": 3, "photos": [str(photo)]}))
    feed = folder / "feed.jsonl"
    feed.write_text("\n".join(lines))
    return Catalogue(feed=feed, photos=folder, products=len(ROWS), fetched=False)


def run(*words: str) -> Result:
    app = typer.Typer()
    app.command()(command.demo)
    return CliRunner().invoke(app, words)


def test_once_feeds_searches_and_stops_what_it_started(stack: IdleStack, tmp_path: Path) -> None:
    result = run("--once")
    assert result.exit_code == 0, result.output
    assert stack.done == ["up", "down"]
    assert "5 encoded" in result.output
    assert "the first answer, " in result.output
    assert "RunX running shoes [black]" in result.output  # brackets of texts are no markup
    assert "starting [nothing]" in result.output
    for told in (str(tmp_path), PLACES.opensearch_url, "fusedex feed products.csv", "fusedex reset"):
        assert told in result.output
    laptops = result.output.split("price<1500")[1].split("candidates")[0]
    assert "1299.00 USD" in laptops
    assert "2299.00 USD" not in laptops


def test_a_second_run_encodes_nothing(stack: IdleStack) -> None:
    assert run("--once").exit_code == 0
    again = run("--once")
    assert again.exit_code == 0
    assert "Nothing to do: 0 encoded, 0 written." in again.output


def test_what_ran_before_is_left_running(stack: IdleStack) -> None:
    stack.running = True
    assert run("--once").exit_code == 0
    assert stack.done == ["up"]


def test_the_page_is_served_at_the_end(stack: IdleStack, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[int] = []
    monkeypatch.setattr(command, "serve", lambda door, settings, *, host: served.append(door.getsockname()[1]))
    result = run("--port", "0")
    assert result.exit_code == 0
    assert f"http://127.0.0.1:{served[0]}/" in result.output
    assert stack.done == ["up", "down"]


def test_what_was_started_is_stopped_when_the_tour_fails(stack: IdleStack, monkeypatch: pytest.MonkeyPatch) -> None:
    def died(settings: object) -> None:
        raise EngineDied("The engine is gone.")

    monkeypatch.setattr(command, "build_indexer", died)
    assert isinstance(run("--once").exception, EngineDied)
    assert stack.done == ["up", "down"]


def test_a_feed_that_does_not_become_searchable_is_a_failure(stack: IdleStack, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PATIENCE_S", 0)
    assert run("--once").exit_code == 1
    assert stack.done == ["up", "down"]
