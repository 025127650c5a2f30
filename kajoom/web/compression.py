"""Compression of pages, except those that could repeat a text chosen by somebody else.

The length of a compressed page tells who watches the network how much a text in it has in common with the rest, such as
the form's token or a name (the attack called BREACH). A page is therefore compressed only if all that it repeats of its
request is one of the few codes below. See docs/decisions/0090-compression.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Set
from functools import lru_cache
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import When
from kajoom.i18n.formats import LANGUAGES
from kajoom.models.catalog import known_catalog
from kajoom.web.htmx import wants_fragment

_SMALLEST = 500
"""The bytes below which a page is sent as it is: it fits in one packet either way."""

_GZIP = 16 + zlib.MAX_WBITS

_CODES: Mapping[str, Set[str]] = {
    "cycle": {*BillingCycle},
    "lang": {*LANGUAGES},
    "page": {str(page) for page in range(1, 1000)},
    "tab": {"information"},
    "todo": {"1"},
    "when": {*When, *CancellationWhen},
}
"""The fields of a query that a compressed page may have, and their values; ``plan`` and ``asked`` besides."""


def init_compression(app: Flask) -> None:
    """Compress the pages that may be; registered first, as the last thing done to a response."""
    app.after_request(_compress)


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a client's ``Accept-Encoding`` takes gzip, and does not prefer what is not compressed."""
    accepted = parse_accept_header(accept_encoding, Accept)
    return 0 < accepted.quality("gzip") >= accepted.quality("identity")


def _compress(response: Response) -> Response:
    if (
        response.status_code == HTTPStatus.OK
        and response.mimetype == "text/html"
        and accepts_gzip(request.headers.get("Accept-Encoding", ""))
        and _may_be_compressed()
        and len(page := response.get_data()) >= _SMALLEST
    ):
        response.set_data(zlib.compress(page, wbits=_GZIP))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _may_be_compressed() -> bool:
    """Whether the page can repeat nothing but codes, and no other site has opened it.

    A browser says so in ``Sec-Fetch-Site`` (of 2023 and later, over HTTPS). The fields are limited for the others.
    """
    if request.method not in {"GET", "HEAD"}:
        return False
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        return False
    return not request.query_string or all(_is_code(name, value) for name, value in request.args.items(multi=True))


def _is_code(name: str, value: str) -> bool:
    """Whether a field has one of a few values; ``asked`` of htmx, which no other site can send, is not repeated."""
    if name == "asked":
        return wants_fragment()
    return _is_plan(value) if name == "plan" else value in _CODES.get(name, ())


def _is_plan(value: str) -> bool:
    """Whether the catalogue has a plan that a field names by its code, or by "group/code"."""
    catalog = known_catalog()
    group, _, code = value.rpartition("/")
    plans = catalog.plans.values() if catalog else ()
    return any(plan.code == code and group in {"", plan.group} for plan in plans)
