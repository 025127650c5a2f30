"""The text of the demonstration's catalogue file, and what loading or reading a text gives."""

from datetime import UTC, datetime
from pathlib import Path

from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.catalog.read import read_catalog
from kajoom.operations.files.report import LoadReport

DEMO = (Path(__file__).parents[3] / "demo" / "catalog.toml").read_text(encoding="utf-8")
DEMO_WITHOUT_PAYMENTS = DEMO[: DEMO.index("[payments")] + DEMO[DEMO.index("# Web hosting") :]


def load(text: str, *, dry_run: bool = False) -> LoadReport:
    return load_catalog(text.encode(), datetime(2026, 6, 16, 15, 0, tzinfo=UTC), dry_run=dry_run)


def errors_of(text: str) -> list[str]:
    """The errors of a text that must have some, each as it is printed without its line."""
    errors = read_catalog(text.encode())
    assert isinstance(errors, list), "the file was accepted"
    return [f"{error.place}: {error.reason}" for error in errors]


VPS = """
[limits.memory_gb]
name = { fr = "Mémoire", en = "Memory" }
unit = "gigabytes"
check = false

[groups.vps]
name = { fr = "Serveurs virtuels", en = "Virtual Servers" }
delay = { fr = "3 jours ouvrables", en = "3 business days" }
charge = "full_period"

[groups.vps.plans.b]
level = 1
name = { fr = "VPS 2", en = "VPS 2" }
title = { fr = "VPS 2", en = "VPS 2" }
description = { fr = "VPS 2.", en = "VPS 2." }
package = "vps2"
limits = { disk_mb = 40960, memory_gb = 2 }
prices.CAD = { monthly = "200.00", semiannually = "1100.00" }

[groups.vps.plans.small]
level = 2
name = { fr = "VPS 1", en = "VPS 1" }
title = { fr = "VPS 1", en = "VPS 1" }
description = { fr = "VPS 1.", en = "VPS 1." }
package = "vps1"
limits = { disk_mb = 20480, memory_gb = 1 }
prices.CAD = { monthly = "80.00" }
"""
"""A group of virtual servers, one of which has the code of a plan of the demonstration's hosting."""

MOVES = """
[[moves]]
from = "hosting/any"
to = "vps/any"

[[moves]]
from = "hosting/base"
to = "vps/small"
needs_person = false
delay = { fr = "1 heure", en = "1 hour" }
"""
