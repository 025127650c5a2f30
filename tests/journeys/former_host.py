"""The system that a host moves from: it exports its clients and services each day, as WHMCS writes them.

Its rows are those of ``tests/data/host``, what that host has to correct in them, and more of the same kind that are
drawn: clients of every province, due dates at the ends of months, all the plans of the catalogue that recur.
"""

from __future__ import annotations

import csv
import random
import tomllib
from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import bcrypt

DATA = Path(__file__).parents[1] / "data" / "host"
FIRST_DAY = date(2026, 11, 28)
"""The day after that of the exports."""

PASSWORD = "une phrase assez longue"
SOLD = {1: ("Perdrix", "Hébergement"), 2: ("Outarde", "Hébergement"), 10: ("VPS &quot;Huard&quot;", "VPS"),
        11: ("VPS Harfang", "VPS"), 20: ("Revendeur 25", "Revente")}  # fmt: skip
PRICES = {(1, "Monthly"): 950, (1, "Annually"): 10200, (2, "Monthly"): 1900, (2, "Annually"): 17100,
          (10, "Monthly"): 5200, (11, "Monthly"): 9600, (20, "Semi-Annually"): 42000}  # fmt: skip
_PROVINCES = ("QC", "Québec", "ON", "NS", "NB", "PE", "NL", "AB", "BC", "MB", "SK", "NT", "NU", "YT", "Quebec", "")
_METHODS = ("paypal", "interac", "mailin", "banktransfer", "paypalcheckout", "interac")
_NOT_MEASURED = "0000-00-00 00:00:00"

Row = dict[str, str]


class FormerHost:
    """The rows of the four files, by the name of their file in the host's folder; ``random`` draws what changes."""

    def __init__(self, seed: int, more_clients: int) -> None:
        self.random = random.Random(seed)
        self.files = {
            "clients.csv": _read("whmcs-clients.csv"),
            "services-1-hosting.csv": _read("whmcs-services-1-hosting.csv"),
            "services-2-domains.csv": _read("whmcs-services-2-domains.csv"),
            "services-3-addons.csv": _read("whmcs-services-3-addons.csv"),
        }
        self._correct()
        for number in range(101, 101 + more_clients):
            self._add_client(number)
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        for client in self.files["clients.csv"]:
            client["password"] = hashed

    @property
    def hosting(self) -> list[Row]:
        """The rows of the hosting services."""
        return self.files["services-1-hosting.csv"]

    def _correct(self) -> None:
        """What the first import names: a client without a province, and a product that is no longer sold."""
        luc = next(row for row in self.files["clients.csv"] if row["id"] == "7")
        luc["state"] = "QC"
        old = next(row for row in self.hosting if row["packageid"] == "99")
        old["packageid"], old["product"] = "1", "Perdrix"

    def _add_client(self, number: int) -> None:
        draw = self.random
        province = _PROVINCES[number % len(_PROVINCES)]
        first = self.files["clients.csv"][0]
        self.files["clients.csv"].append({
            **dict.fromkeys(first, ""), "id": str(number), "firstname": "Client", "lastname": f"Numéro {number}",
            "email": f"client{number}@example.com", "address1": f"{number}, rue Haute", "city": "Ville",
            "state": province, "country": "CA" if province else "FR", "currency": "CAD", "credit": "0.00",
            "taxexempt": "1" if number % 11 == 0 else "0", "language": draw.choice(("french", "english")),
        })  # fmt: skip
        for _ in range(draw.randint(1, 2)):
            self._add_service(number)

    def _add_service(self, client: int) -> None:
        draw = self.random
        (product, cycle), price = draw.choice(sorted(PRICES.items()))
        due = FIRST_DAY + timedelta(days=draw.randint(3, 45))
        anchor = draw.choice((29, 30, 31)) if due.day == _last_of(due) else due.day
        name, group = SOLD[product]
        number = max(int(row["id"]) for row in self.hosting) + 1
        amount = price - 100 * draw.choice((0, 0, 1))  # an older price
        self.hosting.append({
            **dict.fromkeys(self.hosting[0], ""), "id": str(number), "userid": str(client), "orderid": str(number),
            "packageid": str(product), "product": name, "groupname": group, "server": "1", "qty": "1",
            "regdate": date(2019, 1, anchor).isoformat(), "domain": f"site{number}.example",
            "paymentmethod": draw.choice(_METHODS), "firstpaymentamount": _text(amount), "amount": _text(amount),
            "currency": "CAD", "billingcycle": cycle, "nextduedate": due.isoformat(), "domainstatus": "Active",
            "username": f"compte{number}", "diskusage": str(draw.randint(100, 9000)),
            "lastupdate": "2026-11-27 03:00:01",
        })  # fmt: skip

    def pass_a_day(self) -> None:
        """What changes there in a day: usage, now and then an amount, and the order of the rows."""
        for row in self.hosting:
            if row["lastupdate"] != _NOT_MEASURED and self.random.random() < 0.4:
                most = 14_000 if row["packageid"] == "2" else 9_900  # at times too much for the lower plan
                row["diskusage"] = str(self.random.randint(100, most))
        if self.random.random() < 0.3:
            row = self.random.choice([each for each in self.hosting if each["billingcycle"] in {"Monthly", "Annually"}])
            row["amount"] = _text(_cents(row["amount"]) + 25)
        if self.random.random() < 0.08:
            row = self.random.choice([each for each in self.hosting if each["domainstatus"] == "Active"])
            row["domainstatus"] = self.random.choice(("Cancelled", "Terminated"))
        for rows in self.files.values():
            self.random.shuffle(rows)

    def export(self, folder: Path) -> None:
        """Write today's files."""
        for name, rows in self.files.items():
            with (folder / name).open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n")
                writer.writeheader()
                writer.writerows(rows)

    def write_settings(self, folder: Path, billing: str) -> None:
        """Write the catalogue, with ``billing`` at its end, and the mapping of columns and products."""
        (folder / "catalog.toml").write_text((DATA / "catalog.toml").read_text("utf-8") + billing, "utf-8")
        (folder / "map.toml").write_text((DATA / "map.toml").read_text("utf-8"), "utf-8")


def prices() -> dict[tuple[str, str, str, str], int]:
    """The catalogue's prices in cents, by group, plan, currency and cycle."""
    groups: dict[str, Any] = tomllib.loads((DATA / "catalog.toml").read_text("utf-8"))["groups"]
    return {
        (group, plan, currency, cycle): _cents(text)
        for group, sold in groups.items()
        for plan, each in sold["plans"].items()
        for currency, cycles in each["prices"].items()
        for cycle, text in cycles.items()
    }


def _read(name: str) -> list[Row]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _last_of(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _cents(text: str) -> int:
    return round(float(text) * 100)


def _text(cents: int) -> str:
    return f"{cents / 100:.2f}"
