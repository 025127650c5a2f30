"""A host's catalogue file is loaded whole or not at all, and loading it twice is loading it once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.models.catalog import CatalogVersion, ProductGroup, catalog, catalog_version
from kajoom.models.db import Base, db
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.catalog.schema import read_catalog
from kajoom.operations.imports.report import LoadReport
from tests.catalog_cache import forget_catalog

AT = datetime(2026, 6, 16, 15, 0, tzinfo=UTC)
DEMO = (Path(__file__).parents[3] / "demo" / "catalog.toml").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _catalogue(_app_context: None) -> None:
    """The house is empty: the file is what fills it."""
    for table in reversed(Base.metadata.sorted_tables):
        db.session.execute(table.delete())
    db.session.commit()
    forget_catalog()


def load(text: str, *, dry_run: bool = False) -> LoadReport:
    return load_catalog(text.encode(), AT, dry_run=dry_run)


def faults_of(text: str) -> list[str]:
    """The faults of a text, each as it is printed without its line."""
    read = read_catalog(text.encode())
    assert isinstance(read, list), "the file was accepted"
    return [f"{error.place}: {error.reason}" for error in read]


def test_demonstration_is_loaded_whole() -> None:
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


def test_only_moves_to_the_other_server_need_a_person() -> None:
    load(DEMO)
    hosting = catalog().groups["hosting"]
    needing = {(plan.code, to) for plan in hosting.plans for to, move in plan.moves.items() if move.needs_person}
    assert needing == {("base", "c"), ("a", "c"), ("b", "c")}
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


def test_changed_price_gives_the_catalogue_a_new_number() -> None:
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
    report = load(DEMO.replace("418 555-0142", "418 555-0199").replace("Découvrir", "Voir"))
    assert sorted(report.changed) == ["banners.antispam", "seller"]


def test_dry_run_reports_and_writes_nothing() -> None:
    report = load(DEMO, dry_run=True)
    assert "groups.hosting.plans.base" in report.added
    assert catalog_version() is None
    assert db.session.query(ProductGroup).count() == 0


def test_plan_gone_from_the_file_is_withdrawn_and_its_holders_can_leave_it() -> None:
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


def test_group_and_banner_gone_from_the_file_are_withdrawn() -> None:
    load(DEMO)
    report = load(DEMO[: DEMO.index("[groups.parking]")])
    assert report.withdrawn == ["groups.parking.plans.free", "groups.parking.plans.card", "banners.antispam"]
    assert catalog().banners == ()


def test_fault_leaves_the_catalogue_as_it_was() -> None:
    load(DEMO)
    report = load(DEMO.replace('"225.00"', '"240.005"').replace("418 555-0142", "418 555-0199"))
    assert len(report.errors) == 1
    row = db.session.query(CatalogVersion).one()
    assert (row.version, row.seller["phone"]) == (1, "418 555-0142")


def test_every_fault_is_named_at_once_with_its_line() -> None:
    text = DEMO.replace('{ fr = "Forfait B", en = "Plan B" }', '{ en = "Plan B" }').replace('to = "c"', 'to = "d"')
    text = text.replace('monthly = "350.00"', 'monthly = "350.005"')
    read = read_catalog(text.encode())
    assert isinstance(read, list)
    assert [(error.place, error.reason) for error in read] == [
        ("groups.hosting.moves[1].to", "no plan 'd' in this group"),
        ("groups.hosting.plans.b.name", "French is missing"),
        ("groups.hosting.plans.c.prices.CAD.monthly", "not an amount with at most two decimals: '350.005'"),
    ]
    lines = text.split("\n")
    assert [lines[(error.line or 0) - 1].split(" ")[0] for error in read] == ["to", "name", "monthly"]
    assert str(read[1]).startswith(f"line {read[1].line}: groups.hosting.plans.b.name: ")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("level = 4", "levl = 4", "groups.hosting.plans.c.level: missing"),
        ("level = 4", "levl = 4", "groups.hosting.plans.c.levl: unknown key"),
        ("level = 4", "level = true", "groups.hosting.plans.c.level: a whole number expected"),
        ("level = 4", "level = 3", "groups.hosting.plans.c.level: the same as that of b"),
        ("level = 4", "level = -4", "groups.hosting.plans.c.level: from 0 to 1000000 expected"),
        ("mailboxes = 30", 'mailboxes = "many"', "groups.hosting.plans.a.limits.mailboxes: a whole number expected"),
        ("mailboxes = 30", "inboxes = 30", "groups.hosting.plans.a.limits.inboxes: unknown key"),
        ('"225.00"', "225.00", "groups.hosting.plans.b.prices.CAD.monthly: a text in quotes expected"),
        ('"225.00"', '"-225.00"', "groups.hosting.plans.b.prices.CAD.monthly: not from 0.00 to 9999999.99"),
        ('"225.00"', '"99999999.00"', "groups.hosting.plans.b.prices.CAD.monthly: not from 0.00 to 9999999.99"),
        ('annually = "2250.00"', 'yearly = "2250.00"', "groups.hosting.plans.b.prices.CAD.yearly: unknown key"),
        ("plans.b.prices.CAD", "plans.b.prices.cad", "groups.hosting.plans.b.prices.cad: not a code: [A-Z]{3}"),
        ('free = "0.00"', 'free = "1.00"', "groups.parking.plans.free.prices.CAD.free: what is free costs 0.00"),
        ('monthly = "9.99"\nannually = "99.90"', "", "groups.parking.plans.card.prices: no price"),
        ('charge = "prorated"', 'charge = "double"', "groups.hosting.charge: one of prorated, full_period expected"),
        ('name = "Kajoom"', "", "seller.name: missing"),
        ('name = "Kajoom"', 'name = " "', "seller.name: empty"),
        ('name = "Kajoom"', r'name = "Ka\u0000joom"', "seller.name: holds a control character"),
        ("000000000 RT0001", "12", "seller.gst_number: not a registration number"),
        ('groups = ["hosting"]', 'groups = ["hostng"]', "banners.antispam.groups: no group 'hostng'"),
        ('groups = ["hosting"]', "groups = [1]", "banners.antispam.groups: a list of texts expected"),
        (
            "https://www.example.com/fr/",
            "javascript:",
            "banners.antispam.link.fr: an address that begins with https://",
        ),
        ('groups = ["hosting"]', "valid_from = 2026-05-01\nvalid_until = 2026-04-30", "valid_until: before valid_from"),
        ('groups = ["hosting"]', 'valid_from = "2026-02-30"', "banners.antispam.valid_from: no such day: 2026-02-30"),
        ('groups = ["hosting"]', "valid_from = 2026-05-01T10:00:00", "valid_from: a date without a time expected"),
        ("[groups.domain]", "[groups.Domain]", "groups.Domain: not a code"),
        ('en = "Weekly backup"', 'es = "Copia"', "groups.hosting.plans.base.features[0]: English is missing"),
        ('en = "Weekly backup"', 'es = "Copia"', "groups.hosting.plans.base.features[0].es: unknown key"),
        ("[seller]", "[vendor]", "seller.address: missing"),
        ("[seller]", "[vendor]", "vendor: unknown key"),
    ],
)
def test_fault_is_named_with_its_place(old: str, new: str, named: str) -> None:
    assert old in DEMO
    errors = faults_of(DEMO.replace(old, new))
    assert any(named in error for error in errors), errors


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"[seller]\nname = 'a'\nname = 'b'", "Cannot overwrite a value"),
        (b"[seller]\nname = \n", "line 2: Invalid value"),
        (b"[seller]\nname = 'caf\xe9'", "line 2: not UTF-8 text"),
        (b"[seller]\nname = 'a\x00'", "line 2: "),
        (b"a = " + b"[" * 50_000, "nested too deeply"),
        (b"", "seller: missing"),
        (b"groups = 1\nseller = []", "line 1: groups: a table of tables expected"),
    ],
)
def test_file_that_is_no_catalogue_is_refused(content: bytes, named: str) -> None:
    read = read_catalog(content)
    assert isinstance(read, list)
    assert any(named in str(error) for error in read), [str(error) for error in read]


def test_byte_order_mark_is_no_fault() -> None:
    assert not isinstance(read_catalog(b"\xef\xbb\xbf" + DEMO.encode()), list)


@given(st.data())
def test_file_with_a_piece_gone_is_read_or_refused_with_a_reason(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(DEMO)))
    end = data.draw(st.integers(start, min(len(DEMO), start + 80)))
    read = read_catalog((DEMO[:start] + DEMO[end:]).encode())
    assert not isinstance(read, list) or all(error.reason for error in read)
