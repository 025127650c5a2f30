"""What must hold of every answer, whatever was sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kajoom.web.headers import security_headers
from tests.chaos.fuzz_cases import Case
from tests.chaos.fuzz_transport import Answer
from tests.chaos.fuzz_values import CANARY

PAYPAL = "http://127.0.0.1:9"
"""Where the fuzzed site believes PayPal to be: a port on which nothing answers."""

_OWN_PAGE = re.compile(rb'<html lang="(?:fr|en)-CA">|<p id="error"|^$')
_FOREIGN_PAGE = re.compile(rb"werkzeug|traceback|debugger|<title>\d{3} ", re.IGNORECASE)
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")
_UNIQUE = re.compile(rb'name="csrf_token" value="[^"]*"|name="key" value="[^"]*"|<[^>]*hreflang[^>]*>')
_MAY_BE_UNAVAILABLE = ("readyz", "webhooks/")
_SERVER_REFUSALS = frozenset({0, 400, 405, 408, 411, 413, 414, 417, 431, 501, 505})
"""What the server itself answers to what is not HTTP, without asking the application; 0 for a closed connection."""


def is_from_server(answer: Answer) -> bool:
    """Whether the server refused a request before the application saw it."""
    return answer.status in _SERVER_REFUSALS and not answer.values("Content-Security-Policy")


def faults(case: Case, answer: Answer) -> Iterator[str]:
    """What is wrong with an answer of the application."""
    if answer.status >= 500 and not (answer.status == 503 and case.target.lstrip("/").startswith(_MAY_BE_UNAVAILABLE)):
        yield f"status {answer.status}"
    yield from _header_faults(answer)
    for location in (*answer.values("Location"), *answer.values("HX-Redirect")):
        if not _LOCAL.fullmatch(location):
            yield f"leads to {location!r}"
    if answer.status == 405 and not answer.values("Allow"):
        yield "405 without Allow"
    if "html" in "".join(answer.values("Content-Type")):
        yield from _page_faults(case, answer)


def _header_faults(answer: Answer) -> Iterator[str]:
    """The security headers that are missing; a static file, which browsers keep for ever, can load and do nothing."""
    expected = security_headers([PAYPAL])
    if "immutable" in "".join(answer.values("Cache-Control")):
        expected["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        del expected["Permissions-Policy"]
    for name, value in expected.items():
        if answer.values(name) != [value]:
            yield f"{name}: {answer.values(name)}"


def _page_faults(case: Case, answer: Answer) -> Iterator[str]:
    is_redirect = 300 <= answer.status < 400
    if answer.status >= 400 and not _OWN_PAGE.search(answer.body):
        yield f"not our page: {answer.body[:80]!r}"
    if not is_redirect and _FOREIGN_PAGE.search(answer.body):
        yield f"a page of a library: {answer.body[:80]!r}"
    if CANARY.encode() in answer.body:
        yield "repeats what was sent without escaping it"
    if case.method == "HEAD" and answer.body:
        yield "HEAD with a body"


def difference(case: Case, answer: Answer, twin: Answer) -> str:
    """How the answers to a case and its twin can be told apart, empty when they cannot."""
    if answer.status != twin.status:
        return f"{answer.status} and {twin.status}"
    mine, other = (text.encode() for text in case.differs_in)
    bodies = [_UNIQUE.sub(b"", each.body).replace(other, mine) for each in (answer, twin)]
    if bodies[0] != bodies[1]:
        return f"bodies of {len(bodies[0])} and {len(bodies[1])} bytes"
    names = [sorted(name.lower() for name, _ in each.headers) for each in (answer, twin)]
    return "" if names[0] == names[1] else f"headers {set(names[0]) ^ set(names[1])}"
