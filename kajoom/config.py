"""The configuration, read once from the environment. An invalid or missing variable is named at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import idna

PREFIX = "KAJOOM_"

# Public, so it is used only to sign the sessions of the demonstration.
_DEMONSTRATION_SECRET = "the demonstration keeps no secret"  # noqa: S105


class Misconfigured(Exception):
    """A variable is missing or invalid; the message names it."""


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of an application.

    ``secret_key`` is empty when none was given: the application must then not serve requests. ``days_to_pay`` is the
    number of days before an unpaid change expires. ``renewal_days`` is how many days before the due date ``flask bill``
    issues a renewal, ``daily_renewal_days`` the same for the worker's daily run (0 in the demonstration unless the
    variable is given). ``worker`` is "embedded" or "none"; ``proxy_hops`` the number of trusted proxies;
    ``ready_token`` what must be sent to read the details of the readiness check;
    ``paypal_can_save`` whether PayPal has enabled saving payment accounts; ``seller`` the values that replace those of
    the catalogue's ``[seller]``; ``base_url`` the URL of the client area, for the links in e-mails.
    ``password_hash_options`` are argon2 parameters: tests use a cheap hash, a host keeps the defaults.
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
    ready_token: str = ""
    days_to_pay: int = 7
    renewal_days: int = 14
    daily_renewal_days: int = 14
    seller: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = "http://127.0.0.1:8000"
    password_hash_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def base_hosts(self) -> tuple[str, ...]:
        """The host of ``base_url``, and its other spelling when it is an internationalised domain name."""
        host = _host_of(self.base_url)
        if not host.isascii():
            return host, idna.encode(host, uts46=True).decode()
        try:
            return tuple(dict.fromkeys((host, idna.decode(host))))
        except idna.IDNAError:  # an address, or a name that is not a domain name
            return (host,)

    @property
    def payment_hosts(self) -> tuple[str, ...]:
        """The origin of PayPal's approval page, to which forms may redirect; empty without PayPal."""
        if not self.paypal_client_id:
            return ()
        api = urlsplit(self.paypal_base_url)
        if not (api.hostname or "").endswith(".paypal.com"):
            return (f"{api.scheme}://{api.netloc}",)
        return ("https://www.sandbox.paypal.com" if "sandbox" in api.netloc else "https://www.paypal.com",)


def _host_of(url: str) -> str:
    """The host of a URL in lower case, with the brackets of an IPv6 address."""
    name = urlsplit(url).hostname or ""
    return f"[{name}]" if ":" in name else name


def from_environment(instance_path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the variables with the prefix; raise ``Misconfigured`` for an invalid or missing one."""
    variables = {name[len(PREFIX) :]: value for name, value in environment.items() if name.startswith(PREFIX) and value}
    demo = _is_on(variables, "DEMO")
    return Config(
        instance_path=instance_path,
        database_url=variables.get("DATABASE_URL", f"sqlite:///{instance_path / 'kajoom.sqlite'}"),
        secret_key=variables.get("SECRET_KEY", _DEMONSTRATION_SECRET if demo else ""),
        demo=demo,
        worker=_one_of(variables, "WORKER", ("embedded", "none"), "embedded"),
        mail_url=variables.get("MAIL_URL", f"file://{instance_path / 'mail'}"),
        paypal_base_url=_secure_url(variables, "PAYPAL_BASE_URL", "https://api-m.paypal.com"),
        paypal_client_id=_requiring(variables, "PAYPAL_CLIENT_ID", "PAYPAL_SECRET"),
        paypal_secret=_requiring(variables, "PAYPAL_SECRET", "PAYPAL_CLIENT_ID"),
        paypal_webhook_id=variables.get("PAYPAL_WEBHOOK_ID", ""),
        paypal_can_save=_is_on(variables, "PAYPAL_VAULT")
        and bool(_requiring(variables, "PAYPAL_VAULT", "PAYPAL_CLIENT_ID")),
        timezone=variables.get("TIMEZONE", "America/Toronto"),
        proxy_hops=_whole_number(variables, "PROXY_HOPS", 0),
        ready_token=variables.get("READY_TOKEN", ""),
        days_to_pay=_whole_number(variables, "DAYS_TO_PAY", 7),
        renewal_days=_whole_number(variables, "RENEWAL_DAYS", 14),
        daily_renewal_days=_whole_number(variables, "RENEWAL_DAYS", 0 if demo else 14),
        seller=_seller(variables),
        base_url=variables.get("SELLER_URL", "http://127.0.0.1:8000"),
    )


def _seller(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the seller's values that are set; "|" separates the lines of the address."""
    address = variables.get("SELLER_ADDRESS", "")
    values = {
        "name": variables.get("SELLER_NAME"),
        "email": variables.get("SELLER_EMAIL"),
        "phone": variables.get("SELLER_PHONE"),
        "address": [line.strip() for line in address.split("|")] if address else None,
        "gst_number": variables.get("GST_NUMBER"),
        "qst_number": variables.get("QST_NUMBER"),
    }
    return {name: value for name, value in values.items() if value}


def _is_on(variables: Mapping[str, str], name: str) -> bool:
    return variables.get(name, "0") != "0"


def _one_of(variables: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = variables.get(name, default)
    if value not in allowed:
        raise Misconfigured(f"{PREFIX}{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _requiring(variables: Mapping[str, str], name: str, other: str) -> str:
    """Return a value that requires another variable, empty when it is not set."""
    if name in variables and other not in variables:
        raise Misconfigured(f"{PREFIX}{other} is missing: {PREFIX}{name} requires it")
    return variables.get(name, "")


def _secure_url(variables: Mapping[str, str], name: str, default: str) -> str:
    """Return a URL to which secrets are sent: it must use https, or http on the loopback interface."""
    address = urlsplit(variables.get(name, default))
    if not (address.scheme == "https" or (address.scheme == "http" and address.hostname in {"127.0.0.1", "::1"})):
        raise Misconfigured(f"{PREFIX}{name} must begin with https://, not {variables[name]!r}")
    return address.geturl().rstrip("/")


def _whole_number(variables: Mapping[str, str], name: str, default: int) -> int:
    value = variables.get(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 5):
        raise Misconfigured(f"{PREFIX}{name} must be a whole number, not {value!r}")
    return int(value)
