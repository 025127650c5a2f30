"""Gateways built from a configuration."""

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


def test_demonstration_has_its_own_provider_and_panel(tmp_path: Path) -> None:
    gateways = build(Settings(demo=True, instance_path=tmp_path))
    assert list(gateways.payments) == ["demonstration"]
    assert gateways.panel.check(PackageChange("k", "boreal", "web-b")).status is PanelStatus.DONE


def test_host_without_a_panel_refuses_changes_for_staff(tmp_path: Path) -> None:
    gateways = build(Settings(demo=False, instance_path=tmp_path))
    for request in (gateways.panel.check, gateways.panel.apply):
        result = request(PackageChange("k", "boreal", "web-b"))
        assert (result.status, result.reason) == (PanelStatus.REFUSED, "manual")
    assert gateways.panel.read("boreal") is None


def test_demonstration_provider_is_absent_outside_the_demonstration(tmp_path: Path) -> None:
    gateways = build(Settings(demo=False, instance_path=tmp_path))
    assert not gateways.payments
    assert not list(tmp_path.iterdir())


def test_paypal_is_present_when_configured(tmp_path: Path) -> None:
    settings = Settings(demo=False, instance_path=tmp_path, paypal_client_id="client", paypal_secret="secret")
    assert list(build(settings).payments) == ["paypal"]


@pytest.mark.parametrize("allowed", [False, True])
def test_paypal_can_save_accounts_only_when_configured(tmp_path: Path, allowed: bool) -> None:
    account = {"paypal_client_id": "client", "paypal_secret": "secret"}
    settings = Settings(demo=True, instance_path=tmp_path, paypal_can_save=allowed, **account)
    can_save = {code: provider.can_save for code, provider in build(settings).payments.items()}
    assert can_save == {"demonstration": False, "paypal": allowed}


def test_paypal_comes_after_the_demonstration_provider(tmp_path: Path) -> None:
    settings = Settings(True, tmp_path, paypal_client_id="client", paypal_secret="secret", paypal_webhook_id="W")
    assert list(build(settings).payments) == ["demonstration", "paypal"]


def test_invalid_mail_url_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be smtps://"):
        build(Settings(demo=True, instance_path=tmp_path, mail_url="not-a-url"))
