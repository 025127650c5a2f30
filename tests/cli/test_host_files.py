"""The files of a small host, as WHMCS and Excel write them, go in without being edited."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from kajoom.cli.catalog import catalog_command
from kajoom.cli.imports import import_command
from kajoom.domain.cycle import BillingCycle
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.service import Service

HOST = Path(__file__).parents[1] / "data" / "host"
MAP = ("--map", str(HOST / "map.toml"))
HOSTING = "whmcs-services-1-hosting.csv"


@pytest.fixture
def run(app: Flask) -> FlaskCliRunner:
    """The commands, with the host's catalogue and clients."""
    runner = app.test_cli_runner()
    assert runner.invoke(catalog_command, ["load", str(HOST / "catalog.toml")]).exit_code == 0
    result = load(runner, "clients", "whmcs-clients.csv")
    assert "added: 7\n" in result
    assert "line 9: state: empty: in Canada" in result
    return runner


def load(runner: FlaskCliRunner, kind: str, name: str, *options: str) -> str:
    """Import what has no error of a file, and return all that the command prints."""
    skipped = Path(db.engine.url.database or "").parent / "skipped.csv"
    return runner.invoke(import_command, [kind, str(HOST / name), *MAP, "--skip-errors", str(skipped), *options]).output


def services() -> dict[str, Service]:
    db.session.expire_all()
    return {service.external_id: service for service in db.session.query(Service)}


def test_clients_are_those_of_the_export(run: FlaskCliRunner) -> None:
    clients = {client.external_id: client for client in db.session.query(Client)}
    first = clients["1"]
    assert (first.name, first.company) == ("Rosalie Vaillancourt", "Fromagerie L'Étoile & Cie")
    assert first.address == "48, rang du Nord, Saint-Raymond (QC)  G3L 1A1"
    assert [clients[key].province for key in ("1", "2", "3", "4", "5", "8")] == ["QC", "ON", "QC", "NS", "", "QC"]
    assert [clients[key].locale for key in ("1", "2", "4")] == ["fr", "en", "fr"]
    assert clients["6"].tax_exempt == "Statut d’Indien"
    assert [bool(clients[key].password) for key in ("1", "3")] == [True, False]


def test_services_domains_and_add_ons_are_those_of_the_exports(run: FlaskCliRunner) -> None:
    hosting = load(run, "services", HOSTING)
    assert "line 11: userid: unknown client: 7" in hosting
    assert "line 12: packageid: no plan is mapped to 99, Ancien forfait" in hosting
    assert "added: 9\n" in hosting
    assert "added: 4\n" in load(run, "services", "whmcs-services-2-domains.csv")
    assert "added: 2\n" in load(run, "services", "whmcs-services-3-addons.csv")

    found = services()
    assert len(found) == 15
    assert [found[f"hosting-{number}"].plan.code for number in (1, 4, 6)] == ["perdrix", "huard", "revendeur-25"]
    assert (found["hosting-1"].next_due_date, found["hosting-1"].anchor_day) == (date(2026, 12, 31), 31)
    assert (found["hosting-2"].discount_cents, found["hosting-2"].usage) == (1_710, None)
    assert found["hosting-4"].options_cents == 700
    assert (found["hosting-8"].status, found["hosting-8"].next_due_date) == ("terminated", None)
    assert found["domain-2"].cycle is BillingCycle.FIVE_YEARS
    assert [found[f"domain-{number}"].status for number in (3, 4)] == ["pending", "cancelled"]
    assert found["addon-1"].label == "fromagerie.example"
    assert [found[f"hosting-{number}"].payment_method for number in (2, 3, 4, 5)] == [
        "card", "cheque", "paypal", "bank_transfer",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "mapping", "options"),
    [
        ("excel-windows-services.csv", "", ["--encoding", "windows-1252"]),
        ("excel-utf8-dmy-services.csv", 'dates = "dmy"\n', []),
    ],
)
def test_files_of_excel_say_the_same_as_the_export(
    run: FlaskCliRunner, tmp_path: Path, name: str, mapping: str, options: list[str]
) -> None:
    load(run, "services", HOSTING)
    path = tmp_path / "map.toml"
    path.write_text(mapping + (HOST / "map.toml").read_text("utf-8"), "utf-8")
    again = load(run, "services", name, "--map", str(path), *options)
    assert "added: 0\nchanged: 0\nunchanged: 9\n" in again


def test_second_import_of_the_exports_changes_nothing(run: FlaskCliRunner) -> None:
    for name in (HOSTING, "whmcs-services-2-domains.csv", "whmcs-services-3-addons.csv"):
        load(run, "services", name)
        assert "added: 0\nchanged: 0\n" in load(run, "services", name)


def rewritten(path: Path, change: Callable[[dict[str, str]], dict[str, str]], **written: Any) -> str:
    """The hosting services, each row changed, in columns of the opposite order; returns the name of the file."""
    rows = [change(row) for row in csv.DictReader((HOST / HOSTING).read_text("utf-8").splitlines())]
    with path.open("w", newline="", encoding=written.pop("encoding", "utf-8")) as file:
        writer = csv.DictWriter(file, list(rows[0])[::-1], **written)
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


FRENCH = {
    "Active": "Actif",
    "Suspended": "SUSPENDU",
    "Terminated": "Résilié",
    "Cancelled": "annulé",
    "Monthly": "Mensuel",
    "Annually": "ANNUEL",
    "Semi-Annually": "semestriel",
    "Completed": "Terminé",
}


def test_export_in_other_words_order_and_encoding_says_the_same(run: FlaskCliRunner, tmp_path: Path) -> None:
    load(run, "services", HOSTING)

    def change(row: dict[str, str]) -> dict[str, str]:
        row = {name.upper(): FRENCH.get(cell, cell) for name, cell in row.items()}
        return {**row, "NEXTDUEDATE": row["NEXTDUEDATE"].replace("-", "/"), "PROMOID": "0"}

    name = rewritten(tmp_path / "other.csv", change, encoding="utf-16", delimiter="\t")
    again = load(run, "services", name)
    assert "added: 0\nchanged: 0\nunchanged: 9\n" in again


def test_periods_that_whmcs_has_invoiced_are_not_renewed_here(run: FlaskCliRunner, tmp_path: Path) -> None:
    name = rewritten(
        tmp_path / "h.csv", lambda row: {**row, "nextinvoicedate": "2027-01-31" if row["id"] == "1" else ""}
    )
    load(run, "services", name)
    found = services()
    assert (found["hosting-1"].next_due_date, found["hosting-1"].invoiced_until) == (
        date(2026, 12, 31),
        date(2027, 1, 31),
    )
    assert found["hosting-2"].invoiced_until is None


def test_file_without_currency_is_told_where_another_one_is_meant(run: FlaskCliRunner, tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text((HOST / "map.toml").read_text("utf-8") + '\n[defaults]\ncurrency = "CAD"\n', "utf-8")
    name = rewritten(tmp_path / "h.csv", lambda row: {key: cell for key, cell in row.items() if key != "currency"})
    assert "currency: CAD by default, but 84.00 is the price in EUR" in load(run, "services", name, "--map", str(path))
