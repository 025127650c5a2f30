"""When a request has arrived whole, so that a thread can handle it without waiting for its client."""

from __future__ import annotations

import pytest

from kajoom.server import LARGEST_BUFFERED, is_whole

HEAD = b"POST /login HTTP/1.1\r\nHost: example.com\r\n"


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\nHost: example.com\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", True),
        (b"\r\n\r\nGET / HTTP/1.1\r\nHost: example.com\r\n", False),
        (b"\r\n\r\n", False),
        (HEAD + b"Content-Length: 3\r\n\r\nab", False),
        (HEAD + b"content-length:3\r\n\r\nabc", True),
        (HEAD + b"Content-Length: 3\r\n\r\nabcGET /", True),
        (HEAD + b"X-Content-Length: 30\r\n\r\n", True),
        (HEAD + b"Content-Length: nonsense\r\n\r\n", True),
        (HEAD + b"Content-Length: 10000000\r\n\r\n", True),
        (HEAD + f"Content-Length: {LARGEST_BUFFERED}\r\n\r\n".encode(), False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\nab\r\n0\r\n\r\n", False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n", False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n", True),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc", True),
        (HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", True),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"a" * (LARGEST_BUFFERED + 1), True),
        (b"GET /" + b"a" * (LARGEST_BUFFERED + 1), True),
    ],
)
def test_whole_requests_are_recognised(received: bytes, whole: bool) -> None:
    assert is_whole(received) is whole
