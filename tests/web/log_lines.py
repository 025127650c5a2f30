"""The lines of the log, as they are written in production."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest

from kajoom.log_lines import formatter


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Collects the lines: of the application from INFO on, of libraries from WARNING on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter())
    root, own = logging.getLogger(), logging.getLogger("kajoom")
    level = own.level
    root.addHandler(handler)
    own.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    own.setLevel(level)


def events(lines: io.StringIO) -> set[str]:
    """The events that were logged."""
    return {quoted or plain for quoted, plain in re.findall(r'event=(?:"([^"]+)"|(\S+))', lines.getvalue())}
