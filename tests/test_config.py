"""What a host configures is read as it is meant, and what would not work is named at start."""

from __future__ import annotations

from pathlib import Path

import pytest

from kajoom.config import Misconfigured, from_environment

_ACCOUNT = {"KAJOOM_PAYPAL_CLIENT_ID": "client", "KAJOOM_PAYPAL_SECRET": "secret"}


@pytest.mark.parametrize("name", _ACCOUNT)
def test_half_an_account_at_paypal_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        from_environment(tmp_path, {other: value for other, value in _ACCOUNT.items() if other != name})


@pytest.mark.parametrize(("said", "can_save"), [("", False), ("0", False), ("1", True)])
def test_accounts_are_saved_where_the_host_says_so(tmp_path: Path, said: str, can_save: bool) -> None:
    assert from_environment(tmp_path, {**_ACCOUNT, "KAJOOM_PAYPAL_VAULT": said}).paypal_can_save is can_save


def test_accounts_cannot_be_saved_where_none_can_be_paid_with(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="KAJOOM_PAYPAL_CLIENT_ID is missing"):
        from_environment(tmp_path, {"KAJOOM_PAYPAL_VAULT": "1"})


@pytest.mark.parametrize(
    "address", ["http://api-m.paypal.com", "http://127.0.0.1.example.com", "ftp://x", "paypal.com"]
)
def test_no_secret_is_told_where_others_listen(tmp_path: Path, address: str) -> None:
    with pytest.raises(Misconfigured, match="KAJOOM_PAYPAL_BASE_URL"):
        from_environment(tmp_path, {"KAJOOM_PAYPAL_BASE_URL": address})


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("", ("https://www.paypal.com",)),
        ("https://api-m.paypal.com/", ("https://www.paypal.com",)),
        ("https://api-m.sandbox.paypal.com", ("https://www.sandbox.paypal.com",)),
        ("http://127.0.0.1:9000", ("http://127.0.0.1:9000",)),
        ("https://notpaypal.com", ("https://notpaypal.com",)),
    ],
)
def test_a_form_may_lead_to_where_payers_approve(tmp_path: Path, address: str, hosts: tuple[str, ...]) -> None:
    assert from_environment(tmp_path, {**_ACCOUNT, "KAJOOM_PAYPAL_BASE_URL": address}).payment_hosts == hosts


def test_without_paypal_a_form_leads_nowhere_else(tmp_path: Path) -> None:
    assert from_environment(tmp_path, {"KAJOOM_DEMO": "1"}).payment_hosts == ()


def test_the_environment_says_who_the_seller_is_over_the_file(tmp_path: Path) -> None:
    config = from_environment(
        tmp_path,
        {
            "KAJOOM_GST_NUMBER": "123456789 RT0001",
            "KAJOOM_SELLER_NAME": "Hébergement Exemple",
            "KAJOOM_SELLER_ADDRESS": "1, rue Une | Québec",
            "KAJOOM_SELLER_URL": "https://clients.example.com",
        },
    )
    assert config.seller == {
        "gst_number": "123456789 RT0001",
        "name": "Hébergement Exemple",
        "address": ["1, rue Une", "Québec"],
    }
    assert config.base_url == "https://clients.example.com"


def test_the_worker_lives_in_the_web_process_unless_told_otherwise(tmp_path: Path) -> None:
    assert from_environment(tmp_path, {}).worker == "embedded"
    assert from_environment(tmp_path, {"KAJOOM_WORKER": "none"}).worker == "none"
    with pytest.raises(Misconfigured, match="KAJOOM_WORKER"):
        from_environment(tmp_path, {"KAJOOM_WORKER": "elsewhere"})


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({}, (7, 14, 14)),
        ({"KAJOOM_DEMO": "1"}, (7, 14, 0)),
        ({"KAJOOM_DEMO": "1", "KAJOOM_RENEWAL_DAYS": "5"}, (7, 5, 5)),
        ({"KAJOOM_RENEWAL_DAYS": "0", "KAJOOM_DAYS_TO_PAY": "30"}, (30, 0, 0)),
    ],
)
def test_renewals_are_issued_and_changes_expire_when_the_host_says(
    tmp_path: Path, given: dict[str, str], days: tuple[int, int, int]
) -> None:
    config = from_environment(tmp_path, given)
    assert (config.days_to_pay, config.renewal_days, config.daily_renewal_days) == days


@pytest.mark.parametrize("days", ["-1", "1.5", "soon", "99999", "\N{SUPERSCRIPT TWO}"])
@pytest.mark.parametrize("name", ["KAJOOM_RENEWAL_DAYS", "KAJOOM_DAYS_TO_PAY"])
def test_days_that_are_none_are_named(tmp_path: Path, name: str, days: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        from_environment(tmp_path, {name: days})
