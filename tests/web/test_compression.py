"""Which pages are sent compressed: none that could repeat a text chosen by somebody else."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from kajoom.web.compression import accepts_gzip
from tests.chaos.live_server import LiveServer, served
from tests.conftest import Browser
from tests.web.demo_rows import number_of, reference_of, service_in
from tests.web.test_headers import assets_of

pytestmark = pytest.mark.slow

GZIP = {"Accept-Encoding": "gzip, deflate, br, zstd"}

COMPRESSED = (
    "/services",
    "/services?page=1",
    "/services?todo=1",
    "/services?lang=en",
    "/account",
    "/account/sessions",
    "/invoices",
    "/services/{id}",
    "/services/{id}?tab=information",
    "/services/{id}/changes",
    "/services/{id}/cancellation",
    "/services/{id}/cancellation/review?when=now",
    "/services/{id}/plan",
    "/services/{id}/plan?plan=b&cycle=monthly",
    "/services/{id}/plan/review?plan=b&cycle=monthly&when=now",
    "/orders/{order}",
    "/invoices/{invoice}",
)

NOT_COMPRESSED = (
    "/nowhere",
    "/services?q=exemple",
    "/services?q=",
    "/services?lang=typed",
    "/services?page=12345678",
    "/services?typed=1",
    "/services/{id}?plan=typed",
    "/services/{id}?tab=typed",
    "/services/{id}/plan?plan=typed",
    "/services/{id}/plan?plan=c&plan=typed",
    "/services/{id}/plan?plan=typed/b",
    "/services/{id}/plan?plan=b&cycle=monthly&seen=typed",
    "/services/{id}/plan/review?plan=b&cycle=monthly&method=typed",
    "/services/{id}/plan/review",
    "/invoices/{invoice}?next=/typed",
)


def _path(path: str) -> str:
    values = {"id": service_in("hosting").id, "order": reference_of("waiting-payment"), "invoice": number_of("overdue")}
    return path.format(**values)


def _is_compressed(response: TestResponse) -> bool:
    return response.headers.get("Content-Encoding") == "gzip"


def test_product_page_is_compressed_for_who_accepts_it(french: Browser) -> None:
    french.get(_path("/services/{id}"))  # the first page of a session makes its token, the next ones sign it once
    plain, compressed = (french.get(_path("/services/{id}"), headers=headers) for headers in ({}, GZIP))
    assert not _is_compressed(plain)
    assert _is_compressed(compressed)
    assert int(compressed.headers["Content-Length"]) == len(compressed.data) < 0.6 * len(plain.data)
    assert gzip.decompress(compressed.data) == plain.data
    assert "accept-encoding" in plain.vary.as_set() & compressed.vary.as_set()


@pytest.mark.slow  # 17 requests
def test_pages_that_repeat_nothing_but_codes_are_compressed(french: Browser) -> None:
    for path in COMPRESSED:
        response = french.get(_path(path), headers=GZIP)
        assert (response.status_code, _is_compressed(response)) == (200, True), path


def test_preview_is_compressed_for_htmx_which_no_other_site_is(french: Browser) -> None:
    path = _path("/services/{id}/plan")
    asked = re.findall(r'name="asked" value="([^"]*)"', french.get(f"{path}?plan=b&cycle=monthly").text)
    preview = f"{path}?plan=c&cycle=monthly&asked={asked[0]}"
    assert _is_compressed(french.fragment(preview, headers=GZIP))
    assert not _is_compressed(french.get(preview, headers=GZIP))


@pytest.mark.slow  # 30 requests
def test_pages_that_may_repeat_a_typed_text_are_not_compressed(french: Browser) -> None:
    for path in NOT_COMPRESSED:
        for response in (french.get(_path(path), headers=GZIP), french.fragment(_path(path), headers=GZIP)):
            assert len(response.data) > 100
            assert not _is_compressed(response), path


@pytest.mark.parametrize("path", ["/login?next=/typed", "/login?reason=typed", "/reset?typed=1"])
def test_page_of_a_visitor_with_a_typed_text_is_not_compressed(client: Browser, path: str) -> None:
    assert not _is_compressed(client.get(path, headers=GZIP))
    assert _is_compressed(client.get(path.partition("?")[0], headers=GZIP))


@pytest.mark.parametrize("path", ["/staff/search", "/staff/payments"])
def test_search_of_staff_is_compressed_only_without_a_text(staff: Browser, path: str) -> None:
    assert _is_compressed(staff.get(path, headers=GZIP))
    assert not _is_compressed(staff.get(f"{path}?q=fr", headers=GZIP))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/reset", {"email": "typed"}),
        ("/account/email", {"email": "typed"}),
        ("/services/{id}/cancellation", {"when": "now", "key": "k" * 16, "reason": "x" * 2001}),
        ("/services/{id}/plan", {"plan": "typed", "cycle": "monthly", "key": "k" * 16}),
        ("/orders/{order}/payment", {"method": "typed"}),
    ],
)
def test_answer_to_a_form_is_not_compressed(french: Browser, path: str, fields: dict[str, str]) -> None:
    token = french.token("/services")
    for response in (
        french.post(_path(path), data={"csrf_token": token, **fields}, headers=GZIP),
        french.fragment(_path(path), method="POST", data={"csrf_token": token, **fields}, headers=GZIP),
    ):
        assert 400 <= response.status_code < 500
        assert not _is_compressed(response)


def test_refused_sign_in_is_not_compressed(client: Browser) -> None:
    fields = {"csrf_token": client.token(), "email": "typed@example.com", "password": "wrong"}
    response = client.post("/login", data=fields, headers=GZIP)
    assert "typed@example.com" in response.text
    assert not _is_compressed(response)


@pytest.mark.parametrize(
    ("site", "compressed"), [("same-origin", True), ("none", True), ("same-site", False), ("cross-site", False)]
)
def test_page_that_another_site_opens_is_not_compressed(french: Browser, site: str, compressed: bool) -> None:
    response = french.get("/services", headers={**GZIP, "Sec-Fetch-Site": site})
    assert _is_compressed(response) is compressed


def test_export_is_sent_as_it_is(staff: Browser) -> None:
    fields = {"kind": "payments", "first": "2022-09-01", "last": "2022-09-30", "csrf_token": staff.token("/account")}
    file = staff.post("/staff/exports", data=fields, headers=GZIP)
    assert (file.status_code, file.mimetype) == (200, "text/csv")
    assert not _is_compressed(file)
    file.close()


def test_head_has_the_headers_of_the_page(french: Browser) -> None:
    for path in ("/services", assets_of(french.get("/services").text)[0]):
        head, get = french.head(path, headers=GZIP), french.get(path, headers=GZIP)
        assert head.data == b""
        for name in ("Content-Encoding", "Content-Length", "Content-Type", "Vary", "Cache-Control"):
            assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False), ("gzip", True), ("GZIP", True), ("gzip;q=0", False), ("gzip;q=0.0, *", False), ("*", True),
        ("*;q=0", False),
        ("identity", False), ("identity;q=0", False), ("identity;q=0, *", True), ("gzip;q=0.5, identity", False),
        ("identity;q=0.5, gzip;q=0.8", True), ("deflate, br", False), ("br, *;q=0.1", True), ("nonsense;;q=x", False),
    ],
)  # fmt: skip
def test_gzip_is_sent_to_those_who_accept_it(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


def test_small_answer_is_not_compressed(client: Browser) -> None:
    assert not _is_compressed(client.get("/healthz", headers=GZIP))


def test_static_file_is_not_sent_again_and_is_sent_in_parts(client: Browser) -> None:
    [path] = [path for path in assets_of(client.get("/login").text) if "style" in path]
    whole = {name: client.get(path, headers={"Accept-Encoding": name}) for name in ("gzip", "identity")}
    assert whole["gzip"].headers["ETag"] != whole["identity"].headers["ETag"]
    for name, file in whole.items():
        assert file.headers["ETag"].startswith('"')
        assert file.vary.as_set() == {"accept-encoding"}
        headers = {"Accept-Encoding": name}
        known = client.get(path, headers={**headers, "If-None-Match": file.headers["ETag"]})
        assert (known.status_code, known.data) == (304, b"")
        part = client.get(path, headers={**headers, "Range": "bytes=100-199", "If-Range": file.headers["ETag"]})
        assert (part.status_code, part.data) == (206, file.data[100:200])
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(file.data)}"
        assert part.headers["Content-Length"] == "100"
        for response in (file, known, part):
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    other = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": whole["identity"].headers["ETag"]})
    assert other.status_code == 200
    assert client.get(path, headers={"Range": "bytes=9999999-"}).status_code == 416


def _transferred(server: LiveServer, path: str, cookie: str) -> tuple[int, bytes]:
    """The bytes that the server sends for a path, headers included, and the body."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Cookie: {cookie}",
        "Accept-Encoding: gzip",
        "Connection: close",
    ]
    connection = server.connect("\r\n".join([*lines, "", ""]).encode())
    received = b"".join(iter(lambda: connection.recv(65536), b""))
    connection.close()
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    return len(received), gzip.decompress(body)


@pytest.mark.slow  # starts gunicorn
def test_first_visit_to_the_product_page_transfers_at_most_30_kb_and_the_second_3(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        with server.browser("fr@example.com") as browser:
            cookie = "; ".join(f"{each.name}={each.value}" for each in browser.cookies.jar)
        second, page = _transferred(server, "/services/1", cookie)
        files = [_transferred(server, path, cookie)[0] for path in assets_of(page.decode())]
    assert len(files) == 3
    assert second + sum(files) <= 30_720
    assert second <= 3_072
