"""`flask import` prints what it changed, or fails with every error."""

from pathlib import Path

import pytest
from flask import Flask

from kajoom.cli.catalog import catalog_command
from kajoom.cli.imports import import_command

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


def test_columns_of_the_demonstration_are_unknown_in_a_hosts_file(app: Flask) -> None:
    result = app.test_cli_runner().invoke(import_command, ["clients", str(DEMO / "clients.csv")])
    assert result.exit_code == 1
    assert "line 1: password: unknown column" in result.stderr
    assert "line 1: roles: unknown column" in result.stderr
