"""The files of the page, read once at start: named by their content, so that a browser may keep them for ever."""

from __future__ import annotations

import gzip
from base64 import b64encode
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256, sha384
from mimetypes import guess_type
from pathlib import Path

from flask import Flask, Response, abort, request
from markupsafe import Markup

_YEAR = 365 * 24 * 3600
_KINDS = {".css", ".js", ".svg"}


@dataclass(frozen=True)
class Asset:
    """One file; ``name`` holds a digest of its content, ``integrity`` is what a page says of a script it loads."""

    name: str
    kind: str
    content: bytes
    packed: bytes
    integrity: str


def read_asset(folder: Path, path: Path) -> Asset:
    """Read a file and name it by its content."""
    content = path.read_bytes()
    named = path.with_name(f"{path.stem}.{sha256(content).hexdigest()[:12]}{path.suffix}")
    return Asset(
        name=named.relative_to(folder).as_posix(),
        kind=guess_type(path.name)[0] or "application/octet-stream",
        content=content,
        packed=gzip.compress(content, mtime=0),
        integrity=f"sha384-{b64encode(sha384(content).digest()).decode()}",
    )


def init_assets(app: Flask, folder: Path) -> None:
    """Serve the folder's files under /static, and tell templates their addresses."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _KINDS)
    assets = {path.relative_to(folder).as_posix(): read_asset(folder, path) for path in files}
    served = {asset.name: asset for asset in assets.values()}

    def static(name: str) -> Response:
        return _served(served.get(name))

    app.add_url_rule("/static/<path:name>", "static", static)
    app.jinja_env.globals.update(
        asset=lambda path: f"/static/{assets[path].name}",
        integrity=lambda path: assets[path].integrity,
        icon=partial(icon, f"/static/{assets['icons.svg'].name}"),
    )


@cache
def icon(drawings: str, name: str) -> Markup:
    """One drawing of a file of them; it says nothing that the words beside it do not."""
    opening = Markup('<svg class="icon" aria-hidden="true" focusable="false">')
    return opening + Markup('<use href="{}#{}"/></svg>').format(drawings, name)


def _served(asset: Asset | None) -> Response:
    if asset is None:
        abort(404)
    packs = request.accept_encodings.best_match(["gzip"]) == "gzip"
    response = Response(asset.packed if packs else asset.content, content_type=asset.kind)
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return response
