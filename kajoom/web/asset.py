"""A file to serve, named by a hash of its content, so that browsers may keep it for ever."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

_CONTENT_TYPES = {".css": "text/css", ".js": "text/javascript", ".png": "image/png", ".svg": "image/svg+xml"}

_CSS_COMMENTS = re.compile(rb"/\*.*?\*/", re.DOTALL)
_CSS_SPACE = re.compile(rb"\s*([{};,])\s*")


@dataclass(frozen=True)
class Asset:
    """A file: ``name`` holds its ``digest``, ``integrity`` is the value of a script's attribute."""

    name: str
    digest: str
    content_type: str
    content: bytes
    gzipped: bytes
    integrity: str


def make_asset(path: str, content: bytes) -> Asset:
    """Name a file by a hash of its content; a stylesheet without its comments and most of its spaces."""
    plain = PurePosixPath(path)
    if plain.suffix == ".css":
        content = _CSS_SPACE.sub(rb"\1", _CSS_COMMENTS.sub(b"", content)).strip()
    full_digest = sha256(content)
    digest = full_digest.hexdigest()[:12]
    return Asset(
        name=str(plain.with_name(f"{plain.stem}.{digest}{plain.suffix}")),
        digest=digest,
        content_type=_CONTENT_TYPES[plain.suffix],
        content=content,
        gzipped=gzip.compress(content, mtime=0),
        integrity=f"sha256-{b64encode(full_digest.digest()).decode()}",
    )
