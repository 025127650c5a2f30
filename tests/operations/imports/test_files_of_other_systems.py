"""Files as spreadsheets and other billing systems write them: amounts, dates, names, mappings and rejected rows."""

from datetime import date
from io import StringIO

import pytest
from flask import Flask

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.province import province_code
from kajoom.models.catalog import catalog
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.files.amounts import plain_amount
from kajoom.operations.files.cells import parse_cycle
from kajoom.operations.files.csv_file import read_rows
from kajoom.operations.files.encoding import is_text_encoding
from kajoom.operations.files.layout import Layout
from kajoom.operations.files.report import ImportReport
from kajoom.operations.files.skipped import write_skipped
from kajoom.operations.imports import batch
from kajoom.operations.imports.batch import HowToImport
from kajoom.operations.imports.map_file import read_map
from kajoom.operations.imports.service_row import ServiceRow
from kajoom.operations.imports.services import ServiceImport, import_services
from tests import factories
from tests.operations.imports.service_files import AT, DEMO, ON, errors_of, file, import_file, stored_service

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _catalogue(app: Flask) -> None:
    load_catalog((DEMO / "catalog.toml").read_bytes(), AT)
    factories.client(external_id="C1", email="c1@example.org")


def layout_of(mapping: str) -> Layout:
    layout = read_map(mapping.encode(), None, None, catalog())
    assert isinstance(layout, Layout), layout
    return layout


def import_mapped(content: str, mapping: str, how: HowToImport = batch.ALL_OR_NOTHING) -> ImportReport:
    rows = read_rows([content.encode()], ServiceRow, layout_of(mapping))
    return import_services(rows, ServiceImport(ON, AT, batch=how))


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("1 234,50 $", "1234.50"),
        ("1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}$", "1234.50"),
        ("1\N{NARROW NO-BREAK SPACE}234,50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("14,99", "14.99"),
        ("14,9", "14.9"),
        ("$14.99 CAD", "14.99"),
        ("CA$14.99", "14.99"),
        ("1,234,567", "1234567"),
        ("1'234.50", "1234.50"),
        ("-8,95", "-8.95"),
        ("8.955", "8.955"),
        ("gratuit", "gratuit"),
        ("1,23,4.50", "1234.50"),
    ],
)
def test_amount_has_a_point_and_no_groups(cell: str, amount: str) -> None:
    assert plain_amount(cell, "CAD") == amount


@pytest.mark.parametrize("cell", ["1,234", "12.00 US$", "12,00 $ US", "USD 12.00"])
def test_ambiguous_amount_and_that_of_another_currency_are_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"thousands or decimals|not an amount in CAD"):
        plain_amount(cell, "CAD")


def test_amount_in_the_currency_of_its_row_is_accepted() -> None:
    assert import_file(file({"currency": "USD", "recurring": "12.00 $ US"})).errors == []
    assert stored_service().recurring_cents == 1200


@pytest.mark.parametrize("cell", ["2012-06-23 00:00:00", "2012-06-23T10:00", "2012-06-23 04:15"])
def test_time_of_a_date_is_left_off(cell: str) -> None:
    assert import_file(file({"registered_on": cell})).errors == []
    assert stored_service().registered_on == date(2012, 6, 23)


@pytest.mark.parametrize("cell", ["2012/06/23", "2012.06.23", "2012/06/23 04:15"])
def test_date_that_begins_with_its_year_needs_no_order(cell: str) -> None:
    assert import_file(file({"registered_on": cell})).errors == []
    assert stored_service().registered_on == date(2012, 6, 23)


@pytest.mark.parametrize(
    ("status", "cycle", "due"),
    [("Actif", "Mensuel", "2026-07-01"), ("EN ATTENTE", "annuelle", "2026-07-01"), ("Résilié", "Gratuit", "")],
)
def test_statuses_and_cycles_may_be_in_french(status: str, cycle: str, due: str) -> None:
    amount = "0.00" if cycle == "Gratuit" else "150.00"
    assert not import_file(file({"status": status, "cycle": cycle, "next_due_date": due, "recurring": amount})).errors
    kinds = {"Actif": "active", "EN ATTENTE": "pending", "Résilié": "terminated"}
    assert stored_service().status == kinds[status]


def test_method_that_no_provider_takes_here_is_a_note() -> None:
    report = import_file(file({"payment_method": "stripe"}, {"external_id": "S2"}))
    assert [str(note) for note in report.notes] == [
        "line 2: payment_method: card is not taken here: the client pays another way"
    ]


@pytest.mark.parametrize("cell", ["0000-00-00", "0000-00-00 00:00:00", "00/00/0000"])
def test_date_of_zeros_is_none(cell: str) -> None:
    assert import_file(file({"cycle": "Free Account", "recurring": "0.00", "next_due_date": cell})).errors == []
    assert stored_service().next_due_date is None


def test_order_of_a_date_is_declared_or_the_row_refused() -> None:
    row = {"registered_on": "23/06/2012", "next_due_date": "1/07/2026 00:00"}
    assert [error.place for error in import_file(file(row)).errors] == ["registered_on", "next_due_date"]
    assert import_mapped(file(row).decode(), 'dates = "dmy"').errors == []
    assert stored_service().next_due_date == date(2026, 7, 1)
    row["registered_on"], row["next_due_date"] = "06/23/2012", "07-01-2026"
    assert import_mapped(file(row).decode(), 'dates = "mdy"').unchanged == 1


@pytest.mark.parametrize(
    ("cell", "cycle"),
    [
        ("Semi-Annually", BillingCycle.SEMIANNUALLY),
        ("One Time", BillingCycle.ONE_TIME),
        ("Yearly", BillingCycle.ANNUALLY),
        ("2 years", BillingCycle.BIENNIALLY),
        ("36 months", BillingCycle.TRIENNIALLY),
        ("1 an", BillingCycle.ANNUALLY),
        ("48 months", BillingCycle.FOUR_YEARS),
        ("7 years", BillingCycle.SEVEN_YEARS),
        ("10 ans", BillingCycle.TEN_YEARS),
    ],
)
def test_cycle_is_named_or_measured(cell: str, cycle: BillingCycle) -> None:
    assert parse_cycle(cell) is cycle


@pytest.mark.parametrize(
    ("name", "code"),
    [("Québec", "QC"), ("quebec", "QC"), ("PEI", "PE"), ("Nouvelle-Écosse", "NS"), ("Terre-Neuve-et-Labrador", "NL"),
     ("British Columbia", "BC"), ("qc", "QC"), ("Île-de-France", "Île-de-France")],
)  # fmt: skip
def test_province_is_known_by_its_code_and_its_names(name: str, code: str) -> None:
    assert province_code(name) == code


def test_columns_values_and_defaults_are_mapped() -> None:
    content = (
        "N°;Client;Forfait;Domaine;Montant;Prochaine échéance;Note\n"
        "77;C1;Or;exemple.ca;1 150,00 $;01/07/2026;à rappeler\n"
    )
    mapping = """
        dates = "dmy"
        [columns]
        external_id = "N°"
        client = "client"
        plan = "forfait"
        label = "Domaine"
        recurring = "Montant"
        next_due_date = "prochaine échéance"
        [values.plan]
        or = "hosting/b"
        [defaults]
        status = "active"
        cycle = "monthly"
        registered_on = "2020-01-01"
        payment_method = "interac"
    """
    report = import_mapped(content, mapping)
    assert (report.added, errors_of(report)) == (1, [])
    assert [str(note) for note in report.notes] == ["line 1: unused columns: Note"]
    service = stored_service("77")
    assert (service.plan.code, service.recurring_cents, service.payment_method) == ("b", 115_000, "interac")
    assert errors_of(import_mapped(content.replace("1 150,00", "x"), mapping)) == [
        "line 2: Montant: not an amount with at most two decimals: 'x $'"
    ]


def test_column_of_the_mapping_that_is_not_in_the_file_is_named() -> None:
    report = import_mapped(file({}).decode(), '[columns]\nlabel = "Domaine"')
    assert errors_of(report) == ["line 1: Domaine: the column is missing"]


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        ("[columns]\nnom = 'x'", "line 2: columns.nom: not a column of ours: external_id, email"),
        ("dates = 'ydm'", "line 1: dates: 'ymd', 'dmy' or 'mdy' expected"),
        ("encoding = 'utf-99'", "line 1: encoding: not an encoding of text"),
        ("[products]\n1 = 'base'", "line 2: products.1: not a plan like"),
        ("colums = 1", "line 1: colums: unknown key"),
        ("dates =", "Invalid value"),
    ],
)
def test_mistake_in_a_mapping_is_named_by_line(mapping: str, error: str) -> None:
    [found] = read_map(mapping.encode(), None, None, catalog())  # type: ignore[misc]
    assert str(found).startswith(error)


@pytest.mark.parametrize(("name", "known"), [("windows-1252", True), ("utf-8", True), ("base64", False), ("x", False)])
def test_encoding_is_one_of_text(name: str, known: bool) -> None:
    assert is_text_encoding(name) is known


def test_letters_of_windows_are_read_in_the_encoding_that_is_named() -> None:
    content = file({"label": "L’Été"}).decode().encode("windows-1252")
    assert errors_of(import_file(content)) == [
        "line 2: label: not UTF-8 text (--encoding windows-1252 for a CSV file of Excel)"
    ]
    rows = read_rows([content], ServiceRow, Layout(encoding="windows-1252"))
    assert import_services(rows, ServiceImport(ON, AT)).added == 1
    assert stored_service().label == "L’Été"


def test_file_that_a_database_wrote_has_its_header_in_the_mapping() -> None:
    content = "S1\tC1\thosting\ta\tActive\tMonthly\t150.00\t2012-06-23\t2026-07-01\tpaypal\t\\N\tune ligne\\\nen deux\n"
    mapping = (
        'header = ["external_id", "client", "group", "plan", "status", "cycle", "recurring", "registered_on", '
        '"next_due_date", "payment_method", "username", "label"]'
    )
    assert import_mapped(content, mapping).added == 1
    assert (stored_service().username, stored_service().label) == ("", "une ligne en deux")


def test_rows_without_errors_are_written_and_the_others_can_be_corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "BATCH_SIZE", 2)
    rows = [{"external_id": f"S{number}", "label": f"l{number}"} for number in range(6)]
    rows[1]["plan"], rows[4]["recurring"] = "z", "x"
    content = file(*rows).decode().replace("l5", '"l5')
    report = import_mapped(content, "", HowToImport(skip_errors=True))
    assert (report.added, [error.line for error in report.errors]) == (3, [3, 6, 7])

    out = StringIO()
    assert write_skipped([content.encode()], Layout(), report.errors, out) == 3
    lines = out.getvalue().splitlines()
    assert lines[0].endswith(",databases,reason")
    assert lines[1].endswith(",1,plan: unknown plan: hosting/z")
    assert '"l5' in out.getvalue().replace('""', '"')
    corrected = "\n".join(lines[:2]).replace(",z,", ",a,").replace("plan: unknown plan: hosting/z", "")
    assert import_mapped(corrected, "", HowToImport(skip_errors=True)).added == 1


def test_header_error_keeps_the_file_out_also_when_errors_are_skipped() -> None:
    report = import_mapped("external_id,client\nS1,C1\n", "", HowToImport(skip_errors=True))
    assert report.added == 0
    assert all(error.is_header for error in report.errors)


def test_add_on_has_the_label_of_its_service() -> None:
    import_file(file({}))
    content = (
        file({"external_id": "A1", "label": ""}).decode().replace("username", "parent").replace(",exemple,", ",S1,")
    )
    assert import_mapped(content, "").errors == []
    assert stored_service("A1").label == "exemple.ca"


def test_row_that_becomes_invalid_before_it_is_written_is_left_out() -> None:
    def withdraw_client(done: str, count: int) -> None:
        if done == "checked":
            db.session.query(Client).update({"external_id": "other"})
            db.session.commit()

    report = import_services(
        read_rows([file({})], ServiceRow), ServiceImport(ON, AT, batch=HowToImport(progress=withdraw_client))
    )
    assert (report.added, errors_of(report)) == (0, ["line 2: client: unknown client: C1"])


def test_options_and_discount_are_the_files_until_terms_are_ours() -> None:
    content = file({}).decode().replace("username", "options").replace("databases", "discount")
    content = content.replace(",exemple,", ",5.00,").replace(",3,1\n", ",3,1.50\n")
    assert import_mapped(content, "").errors == []
    assert (stored_service().options_cents, stored_service().discount_cents) == (500, 150)
    assert import_mapped(content, "").unchanged == 1
    assert errors_of(import_mapped(content.replace(",5.00,", ",151.51,"), "")) == [
        "line 2: options: 151.51 is more than the amount they are part of"
    ]
