"""Gateways built from a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kajoom.gateways import build
from kajoom.gateways.panel_port import AccountStatus, PackageChange, PanelAccount, PanelStatus
from tests.fake_gateways import current_time

ACCOUNT = PanelAccount("", "boreal")
CHANGE = PackageChange("k", ACCOUNT, "web-b")


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
    server_secrets: Mapping[str, str] = field(default_factory=dict)


def test_demonstration_has_its_own_provider_and_panel(tmp_path: Path) -> None:
    gateways = build(Settings(demo=True, instance_path=tmp_path), current_time)
    assert list(gateways.payments) == ["demonstration"]
    assert gateways.panel_of("").change(CHANGE).status is PanelStatus.DONE


def test_host_without_a_panel_refuses_changes_for_staff(tmp_path: Path) -> None:
    gateways = build(Settings(demo=False, instance_path=tmp_path), current_time)
    panel = gateways.panel_of("")
    for result in (
        panel.change(CHANGE),
        panel.suspend(ACCOUNT, "k"),
        panel.unsuspend(ACCOUNT, "k"),
        panel.terminate(ACCOUNT, "k"),
    ):
        assert (result.status, result.reason) == (PanelStatus.REFUSED, "manual")
    reading = panel.read(ACCOUNT)
    assert (reading.status, reading.is_supported) == (AccountStatus.UNKNOWN, False)


def test_demonstration_provider_is_absent_outside_the_demonstration(tmp_path: Path) -> None:
    gateways = build(Settings(demo=False, instance_path=tmp_path), current_time)
    assert not gateways.payments
    assert not list(tmp_path.iterdir())


def test_paypal_is_present_when_configured(tmp_path: Path) -> None:
    settings = Settings(demo=False, instance_path=tmp_path, paypal_client_id="client", paypal_secret="secret")
    assert list(build(settings, current_time).payments) == ["paypal"]


@pytest.mark.parametrize("allowed", [False, True])
def test_paypal_can_save_accounts_only_when_configured(tmp_path: Path, allowed: bool) -> None:
    settings = Settings(True, tmp_path, paypal_client_id="client", paypal_secret="secret", paypal_can_save=allowed)
    can_save = {code: provider.can_save for code, provider in build(settings, current_time).payments.items()}
    assert can_save == {"demonstration": False, "paypal": allowed}


def test_paypal_comes_after_the_demonstration_provider(tmp_path: Path) -> None:
    settings = Settings(True, tmp_path, paypal_client_id="client", paypal_secret="secret", paypal_webhook_id="W")
    assert list(build(settings, current_time).payments) == ["demonstration", "paypal"]


def test_invalid_mail_url_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be smtps://"):
        build(Settings(demo=True, instance_path=tmp_path, mail_url="not-a-url"), current_time)
