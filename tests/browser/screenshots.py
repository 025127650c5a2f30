"""Screenshots of the demonstration for the documentation: ``python -m tests.browser.screenshots [FOLDER]``.

Without a folder they replace those of ``docs/images``.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import launch_chromium, sign_in
from tests.browser.live_app import LiveApp
from tests.browser.steps import HOSTING, confirm

_IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
_MAX_BYTES = 120_000
_BOX = ("x", "y", "width", "height", "scale")
_QUALITIES = (85, 70, 55, 40)
_STEPS = {"product": "", "choice": "/plan?plan=b&cycle=monthly", "review": "/plan/review?plan=b&cycle=monthly"}


_STAFF_STEPS = {
    "tasks": "/staff",
    "client": "/staff/clients/1",
    "payments": "/staff/payments?q=109.23",
    "terms": "/staff/services/1/terms/review?price=165",
}
"""A morning of the host's agent, in the order of docs/operate.md."""


@dataclass(frozen=True)
class View:
    """A language, colour scheme and window size, and the ``steps`` whose screenshots are kept.

    ``is_whole`` for the whole page; otherwise what the window shows of the panel.
    """

    name: str
    language: str
    scheme: str
    width: int
    height: int
    steps: tuple[str, ...]
    is_whole: bool = True


_VIEWS = (
    View("desk", "fr", "light", 1280, 900, ("product", "choice", "review", "order")),
    View("phone", "fr", "dark", 390, 844, ("choice",), is_whole=False),
    View("english", "en", "light", 1280, 900, ("product",)),
)


def take_screenshots(browser: Browser, app: LiveApp, view: View) -> Iterator[tuple[str, bytes]]:
    """The screenshot of each step of a change, by name; the order is shown once it is operational."""
    app.restore()
    options: dict[str, Any] = {
        "viewport": {"width": view.width, "height": view.height},
        "color_scheme": view.scheme,
        "storage_state": sign_in(browser, app.address, view.language),
    }
    context = browser.new_context(base_url=app.address, **options)
    page = context.new_page()
    for step, path in _STEPS.items():
        page.goto(app.service_path(HOSTING[view.language]) + path)
        yield step, screenshot_of(page, view.is_whole)
    confirm(page)
    app.work()
    page.reload()
    expect(page.locator("#order-status")).to_have_attribute("data-status", "completed")
    yield "order", screenshot_of(page, view.is_whole)
    context.close()


def take_staff_screenshots(browser: Browser, app: LiveApp) -> Iterator[tuple[str, bytes]]:
    """The screenshot of each page of staff, by name: in French."""
    app.restore()
    session = sign_in(browser, app.address, "staff")
    context = browser.new_context(
        base_url=app.address, viewport={"width": 1280, "height": 720}, storage_state=session, locale="fr-CA"
    )
    page = context.new_page()
    for step, path in _STAFF_STEPS.items():
        page.goto(path)
        yield step, screenshot_of(page, is_whole=step != "client")
    context.close()


def screenshot_of(page: Page, is_whole: bool) -> bytes:
    """The page as WebP, at the best quality below ``_MAX_BYTES``; whole, or the window, at its panel if it has one."""
    page.evaluate("() => document.activeElement.blur()")
    area: dict[str, Any] = {}
    if is_whole:
        size = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        area = {"captureBeyondViewport": True, "clip": dict(zip(_BOX, (0, 0, *size, 1), strict=True))}
    else:
        page.evaluate("() => document.querySelector('#panel')?.scrollIntoView()")
    session = page.context.new_cdp_session(page)
    image = b""
    for quality in _QUALITIES:
        options = {"format": "webp", "quality": quality, **area}
        image = base64.b64decode(session.send("Page.captureScreenshot", options)["data"])
        if len(image) <= _MAX_BYTES:
            break
    return image


def main(folder: Path) -> None:
    """Write every screenshot to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, launch_chromium() as browser:
        app = LiveApp(Path(temporary))
        for view in _VIEWS:
            for step, image in take_screenshots(browser, app, view):
                if step in view.steps:
                    (folder / f"{step}-{view.name}.webp").write_bytes(image)
        for step, image in take_staff_screenshots(browser, app):
            (folder / f"staff-{step}.webp").write_bytes(image)
        app.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _IMAGES)
