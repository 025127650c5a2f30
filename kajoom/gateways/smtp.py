"""Send e-mails through an SMTP server, over one connection as long as there are more to send."""

from __future__ import annotations

import logging
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from threading import Lock
from urllib.parse import SplitResult, unquote

from kajoom.gateways.ports import MailDelayed, MailRefused

log = logging.getLogger(__name__)

DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_TIMEOUT_SECONDS = 20
_OK = 250
_MOST_A_CONNECTION = 100
"""So many e-mails go over one connection: many servers accept no more."""


class SmtpMailer:
    """Sends through one SMTP server; unless with ``smtp`` nothing is sent before the connection is encrypted.

    The connection stays open between two e-mails, until ``close``.
    """

    def __init__(self, parts: SplitResult) -> None:
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or DEFAULT_PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._lock = Lock()
        self._server: smtplib.SMTP | None = None
        self._sent = 0

    def send(self, message: EmailMessage) -> None:
        """Send the e-mail.

        Raises ``MailRefused`` when the server rejects this e-mail permanently (5xx) and ``MailDelayed`` for any other
        failure: a wrong password or a missing STARTTLS is for the host to fix, and the e-mail is sent later.
        """
        with self._lock:
            try:
                refused = self._send(message)
            except smtplib.SMTPNotSupportedError as error:
                # From STARTTLS or the login it is the server's setting, else it is this e-mail's address.
                raise (MailDelayed if self._server is None else MailRefused)(_describe(error)) from error
            except (smtplib.SMTPException, OSError) as error:
                is_refused = self._server is not None and _is_final(error)
                if not _codes(error):  # no answer: what the connection is good for is not known
                    self._drop()
                raise (MailRefused if is_refused else MailDelayed)(_describe(error)) from error
        if refused:  # one of several staff: the others have it
            codes = sorted({code for code, _ in refused.values()})
            log.warning("some recipients of an e-mail refused it", extra={"count": len(refused), "codes": codes})

    def close(self) -> None:
        """End the connection, if there is one."""
        with self._lock:
            self._end()

    def _send(self, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
        """Send over the open connection, or a new one; the recipients that the server has refused."""
        if self._is_usable():
            self._sent += 1
            with suppress(smtplib.SMTPSenderRefused):  # it takes no more e-mails on this connection: nothing was sent
                return self._open_server().send_message(message)
        self._end()
        self._sent = 1
        return self._open_server().send_message(message)

    def _is_usable(self) -> bool:
        """Whether the server still answers on an open connection; nothing of the next e-mail has been sent then."""
        if self._server is None:
            return False
        try:
            answers = self._server.noop()[0] == _OK
        except (smtplib.SMTPException, OSError):
            answers = False
        if not answers:
            self._drop()
        return answers and self._sent < _MOST_A_CONNECTION

    def _open_server(self) -> smtplib.SMTP:
        if self._server is None:
            self._server = self._connect()
        return self._server

    def _end(self) -> None:
        """Say QUIT and close the connection."""
        if self._server is not None:
            # The server has accepted its e-mails or not: a QUIT that fails must not cause a second sending.
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()
        self._drop()

    def _drop(self) -> None:
        """Close the connection without waiting for an answer."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

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
