"""The configuration, read once from the environment. An invalid, missing or unknown variable is named at start."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from kajoom import config_values as values
from kajoom.domain.server import Server, variable_name
from kajoom.models.before_start import holds_demonstration, stored_servers

log = logging.getLogger(__name__)

PREFIX = "KAJOOM_"

# Public, so it is used only to sign the sessions of the demonstration.
DEMONSTRATION_SECRET = "the demonstration keeps no secret"  # noqa: S105

READERS: dict[str, values.Reader] = {
    "BASE_URL": values.base_url,
    "DATABASE_URL": values.database_url,
    "DAYS_TO_PAY": values.whole_number(1, 365),
    "DEMO": values.boolean,
    "GST_NUMBER": values.matching(r"\d{9} ?RT ?\d{4}", "a registration number like 123456789 RT0001"),
    "HSTS_SUBDOMAINS": values.boolean,
    "MAIL_URL": values.mail_url,
    "PAYPAL_BASE_URL": values.provider_url,
    "PAYPAL_CLIENT_ID": values.token,
    "PAYPAL_SECRET": values.token,
    "PAYPAL_VAULT": values.boolean,
    "PAYPAL_WEBHOOK_ID": values.token,
    "PROXY_HOPS": values.whole_number(0, 10),
    "QST_NUMBER": values.matching(r"\d{10} ?TQ ?\d{4}", "a registration number like 1234567890 TQ0001"),
    "READY_TOKEN": values.ready_token,
    "RENEWAL_DAYS": values.whole_number(0, 365),
    "SECRET_KEY": values.secret,
    "SECRET_KEY_FALLBACKS": values.secrets,
    "SELLER_ADDRESS": values.address_lines,
    "SELLER_EMAIL": values.email_address,
    "SELLER_NAME": values.plain_text,
    "SELLER_PHONE": values.plain_text,
    "SELLER_URL": values.base_url,
    "TIMEZONE": values.timezone,
    "WORKER": values.one_of("embedded", "none"),
}
"""Every variable, without the prefix, and what reads its value."""

_SERVER = re.compile(r"SERVER_[A-Z0-9][A-Z0-9_]*_(TOKEN|SECRET|USER)")
"""The variables of a hosting server, which the catalogue names."""

_REQUIRES = {
    "PAYPAL_CLIENT_ID": "PAYPAL_SECRET",
    "PAYPAL_SECRET": "PAYPAL_CLIENT_ID",
    "PAYPAL_WEBHOOK_ID": "PAYPAL_CLIENT_ID",
    "PAYPAL_VAULT": "PAYPAL_CLIENT_ID",
}
"""Variables that mean nothing without another one."""


class Misconfigured(click.ClickException):
    """Variables are missing, invalid or unknown; the message names them. A command shows it and ends with code 2."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of an application.

    ``secret_key`` and ``base_url``, the URL of the client area from which links are made, are empty when they were not
    given: ``check_complete`` then raises. ``secret_key_fallbacks`` are former secrets, whose sessions are still read.
    ``days_to_pay`` is the number of days before an unpaid change expires. ``renewal_days`` is how many days before the
    due date ``flask bill`` issues a renewal, ``daily_renewal_days`` the same for the worker's daily run (0 in the
    demonstration unless the variable is given). ``worker`` is "embedded" or "none"; ``proxy_hops`` the number of
    trusted proxies; ``ready_token`` what must be sent to read the details of the readiness check; ``paypal_can_save``
    whether PayPal has enabled saving payment accounts; ``seller`` the values that replace those of the catalogue's
    ``[seller]``. ``server_secrets`` are the values of the variables of servers, by their names after
    ``KAJOOM_SERVER_``. ``password_hash_options`` are argon2 parameters that replace the usual ones: tests use a cheap
    hash.
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
    secret_key_fallbacks: tuple[str, ...] = ()
    hsts_subdomains: bool = False
    server_secrets: Mapping[str, str] = field(default_factory=dict)
    password_hash_options: Mapping[str, Any] = field(default_factory=dict)

    def check_complete(self) -> None:
        """Raise ``Misconfigured`` when a variable that a server, a worker or an e-mail needs was not given."""
        required = {
            "SECRET_KEY": (self.secret_key, f"at least {values.SHORTEST_SECRET} random characters"),
            "BASE_URL": (self.base_url, "the address of the client area, such as https://client.example.com"),
        }
        missing = [f"{PREFIX}{name} is missing: {hint}" for name, (value, hint) in required.items() if not value]
        if missing:
            raise Misconfigured("; ".join(missing))

    def check_can_serve(self) -> None:
        """Raise ``Misconfigured`` as ``check_complete`` does, or when the database is that of the demonstration."""
        self.check_complete()
        if not self.demo and holds_demonstration(self.database_url, self.instance_path):
            raise Misconfigured(
                f"{PREFIX}DEMO is missing: {PREFIX}DATABASE_URL holds the demonstration, whose passwords are public"
            )

    def check_servers(self, problem_of: Callable[[Server], str]) -> None:
        """Raise ``Misconfigured`` when a variable is of no server of the catalogue, or a panel cannot be asked.

        ``problem_of`` returns why the panel of a server cannot be asked. Nothing is wrong before the first catalogue.
        """
        servers = stored_servers(self.database_url, self.instance_path)
        if servers is None:
            return
        known = {variable_name(name) for name in servers}
        problems = [
            f"{PREFIX}SERVER_{name} is of no server of the catalogue{_nearest_server(name, known)}"
            for name in self.server_secrets
            if name.rpartition("_")[0] not in known
        ]
        problems += filter(None, map(problem_of, servers.values()))
        if problems:
            raise Misconfigured("; ".join(problems))

    @property
    def base_hosts(self) -> tuple[str, ...]:
        """The host of ``base_url`` in punycode, and in Unicode when it is an internationalised domain name."""
        return values.base_hosts(self.base_url)

    @property
    def payment_hosts(self) -> tuple[str, ...]:
        """The origin of PayPal's approval page, to which forms may redirect; empty without PayPal."""
        if not self.paypal_client_id:
            return ()
        api = urlsplit(self.paypal_base_url)
        if not (api.hostname or "").endswith(".paypal.com"):
            return (f"{api.scheme}://{api.netloc}",)
        return ("https://www.sandbox.paypal.com" if "sandbox" in api.netloc else "https://www.paypal.com",)


def from_environment(instance_path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the variables with the prefix; raise ``Misconfigured`` naming each one that is invalid or unknown.

    An empty variable counts as not given.
    """
    given = {name.removeprefix(PREFIX): text for name, text in environment.items() if name.startswith(PREFIX)}
    read: dict[str, Any] = {}
    problems: list[str] = []
    for name, text in sorted(given.items()):
        try:
            read.update({name: _read(name, text)} if text or name not in READERS else {})
        except ValueError as error:
            problems.append(f"{PREFIX}{name} {error}")
    if not problems:
        problems = [*_contradictions(read)]
    if problems:
        raise Misconfigured("; ".join(problems))
    return _config(instance_path, read)


def _nearest_server(name: str, known: Collection[str]) -> str:
    server, _, kind = name.rpartition("_")
    nearest = get_close_matches(server, known, 1)
    return f": do you mean {PREFIX}SERVER_{nearest[0]}_{kind}?" if nearest else ""


def _read(name: str, text: str) -> object:
    if name.startswith("SERVER_") and not _SERVER.fullmatch(name):
        raise ValueError(f"is not a variable of Kajoom: {PREFIX}SERVER_<NAME>_TOKEN, _SECRET and _USER are")
    if name not in READERS and not _SERVER.fullmatch(name):
        nearest = get_close_matches(name, READERS, 1)
        raise ValueError(f"is not a variable of Kajoom{f': do you mean {PREFIX}{nearest[0]}?' if nearest else ''}")
    if text != text.strip() or not text.isprintable():
        raise ValueError("must not begin or end with a space, nor hold a control character")
    return READERS.get(name, values.token)(text)


def _contradictions(read: Mapping[str, Any]) -> list[str]:
    """What is wrong with the variables together, each being right by itself."""
    problems = [
        f"{PREFIX}{other} is missing: {PREFIX}{name} requires it"
        for name, other in _REQUIRES.items()
        if read.get(name) and other not in read
    ]
    secrets = {"SECRET_KEY": (read.get("SECRET_KEY"),), "SECRET_KEY_FALLBACKS": read.get("SECRET_KEY_FALLBACKS", ())}
    for name, given in secrets.items():
        if DEMONSTRATION_SECRET in given and not read.get("DEMO"):
            problems.append(f"{PREFIX}{name} must not be the demonstration's own secret, which is public")
    return problems


def _config(instance_path: Path, read: Mapping[str, Any]) -> Config:
    demo = read.get("DEMO", False)
    if "SELLER_URL" in read:
        log.warning("KAJOOM_SELLER_URL is the old name of KAJOOM_BASE_URL, and will be refused by the next version")
    return Config(
        instance_path=instance_path,
        database_url=read.get("DATABASE_URL", f"sqlite:///{instance_path / 'kajoom.sqlite'}"),
        secret_key=read.get("SECRET_KEY", DEMONSTRATION_SECRET if demo else ""),
        secret_key_fallbacks=read.get("SECRET_KEY_FALLBACKS", ()),
        demo=demo,
        worker=read.get("WORKER", "embedded"),
        mail_url=read.get("MAIL_URL", f"file://{instance_path / 'mail'}"),
        paypal_base_url=read.get("PAYPAL_BASE_URL", "https://api-m.paypal.com"),
        paypal_client_id=read.get("PAYPAL_CLIENT_ID", ""),
        paypal_secret=read.get("PAYPAL_SECRET", ""),
        paypal_webhook_id=read.get("PAYPAL_WEBHOOK_ID", ""),
        paypal_can_save=read.get("PAYPAL_VAULT", False),
        timezone=read.get("TIMEZONE", "America/Toronto"),
        proxy_hops=read.get("PROXY_HOPS", 0),
        days_to_pay=read.get("DAYS_TO_PAY", 7),
        renewal_days=read.get("RENEWAL_DAYS", 14),
        daily_renewal_days=read.get("RENEWAL_DAYS", 0 if demo else 14),
        ready_token=read.get("READY_TOKEN", ""),
        hsts_subdomains=read.get("HSTS_SUBDOMAINS", False),
        server_secrets={name.removeprefix("SERVER_"): read[name] for name in read if _SERVER.fullmatch(name)},
        seller={field: read[name] for field, name in _SELLER.items() if name in read},
        base_url=read.get("BASE_URL", read.get("SELLER_URL", "http://127.0.0.1:8000" if demo else "")),
    )


_SELLER = {
    "name": "SELLER_NAME",
    "email": "SELLER_EMAIL",
    "phone": "SELLER_PHONE",
    "address": "SELLER_ADDRESS",
    "gst_number": "GST_NUMBER",
    "qst_number": "QST_NUMBER",
}
"""The values of the catalogue's ``[seller]`` and the variables that replace them."""
