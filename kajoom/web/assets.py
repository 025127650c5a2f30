"""Static files, read once at start and named by a hash of their content, so that browsers may cache them for ever."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256, sha384
from mimetypes import guess_type
from pathlib import Path

from flask import Flask, Response, abort, request
from markupsafe import Markup

from kajoom.web.compression import accepts_gzip
from kajoom.web.hosts import site_prefix

_YEAR = 365 * 24 * 3600
_SUFFIXES = {".css", ".js", ".svg"}
_CSS_COMMENTS_AND_INDENTATION = re.compile(rb"/\*.*?\*/|^\s+", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Asset:
    """A static file: ``name`` holds its ``digest``, ``integrity`` is the value of a script's attribute."""

    name: str
    digest: str
    content_type: str
    content: bytes
    gzipped: bytes
    integrity: str


def read_asset(folder: Path, path: Path) -> Asset:
    """Read a file and name it by a hash of its content; a stylesheet without its comments, a third of its size."""
    content = path.read_bytes()
    if path.suffix == ".css":
        content = _CSS_COMMENTS_AND_INDENTATION.sub(b"", content)
    digest = sha256(content).hexdigest()[:12]
    hashed_path = path.with_name(f"{path.stem}.{digest}{path.suffix}")
    return Asset(
        digest=digest,
        name=hashed_path.relative_to(folder).as_posix(),
        content_type=guess_type(path.name)[0] or "application/octet-stream",
        content=content,
        gzipped=gzip.compress(content, mtime=0),
        integrity=f"sha384-{b64encode(sha384(content).digest()).decode()}",
    )


def init_assets(app: Flask, folder: Path) -> None:
    """Serve the folder's files under /static, and give templates ``asset``, ``integrity`` and ``icon``."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES)
    assets = {path.relative_to(folder).as_posix(): read_asset(folder, path) for path in files}
    by_name = {asset.name: asset for asset in assets.values()}

    def static(name: str) -> Response:
        return _asset_response(by_name.get(name))

    app.add_url_rule("/static/<path:name>", "static", static)
    root = f"{site_prefix(app)}/static"
    app.jinja_env.globals.update(
        asset=lambda path: f"{root}/{assets[path].name}",
        integrity=lambda path: assets[path].integrity,
        icon=partial(icon, f"{root}/{assets['icons.svg'].name}"),
    )


@cache
def icon(sprite_url: str, name: str) -> Markup:
    """An icon of the SVG sprite, hidden from screen readers: it stands beside text that says the same."""
    opening = Markup('<svg class="icon" aria-hidden="true" focusable="false">')
    return opening + Markup('<use href="{}#{}"/></svg>').format(sprite_url, name)


def _asset_response(asset: Asset | None) -> Response:
    """The file, compressed for who accepts it; 304 for who has it, and the part that a ``Range`` asks for."""
    if asset is None:
        abort(404)
    is_gzip = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    content = asset.gzipped if is_gzip else asset.content
    response = Response(content, content_type=asset.content_type)
    if is_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    response.set_etag(f"{asset.digest}{'-gzip' if is_gzip else ''}")
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    return response
