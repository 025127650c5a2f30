"""Import of a host's services: all or nothing; changes made here survive the next file."""

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.service import ServiceStatus
from kajoom.domain.usage import Resource, fit
from kajoom.models.catalog import catalog
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.files.csv_file import read_rows
from kajoom.operations.imports import batch
from kajoom.operations.imports.clients import DemoClientRow, import_clients
from kajoom.operations.imports.service_row import ServiceRow
from kajoom.operations.imports.services import ServiceImport, import_services
from tests import factories
from tests.operations.imports.service_files import AT, CELLS, DEMO, errors_of, file, import_file, stored_service


@pytest.fixture(autouse=True)
def _catalogue(app: Flask) -> None:
    """The demonstration's catalogue and two clients, which a host would have loaded first."""
    load_catalog((DEMO / "catalog.toml").read_bytes(), AT)
    for number in (1, 2):
        factories.client(external_id=f"C{number}", email=f"c{number}@example.org")


def test_service_is_added_with_the_values_of_the_file() -> None:
    report = import_file(file({}))
    assert (report.added, report.errors) == (1, [])
    row = stored_service()
    assert (row.plan.code, row.client.external_id, row.label) == ("a", "C1", "exemple.ca")
    assert (row.cycle, str(row.recurring), row.quantity) == (BillingCycle.MONTHLY, "150.00", 1)
    assert (row.next_due_date, row.anchor_day) == (date(2026, 7, 1), 1)
    assert row.usage == {"disk_mb": 1000, "mailboxes": 3, "databases": 1}


def test_second_import_changes_nothing() -> None:
    content = file({}, {"external_id": "S2", "cycle": "free", "recurring": "0", "next_due_date": "", "disk_mb": ""})
    import_file(content)
    report = import_file(content)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 2)
    assert stored_service().version == 1


def test_known_service_is_updated() -> None:
    import_file(file({}))
    report = import_file(file({"status": "Suspended", "plan": "b", "recurring": "225.00", "disk_mb": "2000"}))
    assert report.changed == 1
    row = stored_service()
    assert (row.status, row.plan.code, str(row.recurring)) == (ServiceStatus.SUSPENDED, "b", "225.00")
    assert row.usage == {"disk_mb": 2000, "mailboxes": 3, "databases": 1}
    assert row.version == 2


@pytest.mark.parametrize("cell", ["prelevement", "Prelevement"])
def test_offline_method_of_the_catalogue_may_be_a_services_payment_method(cell: str) -> None:
    own = """
[payments.prelevement]
label = { fr = "Prélèvement", en = "Pre-authorized debit" }
instructions = { fr = "Rien à faire.", en = "Nothing to do." }
"""
    load_catalog((DEMO / "catalog.toml").read_bytes() + own.encode(), AT)
    report = import_file(file({"payment_method": cell}))
    assert report.errors == []
    assert stored_service().payment_method == "prelevement"


def test_server_of_the_catalogue_may_be_a_services_server() -> None:
    own = b'\n[servers.s1]\npanel = "manual"\n'
    load_catalog((DEMO / "catalog.toml").read_bytes() + own, AT)
    assert import_file(file({"server": "s1"})).errors == []
    assert stored_service().server == "s1"
    assert import_file(file({"server": ""})).changed == 1
    assert stored_service().server == ""


def test_server_that_the_catalogue_does_not_have_is_refused() -> None:
    assert errors_of(import_file(file({"server": "s1"}))) == ["line 2: server: no server 's1' in the catalogue"]


def test_payment_method_that_the_catalogue_does_not_have_is_refused() -> None:
    assert errors_of(import_file(file({"payment_method": "prelevement"}))) == [
        "line 2: payment_method: unknown: 'prelevement'; one of paypal, interac, cheque, bank_transfer, credit, card"
    ]


def test_terms_changed_by_an_order_survive_the_next_file() -> None:
    import_file(file({}))
    factories.confirm(stored_service(), "b")
    before = stored_service()
    terms = (before.plan.code, before.recurring_cents, before.next_due_date, before.anchor_day)
    import_file(file({"plan": "base", "recurring": "95.00", "next_due_date": "2027-01-01", "label": "nouveau.ca"}))
    after = stored_service()
    assert (after.plan.code, after.recurring_cents, after.next_due_date, after.anchor_day) == terms
    assert after.label == "nouveau.ca"


def test_absent_column_keeps_the_stored_value() -> None:
    import_file(file({"quantity": "3"}))
    required = [name for name, field in ServiceRow.model_fields.items() if field.is_required()]
    columns = [*required, "next_due_date"]
    content = ",".join(columns) + "\n" + ",".join(CELLS[name] for name in columns) + "\n"
    assert import_file(content.encode()).unchanged == 1
    row = stored_service()
    assert (row.label, row.quantity) == ("exemple.ca", 3)
    assert row.usage is not None


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Active", "active"),
        ("Pending", "pending"),
        ("Suspended", "suspended"),
        ("Terminated", "terminated"),
        ("Cancelled", "cancelled"),
        ("Fraud", "terminated"),
    ],
)
def test_statuses_of_a_whmcs_export_are_known(name: str, status: str) -> None:
    import_file(file({"status": name}))
    assert stored_service().status == status


@pytest.mark.parametrize(
    ("name", "cycle"),
    [
        ("Monthly", "monthly"),
        ("Quarterly", "quarterly"),
        ("Semi-Annually", "semiannually"),
        ("Annually", "annually"),
        ("Biennially", "biennially"),
        ("Triennially", "triennially"),
    ],
)
def test_cycles_of_a_whmcs_export_are_known(name: str, cycle: str) -> None:
    import_file(file({"cycle": name}))
    assert stored_service().cycle == cycle


@pytest.mark.parametrize(("name", "cycle", "price"), [("One Time", "one_time", "50"), ("Free Account", "free", "0.00")])
def test_service_that_does_not_recur_has_no_due_date(name: str, cycle: str, price: str) -> None:
    import_file(file({"cycle": name, "recurring": price}, {"external_id": "S2", "cycle": name, "recurring": price}))
    assert stored_service().cycle == cycle
    assert stored_service().next_due_date is None
    assert stored_service().anchor_day == 23


def test_client_may_be_named_by_email_address() -> None:
    import_file(file({"client": "C2@Example.org"}))
    assert stored_service().client.external_id == "C2"


def test_client_address_with_an_internationalised_domain_is_found_in_punycode() -> None:
    factories.client(external_id="C3", email="anna@xn--caf-dma.example.com")
    import_file(file({"client": "Anna@Café.example.com"}))
    assert stored_service().client.external_id == "C3"


def test_every_resource_has_a_column() -> None:
    assert {resource.value for resource in Resource} <= ServiceRow.model_fields.keys()


def test_empty_usage_cells_mean_unknown_usage() -> None:
    import_file(file({"disk_mb": "", "mailboxes": "", "databases": ""}))
    assert stored_service().usage is None


@pytest.mark.parametrize(
    ("registered_on", "due", "anchor_day", "expected"),
    [
        ("2012-06-23", "2026-07-01", "", 1),
        ("2012-05-31", "2026-06-30", "", 31),
        ("2012-05-29", "2026-06-30", "", 30),
        ("2012-05-29", "2026-06-30", "31", 31),
    ],
)
def test_anchor_is_the_day_that_explains_the_due_date(
    registered_on: str, due: str, anchor_day: str, expected: int
) -> None:
    import_file(file({"registered_on": registered_on, "next_due_date": due, "anchor_day": anchor_day}))
    assert stored_service().anchor_day == expected


def test_anchor_of_the_31st_survives_a_file_of_february() -> None:
    import_file(file({"next_due_date": "2026-01-31"}))
    import_file(file({"next_due_date": "2026-02-28"}))
    assert (stored_service().next_due_date, stored_service().anchor_day) == (date(2026, 2, 28), 31)


def test_row_of_separators_is_passed_over() -> None:
    content = file({}) + b",,,,,,,,,,,,,,,,,\n"
    assert (import_file(content).added, errors_of(import_file(content))) == (1, [])


def test_service_registered_today_is_accepted() -> None:
    assert import_file(file({"registered_on": "2026-06-16"})).added == 1


@pytest.mark.parametrize("cells", [{"quantity": "2800"}, {"recurring": "9999999.99", "next_due_date": "2026-06-20"}])
def test_largest_amounts_that_are_accepted_can_be_changed_and_invoiced(cells: dict[str, str]) -> None:
    assert errors_of(import_file(file({"cycle": "monthly", **cells}))) == []
    row = stored_service()
    order = factories.confirm(row, "c", factories.ANNUALLY)
    invoice = issue_renewal(row.id, AT.date(), AT)

    assert order.total_cents >= 0
    assert invoice is None or invoice.total_cents > 0


def test_dry_run_counts_and_writes_nothing() -> None:
    assert import_file(file({}), dry_run=True).added == 1
    assert db.session.query(Service).count() == 0


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ({"client": "C9"}, "client: unknown client: C9"),
        ({"plan": "z"}, "plan: unknown plan: hosting/z"),
        ({"group": "domain"}, "plan: unknown plan: domain/a"),
        ({"recurring": "150.005"}, "recurring: not an amount with at most two decimals: '150.005'"),
        ({"recurring": "-1"}, "recurring: not from 0.00 to"),
        ({"recurring": "99999999"}, "recurring: not from 0.00 to"),
        ({"recurring": ""}, "recurring: empty"),
        ({"cycle": "weekly"}, "cycle: unknown: 'weekly'; one of free, one_time, monthly"),
        ({"cycle": "free"}, "recurring: a free service must cost 0.00, not 150.00"),
        ({"status": "lost"}, "status: unknown: 'lost'"),
        ({"payment_method": "gold"}, "payment_method: unknown: 'gold'"),
        ({"registered_on": "23/06/2012"}, "registered_on: not a date like 2022-11-01: '23/06/2012'"),
        ({"registered_on": "0000-00-00"}, "registered_on: empty"),
        ({"next_due_date": "2026-02-30"}, "next_due_date: no such day: 2026-02-30"),
        ({"next_due_date": ""}, "next_due_date: empty, and the service is paid each cycle"),
        ({"anchor_day": "15"}, "anchor_day: 2026-07-01 is not the day 15 of its month, nor its last"),
        ({"anchor_day": "32"}, "anchor_day: not a whole number from 1 to 31"),
        ({"quantity": "0"}, "quantity: not a whole number from 1"),
        ({"quantity": "٣"}, "quantity: not a whole number from 1"),
        ({"disk_mb": "-5"}, "disk_mb: not a whole number from 0"),
        ({"currency": "dollars"}, "currency: not a currency with two decimals, such as CAD: 'dollars'"),
        ({"currency": "JPY"}, "currency: not a currency with two decimals, such as CAD: 'JPY'"),
        ({"currency": "ABC"}, "currency: not a currency with two decimals, such as CAD: 'ABC'"),
        ({"registered_on": "2026-06-17"}, "registered_on: 2026-06-17 is in the future"),
        ({"registered_on": "0001-01-01"}, "registered_on: not from 1970-01-01 to 2099-12-31: 0001-01-01"),
        ({"next_due_date": "9999-12-31"}, "next_due_date: not from 1970-01-01 to 2099-12-31: 9999-12-31"),
        ({"quantity": "1000000"}, "quantity: 1000000 at 3500.00, the highest price of the group, is over 9999999.99"),
        (
            {"recurring": "9999999.99", "next_due_date": "2026-09-01"},
            "next_due_date: what is paid ahead until 2026-09-",
        ),
        ({"label": "a\u2028b"}, "label: holds a control character: U+2028"),
        ({"label": "a\0b"}, "label: holds a control character: U+0000"),
    ],
)
def test_bad_line_is_reported_with_its_reason(cells: dict[str, str], named: str) -> None:
    report = import_file(file({}, {"external_id": "S2", **cells}))
    assert any(error.startswith(f"line 3: {named}") for error in errors_of(report)), errors_of(report)
    assert db.session.query(Service).count() == 0


def test_repeated_external_id_is_reported_with_its_first_line() -> None:
    assert errors_of(import_file(file({}, {"external_id": "S2"}, {}))) == [
        "line 4: external_id: 'S1' already stands on line 2"
    ]


def test_service_never_moves_to_another_client() -> None:
    import_file(file({}))
    assert errors_of(import_file(file({"client": "C2"}))) == ["line 2: client: the service is already another client's"]


def test_error_after_the_first_batch_keeps_that_batch_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "BATCH_SIZE", 2)
    rows = [{"external_id": f"S{number}"} for number in range(5)]
    rows[4]["plan"] = "z"
    assert errors_of(import_file(file(*rows))) == ["line 6: plan: unknown plan: hosting/z"]
    assert db.session.query(Service).count() == 0


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    executed: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        executed.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    yield executed
    event.remove(db.engine, "before_cursor_execute", listen)


def test_a_thousand_services_take_at_most_eighteen_statements(statements: list[str]) -> None:
    """Rows are compared with the database twice, when they are checked and in the transaction that writes them."""
    content = file(*({"external_id": f"S{number}"} for number in range(1000)))
    statements.clear()
    assert import_file(content).added == 1000
    assert len(statements) <= 18, statements


def test_first_service_of_the_demonstration_is_that_of_the_reference_page() -> None:
    with (DEMO / "clients.csv").open("rb") as lines:
        import_clients(read_rows(lines, DemoClientRow), AT, hash_password=str)
    with (DEMO / "services.csv").open("rb") as lines:
        report = import_services(read_rows(lines, ServiceRow), ServiceImport(AT.date(), AT))
    assert report.errors == []
    client = db.session.query(Client).filter_by(email="fr@example.com").one()
    first = db.session.query(Service).filter_by(client_id=client.id).order_by(Service.id).first()
    assert first is not None
    assert first.plan.title["fr"] == "Forfait A Hébergement Web"
    assert first.plan.group.name["fr"] == "Hébergement Web"
    assert (first.registered_on, first.next_due_date) == (date(2012, 6, 23), date(2022, 11, 1))
    assert (str(first.recurring), first.cycle, first.payment_method) == ("150.00", BillingCycle.MONTHLY, "paypal")
    for plan in catalog().groups["hosting"].plans:
        assert fit(first.usage, plan.limits).over == ()
        assert fit(first.usage, plan.limits).known
