"""The configuration read from environment variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from kajoom.config import Misconfigured, from_environment

_PAYPAL_ACCOUNT = {"KAJOOM_PAYPAL_CLIENT_ID": "client", "KAJOOM_PAYPAL_SECRET": "secret"}


@pytest.mark.parametrize("name", _PAYPAL_ACCOUNT)
def test_missing_half_of_the_paypal_account_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        from_environment(tmp_path, {other: value for other, value in _PAYPAL_ACCOUNT.items() if other != name})


@pytest.mark.parametrize(("value", "can_save"), [("", False), ("0", False), ("1", True)])
def test_saving_accounts_is_enabled_by_a_variable(tmp_path: Path, value: str, can_save: bool) -> None:
    assert from_environment(tmp_path, {**_PAYPAL_ACCOUNT, "KAJOOM_PAYPAL_VAULT": value}).paypal_can_save is can_save


def test_saving_accounts_requires_a_paypal_account(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="KAJOOM_PAYPAL_CLIENT_ID is missing"):
        from_environment(tmp_path, {"KAJOOM_PAYPAL_VAULT": "1"})


@pytest.mark.parametrize(
    "address", ["http://api-m.paypal.com", "http://127.0.0.1.example.com", "ftp://x", "paypal.com"]
)
def test_paypal_url_must_be_encrypted(tmp_path: Path, address: str) -> None:
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
def test_payment_host_is_that_of_the_approval_page(tmp_path: Path, address: str, hosts: tuple[str, ...]) -> None:
    assert from_environment(tmp_path, {**_PAYPAL_ACCOUNT, "KAJOOM_PAYPAL_BASE_URL": address}).payment_hosts == hosts


def test_no_payment_host_without_paypal(tmp_path: Path) -> None:
    assert from_environment(tmp_path, {"KAJOOM_DEMO": "1"}).payment_hosts == ()


def test_seller_is_read_from_the_environment(tmp_path: Path) -> None:
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


def test_worker_is_embedded_by_default(tmp_path: Path) -> None:
    assert from_environment(tmp_path, {}).worker == "embedded"
    assert from_environment(tmp_path, {"KAJOOM_WORKER": "none"}).worker == "none"
    with pytest.raises(Misconfigured, match="KAJOOM_WORKER"):
        from_environment(tmp_path, {"KAJOOM_WORKER": "elsewhere"})


@pytest.mark.parametrize(
    ("variables", "days"),
    [
        ({}, (7, 14, 14)),
        ({"KAJOOM_DEMO": "1"}, (7, 14, 0)),
        ({"KAJOOM_DEMO": "1", "KAJOOM_RENEWAL_DAYS": "5"}, (7, 5, 5)),
        ({"KAJOOM_RENEWAL_DAYS": "0", "KAJOOM_DAYS_TO_PAY": "30"}, (30, 0, 0)),
    ],
)
def test_numbers_of_days_are_read_from_the_environment(
    tmp_path: Path, variables: dict[str, str], days: tuple[int, int, int]
) -> None:
    config = from_environment(tmp_path, variables)
    assert (config.days_to_pay, config.renewal_days, config.daily_renewal_days) == days


@pytest.mark.parametrize("days", ["-1", "1.5", "soon", "99999", "\N{SUPERSCRIPT TWO}"])
@pytest.mark.parametrize("name", ["KAJOOM_RENEWAL_DAYS", "KAJOOM_DAYS_TO_PAY"])
def test_invalid_number_of_days_is_named(tmp_path: Path, name: str, days: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        from_environment(tmp_path, {name: days})
