"""The configuration decides which doors are open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from kajoom.gateways import build
from kajoom.gateways.ports import PackageChange, PanelStatus


@dataclass(frozen=True)
class Settings:
    demo: bool
    instance_path: Path
    mail_url: str = "smtp://127.0.0.1:25"
    paypal_base_url: str = "https://api-m.sandbox.paypal.com"
    paypal_client_id: str = ""
    paypal_secret: str = ""
    paypal_webhook_id: str = ""
    paypal_can_save: bool = False


def test_demonstration_pays_and_provisions_by_itself(tmp_path: Path) -> None:
    doors = build(Settings(demo=True, instance_path=tmp_path))
    assert list(doors.payments) == ["demonstration"]
    assert doors.panel.check(PackageChange("k", "boreal", "web-b")).status is PanelStatus.DONE


def test_host_without_a_panel_has_a_person_do_it(tmp_path: Path) -> None:
    doors = build(Settings(demo=False, instance_path=tmp_path))
    for ask in (doors.panel.check, doors.panel.apply):
        result = ask(PackageChange("k", "boreal", "web-b"))
        assert (result.status, result.reason) == (PanelStatus.REFUSED, "manual")
    assert doors.panel.read("boreal") is None


def test_host_outside_the_demonstration_takes_no_pretended_money(tmp_path: Path) -> None:
    doors = build(Settings(demo=False, instance_path=tmp_path))
    assert not doors.payments
    assert not list(tmp_path.iterdir())


def test_paypal_is_offered_where_it_is_configured(tmp_path: Path) -> None:
    settings = Settings(demo=False, instance_path=tmp_path, paypal_client_id="client", paypal_secret="secret")
    assert list(build(settings).payments) == ["paypal"]


@pytest.mark.parametrize("allowed", [False, True])
def test_accounts_are_saved_only_where_the_host_says_that_they_may_be(tmp_path: Path, allowed: bool) -> None:
    account = {"paypal_client_id": "client", "paypal_secret": "secret"}
    settings = Settings(demo=True, instance_path=tmp_path, paypal_can_save=allowed, **account)
    can_save = {code: provider.can_save for code, provider in build(settings).payments.items()}
    assert can_save == {"demonstration": False, "paypal": allowed}


def test_paypal_in_the_demonstration_comes_beside_what_takes_no_money(tmp_path: Path) -> None:
    settings = Settings(True, tmp_path, paypal_client_id="client", paypal_secret="secret", paypal_webhook_id="W")
    assert list(build(settings).payments) == ["demonstration", "paypal"]


def test_unreadable_mail_address_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="KAJOOM_MAIL_URL"):
        build(Settings(demo=True, instance_path=tmp_path, mail_url="carrier-pigeon"))
