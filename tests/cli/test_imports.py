"""`flask import` prints what it changed, or fails with every error."""

from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from kajoom.cli.catalog import catalog_command
from kajoom.cli.imports import import_command
from kajoom.cli.staff import staff
from kajoom.models.service import service_by_external_id
from kajoom.operations.billing.renewals import issue_renewal
from tests import factories

DEMO = Path(__file__).parents[2] / "demo"
CLIENTS = "external_id,email,name,province\n1,anna@example.com,Anna,QC\n"
SERVICES = (
    "external_id;client;group;plan;status;cycle;recurring;registered_on;next_due_date;payment_method\n"
    "S1;anna@example.com;hosting;a;Active;Monthly;150.00;2012-06-23;2026-07-01;PayPal\n"
)


@pytest.fixture(autouse=True)
def _files(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clients.csv").write_text(CLIENTS)
    (tmp_path / "services.csv").write_text(SERVICES)
    (tmp_path / "bad.csv").write_text(SERVICES.replace("hosting;a", "hosting;z").replace("150.00", "150.005"))
    monkeypatch.chdir(tmp_path)


def test_catalogue_clients_and_services_are_imported_one_after_the_other(app: Flask) -> None:
    run = app.test_cli_runner()
    assert run.invoke(catalog_command, ["load", str(DEMO / "catalog.toml")]).exit_code == 0
    assert run.invoke(import_command, ["clients", "clients.csv"]).output == "added: 1\nchanged: 0\nunchanged: 0\n"
    trial = run.invoke(import_command, ["services", "services.csv", "--dry-run"])
    assert trial.output == "added: 1\nchanged: 0\nunchanged: 0\nNothing was written.\n"
    assert run.invoke(import_command, ["services", "services.csv"]).output.startswith("added: 1\n")
    assert run.invoke(import_command, ["services", "services.csv"]).output.startswith("added: 0\nchanged: 0\nunch")


def test_file_with_an_error_fails(app: Flask) -> None:
    result = app.test_cli_runner().invoke(import_command, ["services", "bad.csv"])
    assert result.exit_code == 1
    assert "line 2: recurring: not an amount with at most two decimals: '150.005'" in result.stderr
    assert "1 error: nothing was written." in result.stderr


def test_columns_that_are_not_used_are_named(app: Flask) -> None:
    result = app.test_cli_runner().invoke(import_command, ["clients", str(DEMO / "clients.csv"), "--dry-run"])
    assert result.exit_code == 0
    assert "line 1: unused columns: password" in result.stderr


def test_values_that_are_kept_are_named_and_fail(app: Flask) -> None:
    run = app.test_cli_runner()
    run.invoke(catalog_command, ["load", str(DEMO / "catalog.toml")])
    run.invoke(import_command, ["clients", "clients.csv"])
    run.invoke(import_command, ["services", "services.csv"])
    service = service_by_external_id("S1")
    assert service is not None
    assert issue_renewal(service.id, date(2026, 6, 20), factories.AT) is not None
    Path("dearer.csv").write_text(SERVICES.replace("150.00", "165.00"))

    result = run.invoke(import_command, ["services", "dearer.csv"])
    assert result.exit_code == 1
    assert "line 2: recurring: kept 150.00; the file says 165.00 (--terms applies it" in result.stderr
    assert "1 value of the file kept as here; the rest was written." in result.stderr
    result = run.invoke(import_command, ["services", "dearer.csv", "--terms"])
    assert (result.exit_code, result.output) == (0, "added: 0\nchanged: 1\nunchanged: 0\n")


def test_staff_end_a_service_by_its_domain(app: Flask) -> None:
    run = app.test_cli_runner()
    run.invoke(catalog_command, ["load", str(DEMO / "catalog.toml")])
    run.invoke(import_command, ["clients", "clients.csv"])
    Path("named.csv").write_text(
        SERVICES.replace(";payment_method", ";payment_method;label").replace(";PayPal", ";PayPal;exemple.ca")
    )
    run.invoke(import_command, ["services", "named.csv"])

    assert run.invoke(staff, ["end", "exemple.ca", "--reason", "Fraude."]).output == "S1 has ended.\n"
    again = run.invoke(staff, ["end", "exemple.ca", "--reason", "Fraude."])
    assert (again.exit_code, again.stderr) == (1, "Error: The service exemple.ca has already ended.\n")
    assert "There is no service absent.ca" in run.invoke(staff, ["end", "absent.ca", "--reason", "x"]).stderr
