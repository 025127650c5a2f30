"""Static files, read once at start and named by a hash of their content, so that browsers may cache them for ever."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from flask import Flask, Response, abort, request
from markupsafe import Markup

from kajoom.web.asset import Asset, make_asset
from kajoom.web.brand import FOLDER, PICTURE_POLICY, brand_file, init_brand
from kajoom.web.compression import accepts_gzip
from kajoom.web.hosts import site_prefix
from kajoom.web.script import scripts

_YEAR = 365 * 24 * 3600
_SUFFIXES = {".css", ".svg"}


def read_asset(folder: Path, path: Path) -> Asset:
    """Read a file of a folder."""
    return make_asset(path.relative_to(folder).as_posix(), path.read_bytes())


def init_assets(app: Flask, folder: Path) -> None:
    """Serve the folder's files, the scripts and the brand under /static, and give templates what names them."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES)
    assets = {path.relative_to(folder).as_posix(): read_asset(folder, path) for path in files}
    assets |= {name: make_asset(name, content) for name, content in scripts(folder).items()}
    by_name = {asset.name: asset for asset in assets.values()}

    def static(name: str) -> Response:
        return _asset_response(by_name.get(name) or brand_file(name))

    app.add_url_rule("/static/<path:name>", "static", static)
    root = f"{site_prefix(app)}/static"
    app.jinja_env.globals.update(
        asset=lambda path: f"{root}/{assets[path].name}",
        integrity=lambda path: assets[path].integrity,
        icon=partial(icon, f"{root}/{assets['icons.svg'].name}"),
    )
    init_brand(app)


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
    if asset.name.startswith(FOLDER):
        response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response
