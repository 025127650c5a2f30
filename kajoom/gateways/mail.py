"""Send e-mails by SMTP, or write them as files in a folder."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import unquote, urlsplit

from kajoom.gateways.ports import MailDelayed, Mailer
from kajoom.gateways.smtp import DEFAULT_PORTS, SmtpMailer

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
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0 or parts.path.strip("/") or parts.query:
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
