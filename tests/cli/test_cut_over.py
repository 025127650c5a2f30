"""Going live: billing and a whole folder tried dry, opening credit, and renewals that another system still issues."""

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from kajoom.cli.bill import bill
from kajoom.cli.catalog import catalog_command
from kajoom.cli.imports import import_command
from kajoom.models.client import Client
from kajoom.models.credit import CreditEntry, balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.models.service import Service, service_by_external_id
from kajoom.operations.billing.renewals import issue_renewal
from tests import factories

DEMO = Path(__file__).parents[2] / "demo"
CLIENTS = "external_id,email,name,province\n1,anna@example.com,Anna,QC\n2,bruno@example.com,Bruno,QC\n"
SERVICES = (
    "external_id,client,group,plan,status,cycle,recurring,registered_on,next_due_date,payment_method{more}\n"
    "S1,1,hosting,a,Active,Monthly,150.00,2012-06-01,2026-07-01,paypal{first}\n"
    "S2,2,hosting,b,Active,Monthly,225.00,2012-06-01,2026-07-01,paypal{second}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def write(folder: Path, billing: str = "", more: str = "", first: str = "", second: str = "") -> None:
    (folder / "catalog.toml").write_text(f"{(DEMO / 'catalog.toml').read_text()}\n{billing}")
    (folder / "clients.csv").write_text(CLIENTS)
    (folder / "services.csv").write_text(SERVICES.format(more=more, first=first, second=second))
    (folder / "credit.csv").write_text('client,amount,reason,date\n1,"25,00",Panne,2026-06-04\n')


@pytest.fixture
def run(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def import_all(run: FlaskCliRunner, folder: Path, *options: str) -> str:
    result = run.invoke(import_command, ["all", str(folder), *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def dry_bill(run: FlaskCliRunner, on: str) -> str:
    result = run.invoke(bill, ["--on", on, "--days", "14", "--dry-run"])
    assert result.exit_code == 0, result.output
    return result.stdout


def counts() -> list[int]:
    db.session.rollback()
    return [db.session.query(model).count() for model in (Client, Service, CreditEntry, Invoice, Message)]


def test_whole_folder_is_tried_dry_and_then_imported(run: FlaskCliRunner, folder: Path) -> None:
    before = counts()
    trial = import_all(run, folder, "--dry-run")
    assert (
        trial.splitlines()[1:]
        == [
            "clients.csv: added 2, changed 0, unchanged 0",
            "credit.csv: added 1, changed 0, unchanged 0",
            "services.csv: added 2, changed 0, unchanged 0",
            "Nothing was written.",
        ]
        or "services.csv: added 2, changed 0, unchanged 0" in trial
    )
    assert counts() == before
    assert import_all(run, folder) in trial
    assert "services.csv: added 0, changed 0, unchanged 2" in import_all(run, folder)


def test_errors_of_a_file_are_named_with_it_and_end_the_trial(run: FlaskCliRunner, folder: Path) -> None:
    (folder / "services.csv").write_text(SERVICES.format(more="", first="", second="").replace("g,b,", "g,z,"))
    result = run.invoke(import_command, ["all", str(folder), "--dry-run"])
    assert result.exit_code == 1
    assert "services.csv: line 3: plan: unknown plan: hosting/z" in result.stderr
    assert run.invoke(import_command, ["all", str(folder / "absent")]).exit_code == 2


def test_wrong_rows_of_a_folder_are_set_aside_and_the_others_written(
    run: FlaskCliRunner, folder: Path, tmp_path: Path
) -> None:
    (folder / "services.csv").write_text(SERVICES.format(more="", first="", second="").replace("g,b,", "g,z,"))
    rejected = tmp_path / "rejected"
    for options in (["--dry-run"], []):
        result = run.invoke(import_command, ["all", str(folder), "--skip-errors", str(rejected), *options])
        assert result.exit_code == 1
        assert f"services.csv: skipped 1, in {rejected / 'services.csv'}" in result.stdout
    assert "services.csv: added 1, changed 0, unchanged 0" in result.stdout
    assert "unknown plan: hosting/z" in (rejected / "services.csv").read_text("utf-8-sig")
    assert not (rejected / "clients.csv").exists()
    assert (
        "services.csv: added 0, changed 0, unchanged 1"
        in run.invoke(import_command, ["all", str(folder), "--skip-errors", str(rejected)]).stdout
    )


def test_credit_is_added_once_and_is_no_email(run: FlaskCliRunner, folder: Path) -> None:
    import_all(run, folder)
    messages = db.session.query(Message).count()
    again = run.invoke(import_command, ["credit", str(folder / "credit.csv")])
    assert again.stdout == "added: 0\nchanged: 0\nunchanged: 1\n"
    (folder / "more.csv").write_text("client,amount\nanna@example.com,12.00\n2,0.00\n3,1.00\n")
    result = run.invoke(import_command, ["credit", str(folder / "more.csv")])
    assert "line 3: amount: 0.00: an amount above zero expected" in result.stderr
    assert "line 4: client: unknown client: 3" in result.stderr
    service = service_by_external_id("S1")
    assert service is not None
    assert str(balance_of(service.client_id, "CAD")) == "25.00"
    assert db.session.query(Message).count() == messages


def test_credit_whose_reason_has_entities_is_the_same_without_them(run: FlaskCliRunner, folder: Path) -> None:
    import_all(run, folder)
    for reason in ("reçu d&#039;avance", "reçu d'avance"):
        (folder / "more.csv").write_text(f"client,amount,reason\n2,100.00,{reason}\n")
        run.invoke(import_command, ["credit", str(folder / "more.csv")])
    service = service_by_external_id("S2")
    assert service is not None
    assert str(balance_of(service.client_id, "CAD")) == "100.00"


def test_billing_does_exactly_what_its_dry_run_shows(run: FlaskCliRunner, folder: Path) -> None:
    import_all(run, folder)
    before = counts()
    lines = dry_bill(run, "2026-06-25").splitlines()
    assert lines[0] == "S1  -  anna@example.com  2026-07-01 to 2026-08-01  172.46 CAD"
    assert lines[2:] == [
        "invoices on 2026-06-25: 2, 431.15 CAD",
        "e-mails: 2, renewal_invoice 2",
        "Nothing was written.",
    ]
    assert counts() == before

    run.invoke(bill, ["--on", "2026-06-25", "--days", "14"])
    assert sum(invoice.total_cents for invoice in db.session.query(Invoice)) == 43_115
    assert "invoices on 2026-06-25: 0\n" in dry_bill(run, "2026-06-25")


@pytest.mark.parametrize(
    ("billing", "on", "number"),
    [
        ('[billing]\nrenewals = "off"', "2026-06-25", 0),
        ("[billing]\nrenewals_from = 2026-06-26", "2026-06-25", 0),
        ("[billing]\nrenewals_from = 2026-06-26", "2026-06-26", 2),
        ('[billing]\nrenewals = "off"\nrenewals_from = 2026-06-26', "2026-06-26", 2),
        ("[billing]\nsuspend_days = 20", "2026-06-26", 2),
    ],
)
def test_no_renewal_is_issued_before_the_day_of_the_catalogue(
    run: FlaskCliRunner, tmp_path: Path, billing: str, on: str, number: int
) -> None:
    write(tmp_path, billing)
    import_all(run, tmp_path)
    assert f"invoices on {on}: {number}" in dry_bill(run, on)


def test_period_that_the_other_system_invoiced_is_not_renewed_here(run: FlaskCliRunner, tmp_path: Path) -> None:
    write(tmp_path, more=",paid_until,invoiced_until", first=",2026-06-01,", second=",,2026-08-01")
    import_all(run, tmp_path)
    first, second = service_by_external_id("S1"), service_by_external_id("S2")
    assert first is not None and second is not None  # noqa: PT018 - for mypy
    assert (first.next_due_date, first.invoiced_until) == (date(2026, 6, 1), date(2026, 7, 1))
    assert (second.next_due_date, second.invoiced_until) == (date(2026, 7, 1), date(2026, 8, 1))
    for service in (first, second):
        assert issue_renewal(service.id, date(2026, 7, 1), factories.AT) is None
    assert "invoices on 2026-07-01: 0" in dry_bill(run, "2026-07-01")

    write(tmp_path, more=",paid_until,invoiced_until", first=",2026-07-01,2026-07-01", second=",2026-08-01,")
    import_all(run, tmp_path)
    assert "invoices on 2026-07-01: 1, 172.46 CAD" in dry_bill(run, "2026-07-01")


def test_numbers_of_the_catalogue_command_stay_those_of_the_database(run: FlaskCliRunner, folder: Path) -> None:
    """A catalogue that was loaded for trial is not kept in memory: it has the number of the next one."""
    import_all(run, folder, "--dry-run")
    loaded = run.invoke(catalog_command, ["load", str(DEMO / "catalog.toml")])
    assert "This is now catalogue" in loaded.stdout
