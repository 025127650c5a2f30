"""Which hosts are served, and the origin of the site: both come from ``BASE_URL``, never from the request alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request

YEAR = 365 * 24 * 3600
"""In seconds."""

_EXTENSION = "site"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_ANY_HOST = frozenset({"health.alive", "health.ready"})
"""The endpoints that are served whatever the Host: health checks ask a machine by its address."""

_REFUSED = "kajoom.host_refused"
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:\[\]/?#@\\]+)(?::(\d{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int | None]
"""Scheme, host in lower case and port."""


@dataclass(frozen=True, slots=True)
class Site:
    """The address of the site: ``scheme``, ``netloc`` and ``prefix`` (its path, without a last slash) of ``BASE_URL``.

    ``hosts`` are the spellings of its host, in punycode and in Unicode, and ``origins`` the origins made with them.
    """

    scheme: str
    netloc: str
    prefix: str
    hosts: frozenset[str]
    origins: frozenset[Origin]
    demonstration: bool


def init_hosts(app: Flask) -> None:
    """Answer 400 to a host that is not served, and make each request look as if it came to ``BASE_URL``.

    The Host must be that of ``BASE_URL``, with any port, or a loopback name, which is what a reverse proxy sends by
    default. The demonstration keeps a loopback name as it came, so that it can be opened by any of them.
    """
    base = urlsplit(app.config["BASE_URL"])
    site = Site(
        scheme=base.scheme,
        netloc=base.netloc,
        prefix=base.path.rstrip("/"),
        hosts=frozenset(app.config["BASE_HOSTS"]),
        origins=frozenset((base.scheme, host, _port(base.scheme, base.port)) for host in app.config["BASE_HOSTS"]),
        demonstration=app.config["DEMONSTRATION"],
    )
    app.extensions[_EXTENSION] = site
    app.before_request(_refuse_other_host)
    app.wsgi_app = _as_base_url(app.wsgi_app, site)  # type: ignore[method-assign]


def site_prefix(app: Flask) -> str:
    """The path below which the site is served, without a last slash: empty for a site at the root of its host."""
    site: Site = app.extensions[_EXTENSION]
    return site.prefix


def is_own_origin(url: str) -> bool:
    """Whether an ``Origin`` header, or the URL of a ``Referer``, is of this site, in either spelling of its host.

    ``False``, never an exception, for one that cannot be read. In the demonstration the request's own origin counts
    too.
    """
    site: Site = current_app.extensions[_EXTENSION]
    origin = _origin_of(_decoded(url))
    return origin is not None and (origin in site.origins or origin == _origin_of(request.host_url))


def cookie_name(name: str) -> str:
    """The name of a cookie of this site: over HTTPS a browser accepts it from this host only.

    ``__Host-`` requires the path "/"; a site below a prefix uses ``__Secure-``.
    """
    if not request.is_secure:
        return name
    return f"__Secure-{name}" if request.root_path else f"__Host-{name}"


def keep_cookie(response: Response, name: str, value: str, same_site: str) -> None:
    """Have the browser keep a value for a year, which no script reads; ``same_site`` is "Lax" or "Strict"."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=YEAR,
        path=request.root_path or "/",
        secure=request.is_secure,
        httponly=True,
        samesite=same_site,
    )


def _origin_of(url: str) -> Origin | None:
    try:
        parts = urlsplit(url)
        if not parts.hostname or "@" in parts.netloc:
            return None
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return parts.scheme, host, _port(parts.scheme, parts.port)
    except ValueError:
        return None


def _port(scheme: str, port: int | None) -> int | None:
    return _DEFAULT_PORTS.get(scheme) if port is None else port


def _decoded(header: str) -> str:
    """A header that a client wrote in UTF-8, which WSGI hands over as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _refuse_other_host() -> None:
    if request.environ.get(_REFUSED) and request.endpoint not in _ANY_HOST:
        abort(400)


def _as_base_url(wsgi_app: Callable[..., Any], site: Site) -> Callable[..., Any]:
    """Give each request the scheme, host and prefix of the site, and mark one that came for another host.

    All that is made from a request afterwards (links, redirects, cookies, error pages) then comes from ``BASE_URL``.
    """

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        name = _host_name(environ.get("HTTP_HOST", ""))
        if not (site.demonstration and name in _LOOPBACK):
            environ[_REFUSED] = name not in site.hosts | _LOOPBACK
            environ["wsgi.url_scheme"], environ["HTTP_HOST"] = site.scheme, site.netloc
        environ["SCRIPT_NAME"] = site.prefix
        # Some proxies remove the prefix, others do not.
        if site.prefix and f"{environ['PATH_INFO']}/".startswith(f"{site.prefix}/"):
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(site.prefix)
        return wsgi_app(environ, start_response)

    return wrapped


def _host_name(header: str) -> str:
    """The host of a ``Host`` header in lower case, without its port; empty for one that cannot be read."""
    parts = _HOST.fullmatch(_decoded(header).lower())
    return parts[1] if parts and int(parts[2] or 0) < 2**16 else ""
