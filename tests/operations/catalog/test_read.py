"""Reading of a catalogue file: every error is reported with its line, its place and its reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kajoom.domain.cycle import BillingCycle
from kajoom.operations.catalog.file_schema import CatalogFile
from kajoom.operations.catalog.read import read_catalog
from kajoom.operations.catalog.schema import PricesEntry
from tests.operations.catalog.catalog_text import DEMO, errors_of


def test_every_billing_cycle_can_have_a_price() -> None:
    assert list(PricesEntry.model_fields) == [cycle.value for cycle in BillingCycle]


def test_references_are_checked_while_a_plan_has_errors_of_its_own() -> None:
    text = (
        DEMO.replace("level = 4", "level = true").replace('to = "c"', 'to = "d"').replace('["hosting"]', '["hostng"]')
    )
    assert errors_of(text) == [
        "groups.hosting.moves[1].to: no plan 'd' in this group",
        "groups.hosting.plans.c.level: a whole number expected",
        "banners.antispam.groups: no group 'hostng'",
    ]


def test_features_may_be_a_list_of_sentences() -> None:
    keyed = (
        'features.backup = { fr = "quotidienne", en = "daily" }\nfeatures.server = { fr = "partagé", en = "shared" }'
    )
    assert keyed in DEMO
    text = DEMO.replace(keyed, 'features = [\n  { fr = "Sauvegarde quotidienne", en = "Daily backup" },\n]')
    catalog = read_catalog(text.encode())
    assert isinstance(catalog, CatalogFile)
    group = catalog.groups["hosting"]
    assert group.features_of(group.plans["b"]) == [
        {"key": "Sauvegarde quotidienne", "name": {"fr": "Sauvegarde quotidienne", "en": "Daily backup"}, "value": None}
    ]
    assert errors_of(text.replace('en = "Daily backup"', 'es = "X"')) == [
        "groups.hosting.plans.b.features.1: English is missing",
        "groups.hosting.plans.b.features.1.es: unknown key",
    ]
    assert errors_of(DEMO.replace(keyed, "features = [true]"))[0].startswith(
        "groups.hosting.plans.b.features: a sentence"
    )


def test_every_error_is_reported_at_once_with_its_line() -> None:
    text = DEMO.replace('{ fr = "Forfait B", en = "Plan B" }', '{ en = "Plan B" }').replace('to = "c"', 'to = "d"')
    text = text.replace('monthly = "350.00"', 'monthly = "350.005"')
    errors = read_catalog(text.encode())
    assert isinstance(errors, list)
    assert [(error.place, error.reason) for error in errors] == [
        ("groups.hosting.moves[1].to", "no plan 'd' in this group"),
        ("groups.hosting.plans.b.name", "French is missing"),
        ("groups.hosting.plans.c.prices.CAD.monthly", "not an amount with at most two decimals: '350.005'"),
    ]
    lines = text.split("\n")
    assert [lines[(error.line or 0) - 1].split(" ")[0] for error in errors] == ["to", "name", "monthly"]
    assert str(errors[1]).startswith(f"line {errors[1].line}: groups.hosting.plans.b.name: ")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("level = 4", "levl = 4", "groups.hosting.plans.c.level: missing"),
        ("level = 4", "levl = 4", "groups.hosting.plans.c.levl: unknown key"),
        ("level = 4", "level = true", "groups.hosting.plans.c.level: a whole number expected"),
        ("level = 4", "level = 3", "groups.hosting.plans.c.level: the same as that of b"),
        ("level = 4", "level = -4", "groups.hosting.plans.c.level: 0 or more expected"),
        ("level = 4", "level = 1000001", "groups.hosting.plans.c.level: 1000000 or less expected"),
        ("mailboxes = 30", 'mailboxes = "many"', "groups.hosting.plans.a.limits.mailboxes: a whole number expected"),
        ("mailboxes = 30", "inboxes = 30", "groups.hosting.plans.a.limits.inboxes: unknown limit"),
        ('"225.00"', "225.00", "groups.hosting.plans.b.prices.CAD.monthly: a text in quotes expected"),
        ('"225.00"', '"-225.00"', "groups.hosting.plans.b.prices.CAD.monthly: not from 0.00 to 9999999.99"),
        ('"225.00"', '"99999999.00"', "groups.hosting.plans.b.prices.CAD.monthly: not from 0.00 to 9999999.99"),
        ('annually = "2250.00"', 'yearly = "2250.00"', "groups.hosting.plans.b.prices.CAD.yearly: unknown key"),
        ("plans.b.prices.CAD", "plans.b.prices.cad", "groups.hosting.plans.b.prices.cad: not a code: [A-Z]{3}"),
        ('free = "0.00"', 'free = "1.00"', "groups.parking.plans.free.prices.CAD.free: a free service must cost 0.00"),
        ('monthly = "9.99"\nannually = "99.90"', "", "groups.parking.plans.card.prices: no price"),
        ('charge = "prorated"', 'charge = "double"', "groups.hosting.charge: 'prorated' or 'full_period' expected"),
        (
            'icon = "globe"',
            'icon = "planet"',
            "groups.domain.icon: 'server', 'globe', 'page', 'shield', 'mail', 'cloud', ",
        ),
        ('name = "Kajoom"', "", "seller.name: missing"),
        ('name = "Kajoom"', 'name = " "', "seller.name: empty"),
        ('name = "Kajoom"', r'name = "Ka\u0000joom"', "seller.name: holds a control character"),
        ("000000000 RT0001", "12", "seller.gst_number: not a registration number"),
        ('groups = ["hosting"]', 'groups = ["hostng"]', "banners.antispam.groups: no group 'hostng'"),
        ('groups = ["hosting"]', "groups = [1]", "banners.antispam.groups[0]: a text in quotes expected"),
        (
            "https://www.example.com/fr/",
            "javascript:",
            "banners.antispam.link.fr: an address that begins with https://",
        ),
        ('groups = ["hosting"]', "valid_from = 2026-05-01\nvalid_until = 2026-04-30", "valid_until: before valid_from"),
        ('groups = ["hosting"]', 'valid_from = "2026-02-30"', "banners.antispam.valid_from: no such day: 2026-02-30"),
        ('groups = ["hosting"]', "valid_from = 2026-05-01T10:00:00", "valid_from: a date without a time expected"),
        ("[groups.domain]", "[groups.Domain]", "groups.Domain: not a code"),
        ('en = "weekly"', 'es = "semanal"', "groups.hosting.plans.base.features.backup: English is missing"),
        ('en = "weekly"', 'es = "semanal"', "groups.hosting.plans.base.features.backup.es: unknown key"),
        ("features.backup", "features.bakup", "plans.a.features.bakup: no feature 'bakup' in groups.hosting.features"),
        ('backup = { fr = "Sauvegarde"', "# {", "plans.a.features.backup: no feature 'backup' in groups.hosting"),
        (
            '{ fr = "dédié", en = "dedicated" }',
            "false",
            "groups.hosting.plans.c.features.server: a text in both languages",
        ),
        ("[seller]", "[vendor]", "seller.address: missing"),
        ("[seller]", "[vendor]", "vendor: unknown key"),
    ],
)
def test_error_is_reported_with_its_place(old: str, new: str, named: str) -> None:
    assert old in DEMO
    errors = errors_of(DEMO.replace(old, new))
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
        (b"groups = 1\nseller = []", "line 1: groups: a table expected"),
    ],
)
def test_file_that_is_not_a_catalogue_is_refused(content: bytes, named: str) -> None:
    errors = read_catalog(content)
    assert isinstance(errors, list)
    assert any(named in str(error) for error in errors), [str(error) for error in errors]


def test_byte_order_mark_is_accepted() -> None:
    assert not isinstance(read_catalog(b"\xef\xbb\xbf" + DEMO.encode()), list)


@settings(deadline=None)
@given(st.data())
def test_damaged_file_is_read_or_refused_with_a_reason(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(DEMO)))
    end = data.draw(st.integers(start, min(len(DEMO), start + 80)))
    errors = read_catalog((DEMO[:start] + DEMO[end:]).encode())
    assert not isinstance(errors, list) or all(error.reason for error in errors)


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ('prefix = "K/"', "invoices.prefix: at most 12 characters"),
        ('prefix = "K 1"', "invoices.prefix: at most 12 characters"),
        ('prefix = "É-"', "invoices.prefix: at most 12 characters"),
        ('prefix = "K1"', "invoices.prefix: at most 12 characters"),
        ('prefix = "2026-"', "invoices.prefix: at most 12 characters"),
        ('prefix = "ABCDEFGHIJKLM"', "invoices.prefix: at most 12 characters"),
        ("prefix = 5", "invoices.prefix: a text in quotes expected"),
        ('prefix = "NC-"', "invoices.prefix: NC begins the numbers of credit notes"),
        ('prefix = "nc-2026-"', "invoices.prefix: NC begins the numbers of credit notes"),
        ("start = 0", "invoices.start: 1 or more expected"),
        ("start = 1000000000", "invoices.start: 999999999 or less expected"),
        ('start = "4210"', "invoices.start: a whole number expected"),
        ("star = 4210", "invoices.star: unknown key"),
    ],
)
def test_numbering_of_invoices_is_checked(table: str, named: str) -> None:
    assert any(named in error for error in errors_of(f"[invoices]\n{table}\n{DEMO}"))


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ('panel = "cpanel"', "servers.s1.panel: no panel 'cpanel': demonstration, manual, webhook, whm expected"),
        ('panel = "whm"', "servers.s1.url: missing: a server of the panel 'whm' is asked at an address"),
        ("panel = 3", "servers.s1.panel: a text in quotes expected"),
        ('pannel = "whm"', "servers.s1.pannel: unknown key"),
        ('panel = "whm"\nurl = "http://s1.example.com"', "servers.s1.url: an address that begins with https://"),
        ('panel = "whm"\nurl = "https://[::1"', "servers.s1.url: not an address"),
        ('panel = "whm"\nurl = "https://s1.example.com:x"', "servers.s1.url: not an address"),
        ('panel = "whm"\nurl = "https://root:pw@s1.example.com"', "servers.s1.url: an address without user, password"),
        ('panel = "whm"\nurl = "https://s1.example.com"\ntoken = "x"', "servers.s1.token: unknown key"),
        ('panel = "manual"\ndefault = "yes"', "servers.s1.default: true or false expected"),
        ('panel = "manual"\n[servers.S2]\npanel = "manual"', "servers.S2: not a code"),
        ('panel = "manual"\n[servers.s-1]\npanel = "manual"\n[servers.s_1]\npanel = "manual"', "those of s-1: KAJOOM_"),
        (
            'panel = "manual"\ndefault = true\n[servers.s2]\npanel = "manual"\ndefault = true',
            "servers.s2.default: s1 is the default server already",
        ),
    ],
)
def test_servers_are_checked(table: str, named: str) -> None:
    errors = errors_of(f"[servers.s1]\n{table}\n{DEMO}")
    assert any(named in error for error in errors), errors


@pytest.mark.parametrize("prefix", ["", "K", "K-", "Fact-26-", "ABCDEFGHIJK-"])
def test_prefix_of_invoices_is_accepted(prefix: str) -> None:
    assert not isinstance(read_catalog(f'[invoices]\nprefix = "{prefix}"\nstart = 4210\n{DEMO}'.encode()), list)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("prices.CAD]", "prices.JPY]", "prices.JPY: not a currency with two decimals, such as CAD: 'JPY'"),
        ("prices.CAD]", "prices.ABC]", "prices.ABC: not a currency with two decimals"),
        ("facturation@example.com", "facturation@exemple", "seller.email: not an e-mail address"),
        ("facturation@example.com", "rené@example.com", "seller.email: not an e-mail address"),
        ('name = "Kajoom"', f'name = "{"K" * 201}"', "seller.name: longer than 200 characters"),
        ('name = "Kajoom"', 'name = "Ka\\u2028joom"', "seller.name: holds a control character: U+2028"),
        ('fr = "Pour un site', f'fr = "{"é" * 2000}Pour un site', "description.fr: longer than 2000 characters"),
    ],
)
def test_value_that_could_not_be_used_is_refused(old: str, new: str, named: str) -> None:
    assert old in DEMO
    errors = errors_of(DEMO.replace(old, new))
    assert any(named in error for error in errors), errors


def test_text_of_what_an_end_deletes_needs_both_languages() -> None:
    assert "groups.domain.on_end: English is missing" in errors_of(
        DEMO.replace(', en = "Nothing is deleted', ', e = "')
    )


def test_utf_16_file_is_named() -> None:
    (error,) = read_catalog(DEMO.encode("utf-16"))
    assert str(error) == "UTF-16 text: save the file as UTF-8"
