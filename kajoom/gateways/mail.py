"""Send e-mails by SMTP, or write them as files in a folder."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import SplitResult, unquote, urlsplit

from kajoom.gateways.ports import MailDelayed, Mailer, MailRefused

_TIMEOUT_SECONDS = 20


def mailer(url: str) -> Mailer:
    """Return the mailer of ``smtp://[user:password@]host[:port]``, ``smtp+starttls://…`` or ``file:///folder``.

    An empty URL gives a mailer that delays every e-mail. Raises ``ValueError`` for anything else, without the URL in
    the message because it may contain a password.
    """
    if not url:
        return UnconfiguredMailer()
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return FolderMailer(Path(unquote(parts.path)))
    if parts.scheme in {"smtp", "smtp+starttls"} and parts.hostname:
        return SmtpMailer(parts)
    raise ValueError("KAJOOM_MAIL_URL must be smtp://host, smtp+starttls://host or file:///folder")


class UnconfiguredMailer:
    """Used when no mail server is configured: e-mails stay in the queue until there is one."""

    def send(self, message: EmailMessage) -> None:
        """Raise ``MailDelayed``."""
        raise MailDelayed("KAJOOM_MAIL_URL is not set")


class FolderMailer:
    """Writes each e-mail to an ``.eml`` file named after its Message-ID, so that one sent twice is one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Write the e-mail atomically; raise ``MailDelayed`` when the folder cannot be written."""
        name = re.sub(r"[^A-Za-z0-9.-]", "_", str(message["Message-ID"]).strip("<>")).lstrip(".")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:
                file.write(message.as_bytes())
            Path(file.name).replace(self._folder / f"{name}.eml")
        except OSError as error:
            raise MailDelayed(f"{type(error).__name__}: {error.strerror}") from error


class SmtpMailer:
    """Sends through one SMTP server; with ``smtp+starttls`` nothing is sent before the connection is encrypted."""

    def __init__(self, parts: SplitResult) -> None:
        self._starttls = parts.scheme == "smtp+starttls"
        self._host = parts.hostname or ""
        self._port = parts.port or (587 if self._starttls else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")

    def send(self, message: EmailMessage) -> None:
        """Send the e-mail.

        Raises ``MailRefused`` when the server rejects this e-mail permanently (5xx) and ``MailDelayed`` for any other
        failure: a wrong password or a missing STARTTLS is for the host to fix, and the e-mail is sent later.
        """
        try:
            server = self._connect()
        except (smtplib.SMTPException, OSError) as error:
            raise MailDelayed(_describe(error)) from error
        try:
            server.send_message(message)
        except smtplib.SMTPNotSupportedError as error:
            raise MailRefused(_describe(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise (MailRefused if _is_final(error) else MailDelayed)(_describe(error)) from error
        finally:
            # The server has accepted the e-mail or not: a QUIT that fails must not cause a second sending.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _connect(self) -> smtplib.SMTP:
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        try:
            if self._starttls:
                server.starttls(context=ssl.create_default_context())
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server


def _codes(error: Exception) -> list[int]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def _is_final(error: Exception) -> bool:
    codes = _codes(error)
    return bool(codes) and all(500 <= code < 600 for code in codes)


def _describe(error: Exception) -> str:
    """Return the class of the error and the server's codes, without the client's address."""
    return " ".join([type(error).__name__, *map(str, _codes(error))])
