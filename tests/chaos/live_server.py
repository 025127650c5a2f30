"""The demonstration served by gunicorn with the project's own settings, in a process of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.architecture.files import ROOT
from tests.conftest import PASSWORD
from tests.wait import until

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass(frozen=True)
class LiveServer:
    """A running server: its port, and the process of gunicorn's arbiter."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """The URL of its first page."""
        return f"http://127.0.0.1:{self.port}"

    def connect(self, data: bytes = b"") -> socket.socket:
        """A connection over which ``data`` was sent, nothing being read."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.sendall(data)
        return connection

    def is_alive(self) -> bool:
        """Whether /healthz answers, asked over a new connection."""
        return httpx2.get(f"{self.address}/healthz", timeout=15).status_code == 200

    @contextmanager
    def browser(self, email: str = "", from_address: str = "127.0.0.1") -> Iterator[httpx2.Client]:
        """A browser, signed in as a client of the demonstration if ``email`` is given; ``from_address`` is its own."""
        transport = httpx2.HTTPTransport(local_address=from_address)
        with httpx2.Client(base_url=self.address, timeout=30, follow_redirects=True, transport=transport) as browser:
            if email:
                form = {"csrf_token": token_in(browser.get("/login").text), "email": email, "password": PASSWORD}
                assert "/logout" in browser.post("/login", data=form).text
            yield browser


def token_in(page: str) -> str:
    """The CSRF token of a page's forms."""
    token: str = dict(_HIDDEN.findall(page))["csrf_token"]
    return token


@contextmanager
def served(folder: Path, **variables: str) -> Iterator[LiveServer]:
    """Load the demonstration into a database in ``folder``, and serve it with gunicorn.conf.py."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KAJOOM_")},
        "KAJOOM_DEMO": "1",
        "KAJOOM_WORKER": "none",
        "KAJOOM_DATABASE_URL": f"sqlite:///{folder / 'kajoom.sqlite'}",
        "KAJOOM_MAIL_URL": f"file://{folder / 'mail'}",
        **variables,
    }
    bin_folder = Path(sys.executable).parent
    load = [str(bin_folder / "flask"), "demo", "load"]
    subprocess.run(load, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    port = free_port()
    command = ["setpriv", "--pdeathsig=TERM", "--", str(bin_folder / "gunicorn"), "--bind", f"127.0.0.1:{port}"]
    command += ["--log-level", "critical", "app:create_app()"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        until(lambda: _accepts_connections(port), "gunicorn does not accept connections", 60)
        yield LiveServer(port, process)
    finally:
        process.terminate()
        process.wait(60)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
