"""The installed Chromium, and signing in to it as a client of the demonstration."""

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


def chromium_path() -> str | None:
    """The path of Chromium, or ``None`` if it is not installed."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def launch_chromium() -> Iterator[Browser]:
    """Start Chromium; close it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=_FLAGS)
        yield browser
        browser.close()


def sign_in(browser: Browser, address: str, name: str) -> StorageState:
    """Sign in as the client who reads ``name``, "fr" or "en", or as "staff"; returns the cookies."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/login")
    page.locator("#email").fill(f"{name}@example.com")
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    page.wait_for_url("**/staff" if name == "staff" else "**/services")
    state = context.storage_state()
    context.close()
    return state
