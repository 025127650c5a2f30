"""How the fuzz sends its cases: to the application in this process as gunicorn would, or through a real socket."""

from __future__ import annotations

import io
import socket
from collections.abc import Sequence
from contextvars import Context
from http.client import HTTPException, HTTPResponse
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

from flask import Flask

from tests.chaos.fuzz_cases import Case

_SECONDS = 20


class Answer(NamedTuple):
    """A response; ``status`` is 0 when the server closed the connection without one."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """The values of a header."""
        return [value for sent, value in self.headers if sent.lower() == name.lower()]


class Transport(Protocol):
    """Sends a case and returns its answer."""

    def send(self, case: Case) -> Answer:
        """Send a case."""


class InProcess:
    """Calls the application with the WSGI environment that gunicorn makes of a case."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def send(self, case: Case) -> Answer:
        """Call the application; what it raises goes on."""
        return Context().run(self._call, _environ(case))

    def _call(self, environ: dict[str, Any]) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            if error is not None:
                raise error[1]
            started.append((status, headers))

        chunks = self._app(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = started[-1]
        for name, value in headers:
            f"{name}: {value}".encode("latin-1")  # as a server does
        return Answer(int(status.split()[0]), headers, body)


def _environ(case: Case) -> dict[str, Any]:
    path, _, query = case.target.partition("?")
    body = io.BytesIO(case.body)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": case.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1", "replace")).decode("latin-1"),
        "RAW_URI": case.target,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(case.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in case.headers:
        key = name.upper().replace("-", "_")
        if key in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            environ[key] = value
        else:
            environ[f"HTTP_{key}"] = f"{environ[f'HTTP_{key}']},{value}" if f"HTTP_{key}" in environ else value
    return environ


class ThroughSocket:
    """Sends the bytes of a case over a new connection to a server."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

    def send(self, case: Case) -> Answer:
        """Send a case and read the answer; ``TimeoutError`` when there is none within 20 seconds."""
        with socket.create_connection(self._address, timeout=_SECONDS) as connection:
            try:
                connection.sendall(_bytes_of(case))
                connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError, OSError):
                pass  # refused before it was read: the answer may have arrived
            response = HTTPResponse(connection, method=case.method)
            try:
                response.begin()
                return Answer(response.status, response.getheaders(), response.read())
            except (HTTPException, ConnectionResetError):
                return Answer(0)


def _bytes_of(case: Case) -> bytes:
    headers = list(case.headers)
    if not case.header("Content-Length") and (case.body or case.method == "POST"):
        headers.append(("Content-Length", str(len(case.body))))
    lines = [f"{case.method} {case.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join((*lines, "Connection: close", "", ""))
    return head.encode("latin-1", "replace") + case.body
