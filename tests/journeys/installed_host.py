"""A host that has installed the application: its variables, commands, worker and web server, each a real process."""

from __future__ import annotations

import csv
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2

from tests.architecture.files import ROOT
from tests.chaos.live_server import free_port
from tests.journeys.former_host import DATA
from tests.wait import until

_BIN = Path(sys.executable).parent
_END_WITH_TEST = ("setpriv", "--pdeathsig=TERM", "--")


class InstalledHost:
    """Everything is in ``folder``. ``today`` is a day that does not end while a test runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        hours = datetime.now(UTC).hour - 12  # where it is noon now
        zone = f"Etc/GMT{hours:+d}"
        self.today = datetime.now(ZoneInfo(zone)).date()
        self.variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KAJOOM_")},
            "KAJOOM_SECRET_KEY": secrets.token_urlsafe(48),
            "KAJOOM_DATABASE_URL": f"sqlite:///{folder / 'kajoom.sqlite'}",
            "KAJOOM_MAIL_URL": f"file://{folder / 'mail'}",
            "KAJOOM_BASE_URL": self.address,
            "KAJOOM_TIMEZONE": zone,
            "KAJOOM_WORKER": "none",
        }
        self._worker: subprocess.Popen[bytes] | None = None

    def run(self, arguments: list[str], exit_code: int = 0) -> str:
        """What a command prints; it must end with ``exit_code``."""
        command = [str(_BIN / arguments[0]), *arguments[1:]]
        done = subprocess.run(command, cwd=ROOT, env=self.variables, capture_output=True, text=True, check=False)
        assert done.returncode == exit_code, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def start_worker(self) -> None:
        """Start ``flask work``, as the worker's unit does."""
        command = [*_END_WITH_TEST, str(_BIN / "flask"), "work"]
        self._worker = subprocess.Popen(command, cwd=ROOT, env=self.variables, stderr=subprocess.DEVNULL)

    def stop_worker(self) -> None:
        """Stop it, if it runs."""
        if self._worker is not None:
            self._worker.terminate()
            self._worker.wait(60)
            self._worker = None

    @contextmanager
    def served(self) -> Iterator[httpx2.Client]:
        """The web server, as its unit starts it, and a browser at its address."""
        command = [*_END_WITH_TEST, str(_BIN / "gunicorn"), "--bind", f"127.0.0.1:{self.port}", "app:create_app()"]
        process = subprocess.Popen(command, cwd=ROOT, env=self.variables, stderr=subprocess.DEVNULL)
        try:
            with httpx2.Client(base_url=self.address, timeout=30, follow_redirects=True) as browser:
                until(lambda: _answers(browser), "no answer of the web server", 120)
                yield browser
        finally:
            process.terminate()
            process.wait(60)

    def email(self, to: str, contains: Callable[[str], bool]) -> str:
        """The text of an e-mail to somebody, once a worker has written the one that is meant."""
        found: list[str] = []

        def is_there() -> bool:
            texts = [_text(each) for path in self.folder.rglob("*.eml") if to in (each := _read(path))["To"]]
            found[:] = filter(contains, texts)
            return bool(found)

        until(is_there, f"no such e-mail to {to}", 120)
        return found[0]


def _answers(browser: httpx2.Client) -> bool:
    try:
        return browser.get("/healthz").status_code == 200
    except httpx2.TransportError:
        return False


def _read(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return str(body.get_content()) if body else ""


def write_exports(folder: Path, since: date, today: date) -> None:
    """Write the files of ``tests/data/host`` as the host exports them on ``today``: what was ``since`` is now today."""
    folder.mkdir()
    names = {"clients": "clients.csv", "services-1-hosting": "services-1-hosting.csv",
             "services-2-domains": "services-2-domains.csv", "services-3-addons": "services-3-addons.csv"}  # fmt: skip
    for name, target in names.items():
        with (DATA / f"whmcs-{name}.csv").open(encoding="utf-8", newline="") as source:
            rows = list(csv.DictReader(source))
        for row in rows:
            if row.get("nextduedate", "0000").startswith("2"):
                row["nextduedate"] = (date.fromisoformat(row["nextduedate"]) + (today - since)).isoformat()
            for name_of_day in {"regdate", "registrationdate"} & row.keys():
                days = row[name_of_day], row["nextduedate"], (today - timedelta(days=1)).isoformat()
                row[name_of_day] = min(day for day in days if day > "0001")
        with (folder / target).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(rows)
    (folder / "map.toml").write_bytes((DATA / "map.toml").read_bytes())


def replace_in(path: Path, pattern: str, replacement: str) -> None:
    """Correct a file as the host does: replace what matches once."""
    text, count = re.subn(pattern, replacement, path.read_text("utf-8"))
    assert count == 1, (path, pattern, count)
    path.write_bytes(text.encode())
