"""The browser of this machine, and what it keeps once a client of the demonstration has signed in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, StorageState, sync_playwright

PASSWORD = "kajoom-demonstration"

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def installed() -> str | None:
    """Where Chromium is, or ``None``."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser, for as long as it is needed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=_FLAGS)
        yield browser
        browser.close()


def signed_in(browser: Browser, address: str, language: str) -> StorageState:
    """The session of the client who reads ``language``, begun by hand."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/login")
    page.locator("#email").fill(f"{language}@example.com")
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    page.wait_for_url("**/services")
    kept = context.storage_state()
    context.close()
    return kept
