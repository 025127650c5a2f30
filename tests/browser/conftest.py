"""A browser, the application behind a real server, and pages whose errors fail the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from tests.browser.chromium import chromium_path, launch_chromium, sign_in
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors

OpenPage = Callable[..., Page]

_TIMEOUT_MILLISECONDS = 10_000


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser; the test is skipped when Chromium is not installed."""
    if chromium_path() is None:
        pytest.skip("Chromium is not installed (Debian's package is chromium)")
    with launch_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def started_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    """The application and its server, started once, with the demonstration."""
    app = LiveApp(tmp_path_factory.mktemp("app"))
    yield app
    app.close()


@pytest.fixture
def live_app(started_app: LiveApp) -> LiveApp:
    """The application with the demonstration unchanged, at noon."""
    started_app.restore()
    return started_app


@pytest.fixture(scope="package")
def sessions(started_app: LiveApp, chromium: Browser) -> dict[str, StorageState]:
    """The session of each client, by language, and that of "staff"; they stay open whatever is restored."""
    started_app.restore()
    states = {name: sign_in(chromium, started_app.address, name) for name in ("fr", "en", "staff")}
    started_app.save()
    return states


@pytest.fixture
def page_errors() -> Iterator[PageErrors]:
    """Collects the errors of all pages; the test fails when there are others than it expects."""
    errors = PageErrors()
    yield errors
    assert errors.unexpected() == []


@pytest.fixture
def open_page(
    live_app: LiveApp, chromium: Browser, sessions: dict[str, StorageState], page_errors: PageErrors
) -> Iterator[OpenPage]:
    """Opens a page as a client, in a browser context of its own: ``open_page("fr", path, **context_options)``."""
    contexts: list[BrowserContext] = []

    def open_path(language: str, path: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=live_app.address, storage_state=sessions[language], **options)
        context.set_default_timeout(_TIMEOUT_MILLISECONDS)
        contexts.append(context)
        page_errors.listen_to(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_path
    for context in contexts:
        context.close()
