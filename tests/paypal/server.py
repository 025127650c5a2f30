"""The HTTP server of the fake PayPal: API, approval page, certificates, control and faults."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.paypal import control
from tests.paypal.api import FakeApi, Request
from tests.paypal.errors import ApiError
from tests.paypal.faults import Fault, Faults
from tests.paypal.ledger import Body, Ledger
from tests.paypal.signing import signer
from tests.paypal.webhook_sender import WebhookSender

CERTIFICATES = "/v1/notifications/certs/"
WEBHOOK_ID = "WEBHOOK-TEST"
_FAULTS_BEFORE = {
    Fault.CUT_BEFORE,
    Fault.ERROR_BEFORE,
    Fault.GARBAGE_BEFORE,
    Fault.TOO_MANY,
    Fault.MOVED,
}
_STATUSES = {Fault.UNAUTHORISED: 401, Fault.FORBIDDEN: 403}
_GARBAGE = b"<html><h1>Bad gateway</h1>"
_PAGE = """<!doctype html><title>PayPal</title><link rel="icon" href="data:,"><h1>PayPal</h1><form method="post">
<button name="do" value="approve">Approve</button><button name="do" value="cancel">Cancel</button></form>"""


@dataclass
class FakePayPal:
    """The fake PayPal. ``certificates`` are the published certificates, as PEM by name."""

    ledger: Ledger = field(default_factory=Ledger)
    faults: Faults = field(default_factory=Faults)
    port: int = 0

    def __post_init__(self) -> None:
        self.api = FakeApi(self.ledger)
        self.certificates = {"CERT-good": signer().chain}
        paypal = self

        class Handler(_Handler):
            fake = paypal

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.ledger.site = self.address
        self.webhook_sender = WebhookSender(self.ledger, self.certificate_url(), WEBHOOK_ID)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def certificate_url(self, name: str = "CERT-good") -> str:
        """Return the URL of a published certificate."""
        return f"{self.address}{CERTIFICATES}{name}"

    def __enter__(self) -> FakePayPal:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.faults.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def serve(self) -> None:
        """Serve until the process ends."""
        self._server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakePayPal

    def do_GET(self) -> None:
        self._dispatch()

    def do_POST(self) -> None:
        self._dispatch()

    def do_DELETE(self) -> None:
        self._dispatch()

    def log_message(self, *_: Any) -> None:
        """Log nothing: requests are recorded by the API."""

    def _dispatch(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path.startswith(CERTIFICATES):
            self._certificate(parts.path.removeprefix(CERTIFICATES))
        elif parts.path == "/control":
            self._send_json(200, control.apply_command(self.fake, json.loads(raw) if raw else {}))
        elif parts.path == "/checkoutnow":
            self._checkout(parse_qs(parts.query)["token"][0], parse_qs(raw.decode()))
        else:
            is_json = self.headers.get("Content-Type") == "application/json"
            body = json.loads(raw) if is_json and raw else parse_qs(raw.decode()) if raw else {}
            self._api(Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body))

    def _api(self, request: Request) -> None:
        api = self.fake.api
        try:
            api.enter(request)
            try:
                respond = self._handle(request, self.fake.faults.next(f"{request.method} {request.path}"))
            finally:
                api.leave(request)  # before the response: a client that has it may send the same request again
            respond()
        except ApiError as error:
            self._send_json(error.status, error.body())

    def _handle(self, request: Request, fault: Fault | None) -> Callable[[], None]:
        """Handle a request, with the fault before or after its effect; returns what sends the response."""
        if fault in _FAULTS_BEFORE:
            return partial(self._fail, fault)
        if fault in _STATUSES:
            self.fake.api.tokens.clear()
            raise ApiError(_STATUSES[fault], "PERMISSION_DENIED")
        if fault is Fault.SLOW_BEFORE:
            self.fake.faults.wait()
        status, body = self.fake.api.handle(request)
        if fault is Fault.SLOW_AFTER:
            self.fake.faults.wait()
        if fault in {Fault.CUT_AFTER, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER}:
            return partial(self._fail, fault)
        return partial(self._send_json, status, body)

    def _fail(self, fault: Fault | None) -> None:
        match fault:
            case Fault.CUT_BEFORE | Fault.CUT_AFTER:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case Fault.ERROR_BEFORE | Fault.ERROR_AFTER:
                self._send(503, "text/html", _GARBAGE)
            case Fault.GARBAGE_BEFORE | Fault.GARBAGE_AFTER:
                self._send(200, "application/json", _GARBAGE)
            case Fault.MOVED:
                self._send(307, "text/html", b"", {"Location": f"{self.fake.address}/elsewhere"})
            case _:
                headers = {"Retry-After": self.fake.faults.retry_after}
                self._send(429, "application/json", b'{"name":"RATE_LIMIT_REACHED"}', headers)

    def _certificate(self, name: str) -> None:
        pem = self.fake.certificates.get(name)
        self._send(200 if pem else 404, "application/x-pem-file", pem or b"")

    def _checkout(self, order_id: str, form: Mapping[str, list[str]]) -> None:
        match form.get("do"):
            case ["approve"]:
                self._redirect(self.fake.ledger.approve(order_id))
            case ["cancel"]:
                self._redirect(self.fake.ledger.experience_contexts[order_id]["cancel_url"])
            case _:
                self._send(200, "text/html", _PAGE.encode())

    def _redirect(self, url: str) -> None:
        self._send(302, "text/html", b"", {"Location": url})

    def _send_json(self, status: int, body: Body) -> None:
        self._send(status, "application/json", json.dumps(body).encode() if status != 204 else b"")

    def _send(self, status: int, kind: str, raw: bytes, headers: Mapping[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)
        except ConnectionError:
            self.close_connection = True  # the client was killed or timed out
