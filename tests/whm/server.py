"""The HTTP server of a fake WHM: accounts, packages, and the ways in which a real one fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.paypal.faults import Fault, Faults

USER, TOKEN = "root", "ABCDEF0123456789"
RAW = "<script>alert('raw')</script>\nChanging Shell to /bin/false...Changing shell for user123.\n"
_BEFORE = {Fault.CUT_BEFORE, Fault.ERROR_BEFORE, Fault.GARBAGE_BEFORE, Fault.TOO_MANY, Fault.SLOW_BEFORE}
_STATUSES = {Fault.UNAUTHORISED: 401, Fault.FORBIDDEN: 403, Fault.MOVED: 301, Fault.TOO_MANY: 429}
_GARBAGE = b"<html><h1>cPanel license expired</h1>"

Parameters = Mapping[str, str]


@dataclass
class Account:
    """A hosting account; ``disk_mb`` is what it uses."""

    plan: str
    suspended: bool = False
    disk_mb: float = 1000


@dataclass
class FakeWhm:
    """A fake WHM. ``refusals`` are the reasons of the next refusals, by function.

    ``on_change`` is called after a package has been set: someone else may set another one then. ``requests`` holds the
    name and the parameters of each request.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    faults: Faults = field(default_factory=Faults)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    on_change: Callable[[Account], object] = bool
    requests: list[tuple[str, Parameters]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        whm = self

        class Handler(_Handler):
            fake = whm

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> FakeWhm:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.faults.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def refuse(self, function: str, reason: str) -> None:
        """Refuse the next request of a function, as WHM does: HTTP 200 with ``metadata.result`` 0."""
        self.refusals.setdefault(function, []).append(reason)

    def handle(self, function: str, parameters: Parameters) -> dict[str, Any]:
        """The document that answers a request."""
        with self.lock:
            self.requests.append((function, parameters))
            if self.refusals.get(function):
                return _document(function, reason=self.refusals[function].pop(0))
            act = getattr(self, f"_{function}", None)
            if act is None:
                return _document(function, reason=f"Unknown app (“{function}”) requested for this version.")
            outcome: str | dict[str, Any] = act(parameters)
        return _document(function, reason=outcome) if isinstance(outcome, str) else _document(function, data=outcome)

    def _changepackage(self, parameters: Parameters) -> str | dict[str, Any]:
        account = self.accounts.get(parameters["user"])
        if account is None:
            return f"Sorry the user {parameters['user']} does not exist."
        if parameters["pkg"] not in self.packages:
            return f"Sorry, the package {parameters['pkg']} does not exist."
        account.plan = parameters["pkg"]
        self.on_change(account)
        return {}

    def _suspendacct(self, parameters: Parameters) -> str | dict[str, Any]:
        return self._suspend(parameters["user"], suspended=True)

    def _unsuspendacct(self, parameters: Parameters) -> str | dict[str, Any]:
        return self._suspend(parameters["user"], suspended=False)

    def _suspend(self, user: str, *, suspended: bool) -> str | dict[str, Any]:
        account = self.accounts.get(user)
        if account is None:
            return "_suspendacct called for a user that does not exist."
        if account.suspended is suspended:
            return "The account is already in this state."
        account.suspended = suspended
        return {}

    def _removeacct(self, parameters: Parameters) -> str | dict[str, Any]:
        if self.accounts.pop(parameters["username"], None) is None:
            return f"System user {parameters['username']} does not exist!"
        return {}

    def _accountsummary(self, parameters: Parameters) -> str | dict[str, Any]:
        account = self.accounts.get(parameters["user"])
        if account is None:
            return "Account does not exist."
        row = {
            "user": parameters["user"],
            "plan": account.plan,
            "suspended": int(account.suspended),
            "diskused": f"{account.disk_mb:g}M",
            "maxpop": "unlimited",
        }
        return {"acct": [row]}


def _document(function: str, reason: str = "", data: dict[str, Any] | None = None) -> dict[str, Any]:
    metadata = {
        "command": function,
        "version": 1,
        "result": 0 if reason else 1,
        "reason": reason or "OK",
        "output": {"raw": RAW},
    }
    return {"metadata": metadata, **({} if data is None else {"data": data})}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeWhm
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        function = address.path.removeprefix("/json-api/")
        fault = self.fake.faults.next(f"GET {address.path}")
        if fault in _BEFORE or fault in _STATUSES:
            self._spoil(fault)
            if fault is not Fault.SLOW_BEFORE:
                return
        if self.headers["Authorization"] != f"whm {USER}:{TOKEN}":
            self._answer(403, b'{"cpanelresult":{"error":"Access denied"}}')
            return
        parameters = {name: values[0] for name, values in parse_qs(address.query).items()}
        document = self.fake.handle(function, parameters)
        if fault is not None and fault is not Fault.SLOW_BEFORE:
            self._spoil(fault)
            if fault is not Fault.SLOW_AFTER:
                return
        self._answer(200, json.dumps(document).encode())

    def _spoil(self, fault: Fault | None) -> None:
        if fault in {Fault.SLOW_BEFORE, Fault.SLOW_AFTER}:
            self.fake.faults.wait()
        elif fault in {Fault.CUT_BEFORE, Fault.CUT_AFTER}:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"metadata"')
            self.close_connection = True
        elif fault in {Fault.GARBAGE_BEFORE, Fault.GARBAGE_AFTER}:
            self._answer(200, _GARBAGE)
        else:
            self._answer(_STATUSES.get(fault, 500) if fault else 500, b"Internal error")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 301:
            self.send_header("Location", "https://example.com/")
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Print nothing."""
