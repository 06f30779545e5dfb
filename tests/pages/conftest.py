"""A browser, and the page served by a real server. Without Chromium: skipped at home, and loudly; failed in CI."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.unit.service.web import web_app

PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)

ARGUMENTS = [
    "--no-sandbox",  # root has none, and the only page is ours
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


# Not for the session: the driver keeps an event loop running in this thread, and tests of asyncio that come after it need their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        reason = "no Chromium is installed, so the page was NOT tested in a browser (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the page is: a server in a thread, on a free port."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(web_app(), log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@dataclass
class Seen:
    """What a page complained of, and how often it was loaded anew."""

    complaints: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)


def opened(context: BrowserContext) -> tuple[Page, Seen]:
    page, seen = context.new_page(), Seen()
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", lambda message: seen.complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("load", lambda loaded: seen.loads.append(loaded.url))
    return page, seen


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page with scripts; the test fails if the page complains of anything (a broken policy is such a complaint)."""
    with browser.new_context(base_url=address, viewport={"width": 1280, "height": 900}) as context:
        page, seen = opened(context)
        yield page
        assert seen.complaints == []


@pytest.fixture
def plain(browser: Browser, address: str) -> Iterator[Page]:
    """A page without scripts."""
    with browser.new_context(base_url=address, java_script_enabled=False) as context:
        page, seen = opened(context)
        yield page
        assert seen.complaints == []


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """A narrow page with touch."""
    with browser.new_context(base_url=address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as context:
        page, seen = opened(context)
        yield page
        assert seen.complaints == []
