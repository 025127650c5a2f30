"""Rendering for htmx: one address gives the whole page or the fragment that htmx swaps, whichever is requested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from kajoom.i18n.formats import gettext

VARY = ("HX-Request", "HX-Request-Type", "HX-History-Restore-Request")


def wants_fragment() -> bool:
    """Whether htmx requests a fragment; its history restoration (the Back button) requests the whole page."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Request-Type") == "partial"
        and "HX-History-Restore-Request" not in request.headers
    )


def render(
    template: str,
    fragment: str | None,
    /,
    *,
    title: str | None = None,
    announce: str | None = None,
    push: str | None = None,
    replace: str | None = None,
    see_other: str | None = None,
    status: int = 200,
    page: Callable[[], Mapping[str, Any]] | None = None,
    **context: Any,
) -> Response | Redirect:
    """Render the page ``template``, or its ``fragment`` alone when htmx requests it (``None``: always the page).

    ``title``, already translated, is the title of the page and of the document after a swap; a ``status`` from 400 puts
    "Error:" before it, which a screen reader then reads first. ``announce`` is read by screen readers after a swap.
    ``push`` and ``replace`` are the address shown after a swap, as a new history entry or in place of the current one.
    Without htmx, ``see_other`` redirects after a successful POST (303), so that reloading does not post again.
    ``page`` returns the context that only the whole page needs.
    """
    if title and status >= 400:
        title = gettext("Error: %(title)s", title=title)
    if fragment is None or not wants_fragment():
        if see_other:
            return redirect(see_other, 303)
        page_context = page() if page else {}
        return make_response(render_template(template, title=title, **{**page_context, **context}), status)
    body = render_template(
        "_fragment.html", fragment=fragment, title=title, announce=announce, address=push or replace, **context
    )
    response = make_response(body, status)
    if push:
        response.headers["HX-Push-Url"] = push
    if replace:
        response.headers["HX-Replace-Url"] = replace
    return response


def redirect_to(url: str) -> Response | Redirect:
    """Redirect to another page after a POST; by a header for htmx, which would load the page into the panel."""
    if wants_fragment():
        return make_response("", 200, {"HX-Redirect": url})
    return redirect(url, 303)
