"""Sending e-mails to a real SMTP server on the loopback interface and to a folder."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.policy import default as modern
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd import smtp
from aiosmtpd.controller import Controller

from kajoom.gateways.mail import FolderMailer, mailer
from kajoom.gateways.ports import MailDelayed, MailRefused
from kajoom.gateways.smtp import SmtpMailer

LOOPBACK = Path(__file__).with_name("loopback.pem")


def message() -> EmailMessage:
    email = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    email["Subject"] = "Votre service est opérationnel : 41,72 $"
    email["From"] = "Hébergement Boréal <bonjour@example.com>"
    email["To"] = "fr@example.com"
    email["Message-ID"] = "<operational-CH-2026-000001@example.com>"
    email.set_content("Le forfait « B » coûte 225,00 $ par mois.\n")
    return email


class Inbox:
    """Handler of the SMTP server: it gives the configured reply to each step and stores the accepted e-mails."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 OK") -> None:
        self.rcpt, self.data = rcpt, data
        self.accepted: list[bytes] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data.startswith("250"):
            self.accepted.append(envelope.content)
        return self.data


class FailingQuitServer(smtp.SMTP):
    """Accepts an e-mail, then answers QUIT with an error."""

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        await self.push("421 gone")


class FailingQuit(Controller):
    def factory(self) -> smtp.SMTP:
        return FailingQuitServer(self.handler, **self.SMTP_kwargs)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def send(url: str, count: int = 1) -> None:
    """Send so many e-mails, then close the connection."""
    smtp_mailer = SmtpMailer(urlsplit(url))
    try:
        for _ in range(count):
            smtp_mailer.send(message())
    finally:
        smtp_mailer.close()


@contextmanager
def server(inbox: Inbox, controller: type[Controller] = Controller, **options: Any) -> Iterator[str]:
    running = controller(inbox, hostname="127.0.0.1", port=free_port(), **options)
    running.start()
    try:
        yield f"127.0.0.1:{running.port}"
    finally:
        running.stop()


def test_email_arrives_with_its_accents() -> None:
    inbox = Inbox()
    with server(inbox) as address:
        send(f"smtp://{address}")
    received = message_from_bytes(inbox.accepted[0], policy=modern)
    assert received["Subject"] == "Votre service est opérationnel : 41,72 $"
    assert received["From"] == "Hébergement Boréal <bonjour@example.com>"
    assert received["Message-ID"] == "<operational-CH-2026-000001@example.com>"
    assert received.get_content().replace("\r\n", "\n") == "Le forfait « B » coûte 225,00 $ par mois.\n"


def test_email_is_sent_in_ascii() -> None:
    inbox = Inbox()
    with server(inbox) as address:
        send(f"smtp://{address}")
    assert inbox.accepted[0].isascii()


@pytest.mark.parametrize("step", ["rcpt", "data"])
@pytest.mark.parametrize(
    ("reply", "exception"),
    [("452 4.2.2 mailbox full", MailDelayed), ("550 5.1.1 no such user", MailRefused)],
    ids=["452", "550"],
)
def test_temporary_and_permanent_server_errors(step: str, reply: str, exception: type[Exception]) -> None:
    inbox = Inbox(**{step: reply})
    with server(inbox) as address, pytest.raises(exception, match=reply[:3]):
        send(f"smtp://{address}")
    assert inbox.accepted == []


def test_error_does_not_contain_the_address_of_the_client() -> None:
    with server(Inbox(rcpt="550 5.1.1 no such user fr@example.com")) as address, pytest.raises(MailRefused) as error:
        send(f"smtp://{address}")
    assert "fr@" not in str(error.value)


def test_nothing_is_sent_to_a_server_without_starttls() -> None:
    inbox = Inbox()
    with server(inbox) as address, pytest.raises(MailDelayed):
        send(f"smtp+starttls://{address}")
    assert inbox.accepted == []


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOOPBACK)
    return context


def test_email_is_encrypted_to_a_trusted_server(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(LOOPBACK))
    inbox = Inbox()
    with server(inbox, tls_context=tls, require_starttls=True) as address:
        send(f"smtp+starttls://{address}")
    assert len(inbox.accepted) == 1


def test_server_with_a_self_signed_certificate_gets_no_email(tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    with server(inbox, tls_context=tls) as address, pytest.raises(MailDelayed):
        send(f"smtp+starttls://{address}")
    assert inbox.accepted == []


def test_smtps_is_encrypted_from_the_first_byte(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(LOOPBACK))
    inbox = Inbox()
    with server(inbox, ssl_context=tls) as address:
        send(f"smtps://{address}")
    assert len(inbox.accepted) == 1


def test_wrong_password_delays_the_email() -> None:
    inbox = Inbox()
    options: dict[str, Any] = {
        "authenticator": lambda *_: smtp.AuthResult(success=False, handled=False),
        "auth_require_tls": False,
    }
    with server(inbox, **options) as address, pytest.raises(MailDelayed, match="535"):
        send(f"smtp://kajoom:wrong%40@{address}")


def test_unreachable_server_delays_the_email() -> None:
    with pytest.raises(MailDelayed):
        send(f"smtp://127.0.0.1:{free_port()}")


def test_failing_quit_does_not_send_the_email_again() -> None:
    inbox = Inbox()
    with server(inbox, FailingQuit) as address:
        send(f"smtp://{address}")
    assert len(inbox.accepted) == 1


def test_email_sent_twice_to_a_folder_is_one_file(tmp_path: Path) -> None:
    folder = FolderMailer(tmp_path / "mail")
    folder.send(message())
    folder.send(message())
    assert [file.name for file in (tmp_path / "mail").iterdir()] == ["operational-CH-2026-000001_example.com.eml"]


def test_file_of_an_email_can_be_parsed(tmp_path: Path) -> None:
    mailer(f"file://{tmp_path}").send(message())
    (file,) = tmp_path.glob("*.eml")
    assert message_from_bytes(file.read_bytes(), policy=modern)["To"] == "fr@example.com"


def test_message_id_cannot_escape_the_folder(tmp_path: Path) -> None:
    email = EmailMessage()
    email["Message-ID"] = "<../../escaped@example.com>"
    email.set_content("")
    FolderMailer(tmp_path / "mail").send(email)
    assert len(list((tmp_path / "mail").iterdir())) == len(list(tmp_path.iterdir())) == 1


def test_unwritable_folder_delays_the_email(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")
    with pytest.raises(MailDelayed):
        FolderMailer(tmp_path / "mail").send(message())


def test_email_is_delayed_without_a_mail_server() -> None:
    with pytest.raises(MailDelayed, match="KAJOOM_MAIL_URL"):
        mailer("").send(message())


@pytest.mark.parametrize(
    "url",
    [
        "mail",
        "smtp://",
        "http://example.com",
        "file://",
        "file:///",
        "file://folder",
        "imap://example.com",
        "smtp://example.com:x",
        "smtp://example.com:0",
        "smtps://user:secret@example.com/path",
        "smtps://user:secret@example.com?tls=no",
        "smtp://[",
        "smtps://user@example.com",
        "smtps://:secret@example.com",
        "smtp://user:secret@example.com",
        "smtp://user:secret@127.0.0.1.example.com",
    ],
)
def test_invalid_mail_url_is_rejected_without_quoting_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as error:
        mailer(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://example.com",
        "smtp://127.0.0.1:2525",
        "smtp://user:secret@127.0.0.1",
        "smtp://user:secret@[::1]:25",
        "smtp://user:secret@localhost",
        "smtps://user:secret%40@example.com",
        "smtp+starttls://user:secret@example.com:587",
        "file:///var/mail/kajoom",
    ],
)
def test_password_is_accepted_where_it_is_encrypted_or_stays_on_the_machine(url: str) -> None:
    mailer(url)
