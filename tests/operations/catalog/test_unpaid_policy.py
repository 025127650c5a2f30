"""After how many days an unpaid service is suspended, as the catalogue file says."""

from __future__ import annotations

from datetime import date

import pytest

from kajoom.domain.unpaid import UnpaidPolicy
from kajoom.models.catalog import catalog
from tests.operations.catalog.catalog_text import DEMO, errors_of, load

BILLING = "[billing]\nsuspend_days = 14\nterminate_days = 60\n"


@pytest.fixture(autouse=True)
def _empty_database(empty_database: None) -> None:
    """The file is what fills the database."""


def test_policy_is_added_changed_and_withdrawn() -> None:
    load(DEMO)
    assert catalog().unpaid == UnpaidPolicy()
    assert load(BILLING + DEMO).added == ["billing"]
    assert catalog().unpaid == UnpaidPolicy(14, 60)
    assert not load(BILLING + DEMO).has_changes
    assert load(BILLING.replace("14", "21") + DEMO).changed == ["billing"]
    assert load(DEMO).withdrawn == ["billing"]
    assert catalog().unpaid == UnpaidPolicy()


def test_panel_removes_accounts_only_where_the_file_says_so() -> None:
    server = '[servers.s1]\npanel = "whm"\nurl = "https://s1.example.com:2087"\n'
    load(server + DEMO)
    assert not catalog().server("s1").terminates
    load(server + "terminate = true\n" + DEMO)
    assert catalog().server("s1").terminates


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ("suspend_days = 0", "billing.suspend_days: 1 or more expected"),
        ("suspend_days = 366", "billing.suspend_days: 365 or less expected"),
        ('suspend_days = "14"', "billing.suspend_days: a whole number expected"),
        ("suspend_days = 14\nterminate_days = 14", "billing.terminate_days: not after suspend_days"),
        ("suspends = 14", "billing.suspends: unknown key"),
    ],
)
def test_wrong_days_are_an_error(lines: str, error: str) -> None:
    assert errors_of(f"[billing]\n{lines}\n{DEMO}") == [error]


def test_suspension_is_three_days_after_the_client_is_told_at_least() -> None:
    due, told = date(2026, 7, 1), date(2026, 7, 2)
    assert UnpaidPolicy(14).suspends_on(due, told) == date(2026, 7, 15)
    assert UnpaidPolicy(1).suspends_on(due, told) == date(2026, 7, 5)
    assert UnpaidPolicy(None, 60).suspends_on(due, told) is None
    assert UnpaidPolicy(None, 60).decided_from(date(2026, 8, 30)) == due
    assert UnpaidPolicy().decided_from(told) is None
