"""A receiver of signed messages over real HTTP, which answers as it is told to."""

from __future__ import annotations

import ssl
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Received:
    """A message as it arrived, the names of its headers in lower case."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """The server. ``answers`` are the statuses and headers of the next answers, 204 when there is none.

    With a ``certificate`` (a PEM file of a key and its chain) it is reached by https.
    """

    certificate: str = ""
    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    messages: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(_Handler):
            target = receiver

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.address = f"http://127.0.0.1:{self.port}/panel"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    target: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.target.messages.append(Received({name.lower(): text for name, text in self.headers.items()}, body))
        status, headers = self.target.answers.popleft() if self.target.answers else (204, {})
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""
