"""A browser, the house, and pages of it that are watched; each test finds the demonstration as it begins."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from tests.browser.chromium import installed, launched, signed_in
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import Watch

Visit = Callable[..., Page]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser of the machine."""
    if installed() is None:
        reason = "no Chromium on this machine: install Debian's package « chromium »"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    """The house, built and filled once."""
    house = LiveApp(tmp_path_factory.mktemp("house"))
    yield house
    house.close()


@pytest.fixture
def house(served: LiveApp) -> LiveApp:
    """The house at noon, as the demonstration begins."""
    served.restore()
    return served


@pytest.fixture(scope="package")
def sessions(served: LiveApp, chromium: Browser) -> dict[str, StorageState]:
    """What the browser of each client keeps once they have signed in."""
    served.restore()
    return {language: signed_in(chromium, served.address, language) for language in ("fr", "en")}


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Nothing goes wrong in any page but what the test provokes."""
    watch = Watch()
    yield watch
    assert watch.complaints() == []


@pytest.fixture
def visit(house: LiveApp, chromium: Browser, sessions: dict[str, StorageState], watch: Watch) -> Iterator[Visit]:
    """Open a page as the client of a language, in a browser of its own: ``visit("fr", address, **options)``."""
    contexts: list[BrowserContext] = []

    def opened(language: str, path: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=house.address, storage_state=sessions[language], **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        watch.over(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
