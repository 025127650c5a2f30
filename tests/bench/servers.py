"""The servers to measure, each gunicorn with two processes of its plain `sync` worker, and the same settings."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from tests.architecture.files import ROOT
from tests.bench.others import processor_seconds
from tests.bench.rows import add_services

BIN = Path(sys.executable).parent
PEER = ROOT / "tests/bench/peer"
PEER_BIN = ROOT / ".venv/peer/bin"
USER_AGENT = "Kajoom bench"

SYNC = ("--worker-class", "sync", "--workers", "2", "--threads", "1", "--log-level", "error", "--no-control-socket")
"""The options of both programs that are compared."""

AS_RUN = ("--log-level", "error")
"""Those of `make run`: what gunicorn.conf.py says."""


@dataclass(frozen=True)
class Server:
    """A running server: its address, its arbiter's process, and the Cookie header of a signed-in client."""

    address: str
    arbiter: int
    cookie: str = ""

    def workers(self) -> list[int]:
        """The processes that answer."""
        return [int(each) for each in Path(f"/proc/{self.arbiter}/task/{self.arbiter}/children").read_text().split()]

    def spent(self) -> float:
        """The processor seconds of the workers so far."""
        return processor_seconds(self.workers())


@contextmanager
def kajoom(folder: Path, worker: str = "none", options: Sequence[str] = SYNC) -> Iterator[Server]:
    """The demonstration with 60 services more, and a bare Flask route at /bare/; ``worker`` as ``KAJOOM_WORKER``."""
    environment = {
        **os.environ,
        "KAJOOM_DEMO": "1",
        "KAJOOM_WORKER": worker,
        "KAJOOM_DATABASE_URL": f"sqlite:///{folder / f'{worker}.sqlite'}",
        "KAJOOM_MAIL_URL": f"file://{folder / 'mail'}",
    }
    load = [str(BIN / "flask"), "demo", "load"]
    subprocess.run(load, cwd=ROOT, env=environment, check=True, capture_output=True)
    add_services(folder / f"{worker}.sqlite")
    command = [str(BIN / "gunicorn"), *options, "tests.bench.server:application"]
    with _started(command, ROOT, environment) as server:
        jar = CookieJar()
        sign_in(server, jar)
        yield Server(server.address, server.arbiter, "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar))


@contextmanager
def peer(folder: Path, plans: int) -> Iterator[Server]:
    """The small Django site with django-plans, from the environment that `make bench-peer` has made."""
    peer_settings = {"DJANGO_SETTINGS_MODULE": "settings", "PEER_FOLDER": str(folder), "PEER_PLANS": str(plans)}
    environment = {**os.environ, **peer_settings}
    load = [str(PEER_BIN / "python"), "load.py"]
    cookie = subprocess.run(load, cwd=PEER, env=environment, check=True, capture_output=True, text=True).stdout.strip()
    command = [str(PEER_BIN / "gunicorn"), "--preload", *SYNC, "wsgi:application"]
    with _started(command, PEER, environment) as server:
        yield Server(server.address, server.arbiter, cookie)


@contextmanager
def _started(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arbiter = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}"], cwd=folder, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        server = Server(f"http://127.0.0.1:{port}", arbiter.pid)
        _wait_for(server)
        yield server
    finally:
        arbiter.terminate()
        arbiter.wait(30)


def _wait_for(server: Server) -> None:
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("a server does not start")


def sign_in(server: Server, jar: CookieJar | None = None) -> OpenerDirector:
    """A browser signed in as the French-speaking client; its cookies are put into ``jar``."""
    browser = build_opener(HTTPCookieProcessor(CookieJar() if jar is None else jar))
    browser.addheaders = [("User-Agent", USER_AGENT)]
    form = {"email": "fr@example.com", "password": "kajoom-demonstration"}
    page = read(browser, f"{server.address}/login")
    form["csrf_token"] = hidden_fields(page)["csrf_token"]
    if "/logout" not in read(browser, f"{server.address}/login", form):
        raise SystemExit("the client cannot sign in")
    return browser


def read(browser: OpenerDirector, url: str, form: dict[str, str] | None = None) -> str:
    """The page at a URL, or the one that a form leads to."""
    try:
        with browser.open(Request(url, urlencode(form).encode() if form else None)) as answer:
            return str(answer.read().decode())
    except URLError as error:
        raise SystemExit(f"{url}: {error}") from error


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def read_as(server: Server, path: str) -> str:
    """A page of a server, read with its cookie."""
    browser = build_opener()
    browser.addheaders = [("Cookie", server.cookie)]
    return read(browser, server.address + path)
