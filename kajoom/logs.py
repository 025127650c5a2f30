"""The log: one line for each event, on standard error."""

from __future__ import annotations

import logging
import sys
from pkgutil import resolve_name

_HANDLER = "kajoom"


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Loads what formats a line with the first one: most commands write none."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        if self.formatter is None:
            self.formatter = resolve_name("kajoom.log_lines:formatter")()
        return super().format(record)


def configure_logging() -> None:
    """Send the events of this process to standard error; again, it changes nothing.

    Those of the application are logged from the level INFO on, those of libraries from WARNING on.
    """
    root = logging.getLogger()
    if not any(each.name == _HANDLER for each in root.handlers):
        handler = _Handler(sys.stderr)
        handler.name = _HANDLER
        root.addHandler(handler)
    logging.getLogger("kajoom").setLevel(logging.INFO)
