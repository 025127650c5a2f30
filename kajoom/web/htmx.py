"""One address, two renderings: the whole page, or the fragment that htmx swaps; no view branches on which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

VARY = ("HX-Request", "HX-Request-Type", "HX-History-Restore-Request")


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page; going Back asks for the whole of it."""
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
    """Answer with the page ``template``, or with its ``fragment`` alone (``None`` where a page has no fragment).

    ``title`` (already said in the page's language) names the page or, after a swap, renames it; ``announce`` is read
    out after a swap; ``push`` and ``replace`` are the address shown after one. Without htmx a deed that succeeded
    leads to ``see_other``, which can be reloaded. ``page`` gathers what only the whole page needs.
    """
    if fragment is None or not wants_fragment():
        if see_other:
            return redirect(see_other, 303)
        gathered = page() if page else {}
        return make_response(render_template(template, title=title, **{**gathered, **context}), status)
    said = {"title": title, "announce": announce, "address": push or replace}
    body = render_template("_fragment.html", fragment=fragment, **said, **context)
    response = make_response(body, status)
    if push:
        response.headers["HX-Push-Url"] = push
    if replace:
        response.headers["HX-Replace-Url"] = replace
    return response


def redirect_to(url: str) -> Response | Redirect:
    """Go to another page after a POST; htmx is told so, as a redirect would be followed inside the panel."""
    if wants_fragment():
        return make_response("", 200, {"HX-Redirect": url})
    return redirect(url, 303)
