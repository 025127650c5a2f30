"""A page in a browser that speaks WebDriver: what a client does with it, and what is read from it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

_WAIT_SECONDS = 20
_PAINT_SECONDS = 0.5


class Size(NamedTuple):
    """A window, in CSS pixels."""

    width: int
    height: int


class Page:
    """The page that a browser shows."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def open(self, address: str) -> None:
        """Load an address."""
        self._driver.get(address)

    def read(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        return self._driver.execute_script(f"return {script}")

    def wait_for(self, script: str) -> None:
        """Wait until a JavaScript expression is true; ``AssertionError`` when it stays false."""
        end = time.monotonic() + _WAIT_SECONDS
        while not self.read(script):
            assert time.monotonic() < end, f"{script} stays false at {self.read('location.href')}"
            time.sleep(0.05)

    def fill(self, selector: str, text: str) -> None:
        """Type into a field."""
        self._driver.find_element("css selector", selector).send_keys(text)

    def click(self, selector: str) -> None:
        """Scroll to the first visible element and click it; the driver refuses one that is covered."""
        elements = self._driver.find_elements("css selector", selector)
        element = next(each for each in elements if each.is_displayed())
        self._driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def go_back(self) -> None:
        """Press the Back button."""
        self._driver.back()

    def save(self, path: Path) -> None:
        """Write a screenshot of the window, once what was done last is painted."""
        time.sleep(_PAINT_SECONDS)
        self._driver.save_screenshot(str(path))
