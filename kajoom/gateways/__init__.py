"""The back doors: other systems behind ports of ours. No Flask, no tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kajoom.gateways.demo import Demonstration
from kajoom.gateways.demo_panel import DemonstrationPanel
from kajoom.gateways.demo_provider import DemonstrationProvider
from kajoom.gateways.mail import mailer
from kajoom.gateways.manual import ManualPanel
from kajoom.gateways.ports import Mailer, Panel, PaymentProvider


class Settings(Protocol):
    """What the gateways must be told; ``instance_path`` is the folder for what the demonstration keeps."""

    @property
    def demo(self) -> bool: ...
    @property
    def mail_url(self) -> str: ...
    @property
    def instance_path(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Gateways:
    """The doors of one host: payment providers by their code, the panel, the mailer, and the demonstration's file."""

    panel: Panel
    mailer: Mailer
    payments: Mapping[str, PaymentProvider] = field(default_factory=dict)
    demonstration: Demonstration | None = None


def build(config: Settings) -> Gateways:
    """Open the doors the configuration names; ``ValueError`` when one of them cannot be read."""
    letters = mailer(config.mail_url)
    if not config.demo:
        return Gateways(panel=ManualPanel(), mailer=letters)
    demonstration = Demonstration(config.instance_path / "demonstration.sqlite")
    provider = DemonstrationProvider(demonstration)
    return Gateways(DemonstrationPanel(demonstration), letters, {provider.code: provider}, demonstration)
