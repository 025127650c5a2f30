"""Files of services for the tests of their import, and the services that are stored."""

from datetime import UTC, date, datetime
from pathlib import Path

from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.files.csv_file import read_rows
from kajoom.operations.files.report import ImportReport
from kajoom.operations.imports.batch import HowToImport
from kajoom.operations.imports.service_row import ServiceRow
from kajoom.operations.imports.services import ServiceImport, import_services

AT = datetime(2026, 6, 16, 15, 0, tzinfo=UTC)
ON = AT.date()
DEMO = Path(__file__).parents[3] / "demo"
CELLS = {
    "external_id": "S1",
    "client": "C1",
    "group": "hosting",
    "plan": "a",
    "label": "exemple.ca",
    "server": "",
    "username": "exemple",
    "status": "active",
    "cycle": "monthly",
    "currency": "CAD",
    "recurring": "150.00",
    "quantity": "1",
    "registered_on": "2012-06-23",
    "next_due_date": "2026-07-01",
    "anchor_day": "",
    "payment_method": "paypal",
    "disk_mb": "1000",
    "mailboxes": "3",
    "databases": "1",
}


def file(*rows: dict[str, str]) -> bytes:
    """A file of services, each with the cells of CELLS but for the given ones."""
    lines = [list(CELLS), *({**CELLS, **row}.values() for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines).encode()


def import_file(content: bytes, *, dry_run: bool = False, with_terms: bool = False, on: date = ON) -> ImportReport:
    rows = read_rows(content.splitlines(keepends=True), ServiceRow)
    return import_services(rows, ServiceImport(on, AT, with_terms=with_terms, batch=HowToImport(dry_run=dry_run)))


def stored_service(external_id: str = "S1") -> Service:
    """The service as the database has it."""
    db.session.expire_all()
    return db.session.query(Service).filter_by(external_id=external_id).one()


def errors_of(report: ImportReport) -> list[str]:
    return [str(error) for error in report.errors]
