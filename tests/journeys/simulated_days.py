"""A host's days with a moved clock: its files, the worker, its clients and its staff, compared with the oracle."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient

from app import create_app
from kajoom.gateways import Gateways
from kajoom.models.db import db
from kajoom.worker.heartbeat import Heartbeat
from kajoom.worker.loop import run_pending
from tests.conftest import config_for, set_time
from tests.database import create_tables
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.journeys.former_host import PASSWORD, FormerHost, prices
from tests.journeys.ledger import all_tables, expected, rows, written
from tests.journeys.oracle import Oracle

TORONTO = ZoneInfo("America/Toronto")
SETTINGS = """
[invoices]
prefix = "F"
start = 20431

[billing]
renewals_from = {renewals_from}
suspend_days = 9
terminate_days = 18

[servers.principal]
panel = "demonstration"
"""
_KEPT = re.compile(r"^(\S+): line (\d+): \w+: kept ", re.MULTILINE)
_NOT_COUNTED = {"staff_alert"}
"""At most one an hour, and about several things at once."""


class SimulatedHost:
    """The application, the system before it, and the oracle, on one simulated day after the other."""

    def __init__(self, folder: Path, database_url: str, seed: int, more_clients: int, first_day: date) -> None:
        self.day = first_day
        self.folder = folder / "export"
        self.folder.mkdir()
        self.former = FormerHost(seed, more_clients)
        renewals_from = first_day + timedelta(days=3)
        self.former.write_settings(self.folder, SETTINGS.format(renewals_from=renewals_from))
        self.oracle = Oracle(prices(), renewals_from, suspend_days=9, terminate_days=18)
        self.mailer, self.panel, self.provider = FakeMailer(), FakePanel(), FakeProvider()
        self.provider.code = "paypal"
        self.app = create_app(config_for(folder, database_url))
        self.app.extensions["kajoom"] = Gateways(self.panel, self.mailer, {"paypal": self.provider})
        self._heartbeat, self._emails_seen = Heartbeat(), 0
        self._queued: date | None = None
        self._names: set[str] = set()
        self._days = self.comparisons = 0
        with self.app.app_context():
            create_tables()
        self.day -= timedelta(days=1)
        self.set_time(20, 0)
        self.import_files()
        self.day += timedelta(days=1)

    def close(self) -> None:
        """Close the database."""
        with self.app.app_context():
            db.engine.dispose()

    # The parts of a day.

    def begin_day(self) -> None:
        """Midnight: the worker does the day's billing; then the host's files come in, twice."""
        self.set_time(0, 5)
        self.work()
        self.oracle.begin_day(self.day)
        self.set_time(3, 0)
        self.import_files()
        self.set_time(6, 1)
        self.work()

    def end_day(self) -> None:
        """Compare everything with the oracle, and go on to the next day."""
        self.set_time(23, 50)
        self.work()
        self.compare()
        self.day += timedelta(days=1)

    def set_time(self, hour: int, minute: int) -> None:
        """Set the application's clock to a time of the day in the host's time zone."""
        set_time(self.app, datetime(*self.day.timetuple()[:3], hour, minute, tzinfo=TORONTO))

    def work(self) -> None:
        """Let the worker do all that is due."""
        self._queued = run_pending(self.app, Event(), self._queued, self._heartbeat)

    def command(self, *arguments: str, exit_code: int = 0) -> str:
        """What a command prints; it must end with ``exit_code``."""
        result = self.app.test_cli_runner().invoke(args=list(arguments))
        assert result.exit_code == exit_code, (self.day, arguments, result.output, result.exception)
        return str(result.output)

    def import_files(self) -> None:
        """Import today's export; importing it again changes no row of any table."""
        self.former.pass_a_day()
        self.former.export(self.folder)
        self.oracle.read_clients(self.former.files["clients.csv"])
        kept: dict[tuple[str, int], int] = {}
        for name, file in self.former.files.items():
            if name != "clients.csv":
                of_file = self.oracle.read_services(name, file, self.day)
                kept |= {(name, line): number for line, number in of_file.items()}
        output = self.command("import", "all", str(self.folder), exit_code=1 if kept else 0)
        found = Counter((name, int(line)) for name, line in _KEPT.findall(output))
        self.check("values of the file that are kept", kept, dict(found))
        with self.app.app_context():
            before = all_tables()
            self.command("import", "all", str(self.folder), exit_code=1 if kept else 0)
            after = all_tables()
        for table, content in before.items():
            self.check(f"table {table} after a second import", content, after[table])

    # Comparing.

    def compare(self) -> None:
        """Compare services, invoices, credit and the e-mails of the day; the numbers of invoices have no gap."""
        self.compare_facts("the day")
        with self.app.app_context():
            numbers = [row.number for row in rows("SELECT number FROM invoice ORDER BY id")]
            self.check("numbers", [f"F{20431 + each}" for each in range(len(numbers))], numbers)
            self.check(
                "jobs that failed", [], rows("SELECT key, last_error FROM message WHERE failing_since IS NOT NULL")
            )
            emails = self._emails_of_the_day()
        ours, theirs = self.oracle.emails - emails, emails - self.oracle.emails
        self.check("e-mails that only one of them has", dict(ours), dict(theirs))
        self._days += 1

    def compare_facts(self, after: str) -> None:
        """Compare what is stored of every service, change, invoice, credit note, task and client."""
        with self.app.app_context():
            theirs, ours = written(), expected(self.oracle)
        wrong = [name for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name)]
        assert not wrong, "\n".join(
            f"{self.day}, after {after}, {name}:\n  oracle  {ours.get(name)}\n  program {theirs.get(name)}"
            for name in wrong
        )
        self._names.update(ours)
        self.comparisons += len(ours)

    @property
    def compared(self) -> Counter[str]:
        """How many services, invoices, e-mails … were compared, and how many comparisons these were."""
        names = Counter(f"{name.partition(' ')[0]}s" for name in self._names)
        return names + Counter({"days": self._days, "e-mails": self._emails_seen, "comparisons": self.comparisons})

    def check(self, what: str, ours: Any, theirs: Any) -> None:
        assert ours == theirs, f"{self.day} {what}:\n  oracle  {ours}\n  program {theirs}"

    def _emails_of_the_day(self) -> Counter[tuple[str, str, str]]:
        """The e-mails that were sent since the last comparison: kind, recipient, and service they are about."""
        known = {re.sub(r"[^A-Za-z0-9.-]", "-", row.key): row.ids for row in rows("SELECT key, ids FROM message")}
        counted: Counter[tuple[str, str, str]] = Counter()
        for email in self.mailer.sent[self._emails_seen :]:
            ids = known[email["Message-ID"][1:].rpartition("@")[0]]
            ids = json.loads(ids) if isinstance(ids, str) else ids
            if ids["email"] not in _NOT_COUNTED:
                counted[ids["email"], email["To"].addresses[0].addr_spec, _service_of(ids)] += 1
        self._emails_seen = len(self.mailer.sent)
        return counted

    # Clients.

    def browser(self, client: str) -> FlaskClient:
        """The browser of a client of the host, signed in."""
        browser = self.app.test_client()
        browser.environ_base["REMOTE_ADDR"] = f"10.0.{int(client) // 250}.{int(client) % 250}"
        form = {"email": self.oracle.clients[client].email, "password": PASSWORD}
        answer = browser.post("/login", data={"csrf_token": token(browser, "/login"), **form})
        assert answer.status_code == 302, (self.day, client, answer.status_code)
        return browser


def token(browser: FlaskClient, path: str) -> str:
    """The CSRF token in the forms of a page."""
    return browser.get(path).text.partition('name="csrf_token" value="')[2].partition('"')[0]


def _note_numbers(found: list[str]) -> list[str]:
    """The numbers that so many credit notes must have: they begin again each year."""
    years = [number.split("-")[1] for number in found]
    return [f"NC-{year}-{years[: place + 1].count(year):04d}" for place, year in enumerate(years)]


_NAMES = {
    "invoice": "SELECT s.external_id FROM invoice x JOIN service s ON s.id = x.service_id WHERE x.id = :id",
    "order": 'SELECT s.external_id FROM "order" x JOIN service s ON s.id = x.service_id WHERE x.id = :id',
    "cancellation": "SELECT s.external_id FROM cancellation x JOIN service s ON s.id = x.service_id WHERE x.id = :id",
    "task": "SELECT s.external_id FROM task x JOIN service s ON s.id = x.service_id WHERE x.id = :id",
    "terms": "SELECT s.external_id FROM terms_change x JOIN service s ON s.id = x.service_id WHERE x.id = :id",
    "service": "SELECT external_id FROM service WHERE id = :id",
}


def _service_of(ids: dict[str, Any]) -> str:
    """The service that a message's e-mail is about, an empty text for one about an account."""
    for name, query in _NAMES.items():
        if name in ids:
            return str(rows(query, id=ids[name])[0].external_id)
    return ""
