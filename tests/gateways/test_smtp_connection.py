"""One SMTP connection for many e-mails: what ends it, and what becomes of the e-mail that finds it ended."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd import smtp
from aiosmtpd.controller import Controller

from kajoom.gateways import smtp as gateway
from kajoom.gateways.ports import MailDelayed, MailRefused
from kajoom.gateways.smtp import SmtpMailer
from tests.gateways.test_mail import LOOPBACK, Inbox, free_port, message


class Server(Controller):
    """An SMTP server that counts its connections, each made by ``protocol``."""

    protocol: type[smtp.SMTP] = smtp.SMTP

    def __init__(self, inbox: Inbox, **options: Any) -> None:
        super().__init__(inbox, hostname="127.0.0.1", port=free_port(), **options)
        self.connections = 0

    def factory(self) -> smtp.SMTP:
        self.connections += 1
        return self.protocol(self.handler, **self.SMTP_kwargs)


@contextmanager
def sending(
    inbox: Inbox, protocol: type[smtp.SMTP] = smtp.SMTP, scheme: str = "smtp", **options: Any
) -> Iterator[tuple[Server, SmtpMailer]]:
    running = Server(inbox, **options)
    running.protocol = protocol
    running.start()
    running.connections = 0  # starting it makes one
    mailer = SmtpMailer(urlsplit(f"{scheme}://127.0.0.1:{running.port}"))
    try:
        yield running, mailer
    finally:
        mailer.close()
        running.stop()


class ClosingAfterEach(smtp.SMTP):
    """Closes the connection without a word after each e-mail."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        await super().smtp_DATA(arg)
        assert self.transport is not None
        self.transport.close()


class OneAConnection(smtp.SMTP):
    """Takes one e-mail on a connection, and refuses the sender of the next."""

    has_taken = False

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        if self.has_taken:
            await self.push("421 4.7.0 too many messages on this connection")
            return
        self.has_taken = True
        await super().smtp_MAIL(arg)


class ClosingAtData(smtp.SMTP):
    """Closes the connection at DATA, so that nobody knows whether the e-mail was accepted."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        assert self.transport is not None
        self.transport.close()


class SilentNoop(smtp.SMTP):
    """Does not answer NOOP."""

    async def smtp_NOOP(self, arg: str) -> None:  # noqa: N802
        await asyncio.sleep(0.3)


def test_emails_go_over_one_connection() -> None:
    with sending(inbox := Inbox()) as (server, mailer):
        for _ in range(3):
            mailer.send(message())
        assert (server.connections, len(inbox.accepted)) == (1, 3)


def test_closed_mailer_connects_again() -> None:
    with sending(inbox := Inbox()) as (server, mailer):
        mailer.send(message())
        mailer.close()
        mailer.send(message())
        assert (server.connections, len(inbox.accepted)) == (2, 2)


def test_connection_ends_after_so_many_emails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_MOST_A_CONNECTION", 2)
    with sending(inbox := Inbox()) as (server, mailer):
        for _ in range(5):
            mailer.send(message())
        assert (server.connections, len(inbox.accepted)) == (3, 5)


@pytest.mark.parametrize("protocol", [ClosingAfterEach, OneAConnection])
def test_email_that_finds_the_connection_ended_is_sent_once_over_another(protocol: type[smtp.SMTP]) -> None:
    with sending(inbox := Inbox(), protocol) as (server, mailer):
        for _ in range(3):
            mailer.send(message())
        assert (server.connections, len(inbox.accepted)) == (3, 3)


def test_server_that_does_not_answer_is_connected_to_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_TIMEOUT_SECONDS", 0.2)
    with sending(inbox := Inbox(), SilentNoop) as (server, mailer):
        mailer.send(message())
        mailer.send(message())
        assert (server.connections, len(inbox.accepted)) == (2, 2)


def test_email_of_unknown_outcome_is_delayed_and_not_sent_again_at_once() -> None:
    with sending(Inbox(), ClosingAtData) as (server, mailer):
        with pytest.raises(MailDelayed):
            mailer.send(message())
        assert server.connections == 1


@pytest.mark.parametrize(
    ("step", "reply", "exception"),
    [("rcpt", "550 5.1.1 no such user", MailRefused), ("data", "452 4.2.2 mailbox full", MailDelayed)],
)
def test_refused_email_does_not_end_the_connection(step: str, reply: str, exception: type[Exception]) -> None:
    with sending(inbox := Inbox(**{step: reply})) as (server, mailer):
        with pytest.raises(exception):
            mailer.send(message())
        setattr(inbox, step, "250 OK")
        mailer.send(message())
        assert (server.connections, len(inbox.accepted)) == (1, 1)


def test_encrypted_connection_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(LOOPBACK))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(LOOPBACK)
    options: dict[str, Any] = {"tls_context": tls, "require_starttls": True}
    with sending(inbox := Inbox(), scheme="smtp+starttls", **options) as (server, mailer):
        mailer.send(message())
        mailer.send(message())
        assert (server.connections, len(inbox.accepted)) == (1, 2)
