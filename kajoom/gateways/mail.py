"""Send e-mails by SMTP, or write them as files in a folder."""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import SplitResult, unquote, urlsplit

from kajoom.gateways.ports import MailDelayed, Mailer, MailRefused

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 20
_DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_EXPECTED = "must be smtps://user:password@host, smtp+starttls://user:password@host, smtp://host or file:///folder"


def mailer(url: str) -> Mailer:
    """Return the mailer of a URL; an empty one gives a mailer that delays every e-mail.

    ``smtps://`` and ``smtp+starttls://`` (with ``user:password@`` and a port, if needed) encrypt. ``smtp://`` does
    not: a password is accepted only on the loopback interface. ``file:///folder`` writes files. Raises ``ValueError``
    for anything else, without the URL in the message because it may contain a password.
    """
    if not url:
        return UnconfiguredMailer()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(_EXPECTED) from None
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return FolderMailer(Path(unquote(parts.path)))
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or port == 0 or parts.path.strip("/") or parts.query:
        raise ValueError(_EXPECTED)
    if bool(parts.username) != bool(parts.password):
        raise ValueError("must have both a user and a password, or neither")
    if parts.scheme == "smtp" and parts.password and parts.hostname not in _LOOPBACK:
        raise ValueError("must begin with smtps:// or smtp+starttls://: smtp:// would send the password in clear")
    return SmtpMailer(parts)


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
    """Sends through one SMTP server; unless with ``smtp`` nothing is sent before the connection is encrypted."""

    def __init__(self, parts: SplitResult) -> None:
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or _DEFAULT_PORTS[parts.scheme]
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
            refused = server.send_message(message)
        except smtplib.SMTPNotSupportedError as error:
            raise MailRefused(_describe(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise (MailRefused if _is_final(error) else MailDelayed)(_describe(error)) from error
        else:
            if refused:  # one of several staff: the others have it
                codes = sorted({code for code, _ in refused.values()})
                log.warning("some recipients of an e-mail refused it", extra={"count": len(refused), "codes": codes})
        finally:
            # The server has accepted the e-mail or not: a QUIT that fails must not cause a second sending.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _connect(self) -> smtplib.SMTP:
        server = self._open()
        try:
            if self._scheme == "smtp+starttls":
                server.starttls(context=ssl.create_default_context())
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _open(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)


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
