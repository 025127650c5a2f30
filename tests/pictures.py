"""Pictures for tests: a PNG of any size, and an SVG."""

from __future__ import annotations

import struct
import zlib

SVG = b"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 300 60">
<style>.a { fill: url(#b); }</style><defs><linearGradient id="b"><stop stop-color="#e30613"/></linearGradient></defs>
<rect class="a" width="300" height="60"/><use xlink:href="#b"/></svg>
"""


def png(width: int, height: int) -> bytes:
    """A grey PNG."""
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
