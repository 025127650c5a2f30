"""Take the README's pictures of the demonstration: ``python -m tests.browser.screenshots [FOLDER]``.

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

from tests.browser.chromium import launched, signed_in
from tests.browser.journey import HOSTING, confirm
from tests.browser.live_app import LiveApp

_IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
_LARGEST = 120_000
_QUALITIES = (85, 70, 55, 40)
_STEPS = {"product": "", "choice": "/plan?plan=b&cycle=monthly", "review": "/plan/review?plan=b&cycle=monthly"}


@dataclass(frozen=True)
class View:
    """How the pages are seen, and the ``steps`` of which a picture is kept."""

    name: str
    language: str
    scheme: str
    width: int
    height: int
    steps: tuple[str, ...]


_VIEWS = (
    View("desk", "fr", "light", 1280, 900, ("product", "choice", "review", "order")),
    View("phone", "fr", "dark", 390, 844, ("choice",)),
    View("english", "en", "light", 1280, 900, ("product",)),
)


def pictures(browser: Browser, app: LiveApp, view: View) -> Iterator[tuple[str, bytes]]:
    """Each step of a change by its name, the order once it is operational."""
    app.restore()
    options: dict[str, Any] = {
        "viewport": {"width": view.width, "height": view.height},
        "color_scheme": view.scheme,
        "storage_state": signed_in(browser, app.address, view.language),
    }
    context = browser.new_context(base_url=app.address, **options)
    page = context.new_page()
    for step, path in _STEPS.items():
        page.goto(app.service(HOSTING[view.language]) + path)
        yield step, picture(page)
    confirm(page)
    app.work()
    page.reload()
    expect(page.locator("#order-status")).to_have_attribute("data-status", "completed")
    yield "order", picture(page)
    context.close()


def picture(page: Page) -> bytes:
    """The whole page as WebP, at the best quality that keeps it light."""
    page.evaluate("() => document.activeElement.blur()")
    size = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
    browser = page.context.new_cdp_session(page)
    taken = b""
    for quality in _QUALITIES:
        options = {"format": "webp", "quality": quality, "captureBeyondViewport": True, "clip": clip}
        taken = base64.b64decode(browser.send("Page.captureScreenshot", options)["data"])
        if len(taken) <= _LARGEST:
            break
    return taken


def main(folder: Path) -> None:
    """Take every picture into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, launched() as browser:
        app = LiveApp(Path(place))
        for view in _VIEWS:
            for step, taken in pictures(browser, app, view):
                if step in view.steps:
                    (folder / f"{step}-{view.name}.webp").write_bytes(taken)
        app.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _IMAGES)
