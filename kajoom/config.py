"""The configuration, read once from the environment: every value has one name, and a missing one is named at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "KAJOOM_"

# Known to everyone who reads this file, so it signs nothing but the demonstration's sessions.
_DEMONSTRATION_SECRET = "the demonstration keeps no secret"  # noqa: S105


class Misconfigured(Exception):
    """A variable that is missing or cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a host decides. ``secret_key`` is empty when none was given: nothing may then be served.

    ``days_to_pay`` is how long an unpaid change stands; ``renewal_days`` how long before the due date ``flask bill``
    issues a renewal, and ``daily_renewal_days`` the worker by itself: on the day itself in the demonstration, unless
    the variable is given. ``worker`` is "embedded" or "none"; ``proxy_hops`` the number of proxies whose forwarded
    headers are believed; ``paypal_can_save`` whether PayPal lets this host keep the accounts clients pay with;
    ``seller`` what the environment says of the seller, over the catalogue's file; ``base_url`` where clients reach
    the house, for the links in letters. ``password_hash_options`` are
    passed to argon2 by tests, which want a cheap hash; a host keeps the defaults.
    """

    instance_path: Path
    database_url: str
    secret_key: str
    demo: bool = False
    worker: str = "none"
    mail_url: str = ""
    paypal_base_url: str = "https://api-m.paypal.com"
    paypal_client_id: str = ""
    paypal_secret: str = ""
    paypal_webhook_id: str = ""
    paypal_can_save: bool = False
    timezone: str = "America/Toronto"
    proxy_hops: int = 0
    days_to_pay: int = 7
    renewal_days: int = 14
    daily_renewal_days: int = 14
    seller: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = "http://127.0.0.1:8000"
    password_hash_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def payment_hosts(self) -> tuple[str, ...]:
        """The approval page of the payment provider in use: where a browser may be led to pay."""
        if not self.paypal_client_id:
            return ()
        api = urlsplit(self.paypal_base_url)
        if not (api.hostname or "").endswith(".paypal.com"):
            return (f"{api.scheme}://{api.netloc}",)
        return ("https://www.sandbox.paypal.com" if "sandbox" in api.netloc else "https://www.paypal.com",)


def from_environment(instance_path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the variables of the prefix; ``Misconfigured`` names the one that cannot be read."""
    given = {name[len(PREFIX) :]: value for name, value in environment.items() if name.startswith(PREFIX) and value}
    demo = _is_on(given, "DEMO")
    return Config(
        instance_path=instance_path,
        database_url=given.get("DATABASE_URL", f"sqlite:///{instance_path / 'kajoom.sqlite'}"),
        secret_key=given.get("SECRET_KEY", _DEMONSTRATION_SECRET if demo else ""),
        demo=demo,
        worker=_one_of(given, "WORKER", ("embedded", "none"), "embedded"),
        mail_url=given.get("MAIL_URL", f"file://{instance_path / 'mail'}"),
        paypal_base_url=_private(given, "PAYPAL_BASE_URL", "https://api-m.paypal.com"),
        paypal_client_id=_with(given, "PAYPAL_CLIENT_ID", "PAYPAL_SECRET"),
        paypal_secret=_with(given, "PAYPAL_SECRET", "PAYPAL_CLIENT_ID"),
        paypal_webhook_id=given.get("PAYPAL_WEBHOOK_ID", ""),
        paypal_can_save=_is_on(given, "PAYPAL_VAULT") and bool(_with(given, "PAYPAL_VAULT", "PAYPAL_CLIENT_ID")),
        timezone=given.get("TIMEZONE", "America/Toronto"),
        proxy_hops=_count(given, "PROXY_HOPS", 0),
        days_to_pay=_count(given, "DAYS_TO_PAY", 7),
        renewal_days=_count(given, "RENEWAL_DAYS", 14),
        daily_renewal_days=_count(given, "RENEWAL_DAYS", 0 if demo else 14),
        seller=_seller(given),
        base_url=given.get("SELLER_URL", "http://127.0.0.1:8000"),
    )


def _seller(given: Mapping[str, str]) -> dict[str, Any]:
    """The seller as the environment has it; the lines of the address are parted by « | »."""
    address = given.get("SELLER_ADDRESS", "")
    said = {
        "name": given.get("SELLER_NAME"),
        "email": given.get("SELLER_EMAIL"),
        "phone": given.get("SELLER_PHONE"),
        "address": [line.strip() for line in address.split("|")] if address else None,
        "gst_number": given.get("GST_NUMBER"),
        "qst_number": given.get("QST_NUMBER"),
    }
    return {name: value for name, value in said.items() if value}


def _is_on(given: Mapping[str, str], name: str) -> bool:
    return given.get(name, "0") != "0"


def _one_of(given: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = given.get(name, default)
    if value not in allowed:
        raise Misconfigured(f"{PREFIX}{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _with(given: Mapping[str, str], name: str, other: str) -> str:
    """A value that is of no use without another."""
    if name in given and other not in given:
        raise Misconfigured(f"{PREFIX}{other} is missing: {PREFIX}{name} is of no use without it")
    return given.get(name, "")


def _private(given: Mapping[str, str], name: str, default: str) -> str:
    """An address to which a secret is told: nobody may listen on the way."""
    address = urlsplit(given.get(name, default))
    if not (address.scheme == "https" or (address.scheme == "http" and address.hostname in {"127.0.0.1", "::1"})):
        raise Misconfigured(f"{PREFIX}{name} must begin with https://, not {given[name]!r}")
    return address.geturl().rstrip("/")


def _count(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 5):
        raise Misconfigured(f"{PREFIX}{name} must be a whole number, not {value!r}")
    return int(value)
