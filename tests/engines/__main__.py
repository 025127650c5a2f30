"""Drive a change of plan in Firefox and WebKit, and keep screenshots: ``python -m tests.engines [FOLDER]``.

Exits with 1 when an engine fails, or when none could be had.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from selenium.common.exceptions import WebDriverException

from tests.browser.live_app import LiveApp
from tests.engines.drivers import ENGINES, EngineIsMissing, clear_proxies
from tests.engines.flow import change_plan
from tests.engines.page import Size

_LOOKS = (
    ("desk", "light", "fr", Size(1280, 900)),
    ("phone", "dark", "fr", Size(390, 844)),
    ("tablet", "light", "en", Size(820, 1100)),
)
_FOLDER = Path("instance/engines")


def drive(engine: str, app: LiveApp, folder: Path) -> bool:
    """Whether an engine does every step in every look; its screenshots are written to ``folder``."""
    for name, scheme, language, size in _LOOKS:
        app.restore()
        files = folder / f"{engine.lower()}-{name}-{scheme}"
        files.mkdir(parents=True, exist_ok=True)
        try:
            with ENGINES[engine](scheme, size) as page:
                change_plan(page, app, language, files)
        except (AssertionError, WebDriverException) as error:
            print(f"{engine}, {name}, {scheme}, {language}: FAILED: {error}")
            return False
        print(f"{engine}, {name}, {scheme}, {language}: passed")
    return True


def main(folder: Path) -> int:
    """Drive every engine that is installed."""
    clear_proxies()
    passed: list[bool] = []
    with tempfile.TemporaryDirectory() as temporary:
        app = LiveApp(Path(temporary))
        for engine in ENGINES:
            try:
                passed.append(drive(engine, app, folder))
            except EngineIsMissing as error:
                print(f"{engine}: not tried, it is not installed here ({error})")
        app.close()
    print(f"Screenshots: {folder}")
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER))
