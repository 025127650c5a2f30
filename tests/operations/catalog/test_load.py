"""Load of a catalogue file into the database: all or nothing, and twice is the same as once."""

import re
from typing import get_args

import pytest

from kajoom.domain.catalog import GroupIcon
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceNumbering
from kajoom.domain.money import Money
from kajoom.domain.server import Server
from kajoom.domain.service import ServiceStatus
from kajoom.models.catalog import CatalogVersion, ProductGroup, catalog, catalog_version
from kajoom.models.db import db
from tests import factories
from tests.architecture.files import ROOT
from tests.operations.catalog.catalog_text import DEMO, load

SERVERS = """
[servers.s1]
panel = "whm"
url = "https://s1.example.com:2087/"

[servers.s2]
panel = "manual"
"""


@pytest.fixture(autouse=True)
def _empty_database(empty_database: None) -> None:
    """The file is what fills the database."""


def test_demonstration_is_loaded() -> None:
    report = load(DEMO)
    assert report.errors == []
    assert report.version == 1
    hosting = catalog().groups["hosting"]
    assert [plan.code for plan in hosting.plans] == ["base", "a", "b", "c"]
    assert [str(plan.price(BillingCycle.MONTHLY, "CAD")) for plan in hosting.plans] == [
        "95.00",
        "150.00",
        "225.00",
        "350.00",
    ]
    for plan in hosting.plans:
        monthly = plan.prices[BillingCycle.MONTHLY, "CAD"]
        assert plan.price(BillingCycle.ANNUALLY, "CAD") == monthly * 10
        assert plan.price(BillingCycle.QUARTERLY, "CAD") == monthly * 3
    assert hosting.plans[3].limits == {"disk_mb": 153_600, "mailboxes": None, "databases": None}
    assert catalog().seller["gst_number"] == "000000000 RT0001"


def test_each_group_has_the_icon_of_the_file_or_a_server() -> None:
    load(DEMO.replace('icon = "page"\n', ""))
    assert {code: group.icon for code, group in catalog().groups.items()} == {
        "hosting": "server",
        "domain": "globe",
        "parking": "server",
    }


def test_every_icon_that_a_catalogue_may_name_is_drawn() -> None:
    symbols = set(re.findall(r'<symbol id="(\w+)"', (ROOT / "static/icons.svg").read_text(encoding="utf-8")))
    assert set(get_args(GroupIcon)) <= symbols


def test_only_moves_to_the_other_server_need_staff() -> None:
    load(DEMO)
    hosting = catalog().groups["hosting"]
    with_staff = {(plan.code, to) for plan in hosting.plans for to, move in plan.moves.items() if move.needs_person}
    assert with_staff == {("base", "c"), ("a", "c"), ("b", "c")}
    assert sum(len(plan.moves) for plan in hosting.plans) == 12


def test_group_with_one_plan_permits_no_change() -> None:
    load(DEMO)
    domain = catalog().groups["domain"]
    assert domain.reachable_from(domain.plans[0]) == ()


def test_second_load_changes_nothing() -> None:
    first = load(DEMO)
    second = load(DEMO)
    assert (second.added, second.changed, second.withdrawn) == ([], [], [])
    assert second.unchanged == len(first.added)
    assert second.version == 1


def test_changed_price_gives_the_catalogue_a_new_version() -> None:
    load(DEMO)
    report = load(DEMO.replace('monthly = "225.00"', 'monthly = "230.00"'))
    assert (report.added, report.changed, report.withdrawn) == ([], ["groups.hosting.plans.b"], [])
    assert report.version == 2
    plan = catalog().groups["hosting"].plan("b")
    assert plan is not None
    assert plan.price(BillingCycle.MONTHLY, "CAD") == Money(23_000)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("needs_person = true", "needs_person = false", ["base", "a", "b"]),
        ("mailboxes = 30", 'mailboxes = "unlimited"', ["a"]),
        ('annually = "3500.00"\n', "", ["c"]),
        ("recommended = true\n", "", ["b"]),
        ('"Forfait A"', '"Forfait Alpha"', ["a"]),
    ],
)
def test_each_part_of_a_plan_is_compared(old: str, new: str, changed: list[str]) -> None:
    load(DEMO)
    assert old in DEMO
    report = load(DEMO.replace(old, new))
    assert report.changed == [f"groups.hosting.plans.{code}" for code in changed]
    assert load(DEMO.replace(old, new)).has_changes is False


def test_seller_and_banner_are_compared() -> None:
    load(DEMO)
    report = load(DEMO.replace("418 555-0142", "418 555-0199").replace("En savoir plus", "Voir"))
    assert sorted(report.changed) == ["banners.antispam", "seller"]


def test_numbering_of_invoices_is_added_changed_and_withdrawn() -> None:
    load(DEMO)
    assert load(f'[invoices]\nprefix = "K"\nstart = 4210\n{DEMO}').added == ["invoices"]
    assert catalog().numbering == InvoiceNumbering("K", 4210)
    assert load(f'[invoices]\nprefix = "K"\nstart = 5000\n{DEMO}').changed == ["invoices"]
    assert load(DEMO).withdrawn == ["invoices"]
    assert catalog().numbering is None


def test_servers_are_added_changed_and_withdrawn() -> None:
    load(DEMO)
    assert load(f"{SERVERS}{DEMO}").added == ["servers.s1", "servers.s2"]
    assert catalog().server("s1") == Server("s1", "whm", "https://s1.example.com:2087")
    assert load(SERVERS.replace("s1.example.com", "s3.example.com") + DEMO).changed == ["servers.s1"]
    assert load(DEMO).withdrawn == ["servers.s1", "servers.s2"]
    assert catalog().servers == {}


def test_service_without_a_server_has_the_only_or_the_default_one() -> None:
    load(f"{SERVERS}{DEMO}")
    assert catalog().server("") == Server("", "manual")
    load(SERVERS.replace('panel = "manual"', 'panel = "manual"\ndefault = true') + DEMO)
    assert catalog().server("").name == "s2"
    load(SERVERS.split("[servers.s2]", maxsplit=1)[0] + DEMO)
    assert catalog().server("").name == "s1"
    assert catalog().server("s9") == Server("s9", "manual")


def test_server_of_services_stays_in_the_file() -> None:
    load(f"{SERVERS}{DEMO}")
    factories.service(server="s1")
    factories.service(server="s2", status=ServiceStatus.TERMINATED)
    report = load(DEMO)
    assert [str(error) for error in report.errors] == ["servers.s1: missing: it is the server of 1 services"]
    assert set(catalog().servers) == {"s1", "s2"}


def test_dry_run_reports_and_writes_nothing() -> None:
    report = load(DEMO, dry_run=True)
    assert "groups.hosting.plans.base" in report.added
    assert catalog_version() is None
    assert db.session.query(ProductGroup).count() == 0


def test_plan_removed_from_the_file_is_withdrawn_and_can_still_be_left() -> None:
    load(DEMO)
    start, end = DEMO.index("[groups.hosting.plans.base]"), DEMO.index("[groups.hosting.plans.a]")
    without = DEMO[:start] + DEMO[end:]
    report = load(without)
    assert report.withdrawn == ["groups.hosting.plans.base"]
    hosting = catalog().groups["hosting"]
    base, a = hosting.plans[0], hosting.plans[1]
    assert base.withdrawn
    assert "base" not in a.moves
    assert [plan.code for plan in hosting.reachable_from(base)] == ["a", "b", "c"]
    assert load(without).has_changes is False
    assert "groups.hosting.plans.base" in load(DEMO).changed
    assert not catalog().groups["hosting"].plans[0].withdrawn


def test_group_and_banner_removed_from_the_file_are_withdrawn() -> None:
    load(DEMO)
    report = load(DEMO[: DEMO.index("[groups.parking]")])
    assert report.withdrawn == ["groups.parking.plans.free", "groups.parking.plans.card", "banners.antispam"]
    assert catalog().banners == ()


def test_file_with_an_error_changes_nothing() -> None:
    load(DEMO)
    report = load(DEMO.replace('"225.00"', '"240.005"').replace("418 555-0142", "418 555-0199"))
    assert len(report.errors) == 1
    row = db.session.query(CatalogVersion).one()
    assert (row.version, row.seller["phone"]) == (1, "418 555-0142")


def test_price_too_large_for_the_quantity_of_a_service_is_refused() -> None:
    load(DEMO)
    factories.service(quantity=100)
    report = load(DEMO.replace('monthly = "225.00"', 'monthly = "225000.00"'))

    assert [str(error) for error in report.errors] == [
        "groups.hosting.plans.b.prices.CAD: 225000.00 at 100, the largest quantity of a service, is over 9999999.99"
    ]
