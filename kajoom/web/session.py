"""The session cookie: its name, what is accepted in it, and which answers have none."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import cast

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from kajoom.web.hosts import cookie_name

SID = "_sid"
"""The name of the value that finds the session of a signed-in client in the database."""

LANGUAGE = "lang"
"""The name of the value that keeps the client's language for the sign-in page, once the session has expired."""

NOTICE = "notice"
"""The name of the code of a sentence that the next page shows."""

FACTOR_USER = "tf_user_id"
"""Flask-Security's name of the ``fs_uniquifier`` of who has given the password, and not yet the second factor."""

FACTOR_SINCE = "tf_since"
"""The name of when they gave it, in seconds since 1970."""

WITHOUT_SESSION = frozenset({"static", "health.alive", "health.ready"})
"""The endpoints whose answer is the same for everyone."""

_NUMBER, _TEXT = (int | float, 0), (str, "")
_SESSION_TYPES = {
    "_user_id": _TEXT,
    SID: _TEXT,
    LANGUAGE: _TEXT,
    "csrf_token": _TEXT,
    NOTICE: _TEXT,
    FACTOR_USER: _TEXT,
    FACTOR_SINCE: _NUMBER,
    "fs_paa": _NUMBER,
    "fs_gexp": _NUMBER,
    "_remember_seconds": _NUMBER,
}
"""The type and a default of the values that the code reads from a session."""


class SessionInterface(SecureCookieSessionInterface):
    """The session cookie; over HTTPS it is ``Secure`` and bound to this host by its name."""

    _serializer: URLSafeTimedSerializer | None = None
    _signer: TimestampSigner

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of the cookie; a new one for a cookie that is signed but holds something else.

        The secret of the demonstration is public, so that anyone can sign anything there.
        """
        cookie = request.cookies.get(self.get_cookie_name(app))
        serializer = self.get_signing_serializer(app)
        if not cookie or serializer is None:
            return self.session_class()
        try:
            values, signed_at = _verified(serializer, cookie)
        except (BadSignature, TypeError, ValueError):
            return self.session_class()
        age = self._signer.get_timestamp() - signed_at
        is_recent = 0 <= age <= app.permanent_session_lifetime.total_seconds()
        return self.session_class(values if is_recent else None)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The serializer of the application's secrets, made once as its signer is."""
        serializer = self._serializer
        if serializer is None and (serializer := super().get_signing_serializer(app)) is not None:
            self._signer = cast(TimestampSigner, serializer.make_signer())
            self._serializer = serializer
        return serializer

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set or delete the cookie of a session that has changed; ``Vary`` names the cookie on every page.

        Store nothing with a static file or a health check: Flask-Login has looked, but no session was used.
        """
        if session.modified and has_session(response):
            super().save_session(app, session, response)

    def get_cookie_name(self, app: Flask) -> str:
        """The name, with the prefix that binds it to this host over HTTPS."""
        return cookie_name("session")

    def get_cookie_path(self, app: Flask) -> str:
        """The path of the site."""
        return request.root_path or "/"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the cookie is sent over HTTPS only."""
        return request.is_secure


def has_session(response: Response) -> bool:
    """Whether an answer may depend on who asks for it."""
    return request.endpoint not in WITHOUT_SESSION or response.status_code >= HTTPStatus.BAD_REQUEST


@lru_cache(maxsize=1024)
def _verified(serializer: URLSafeTimedSerializer, cookie: str) -> tuple[SecureCookieSession, float]:
    """What a signed cookie holds, and when it was signed, in seconds since 1970.

    A browser sends the same cookie with each request: its signature is verified once. ``BadSignature`` for one that is
    not ours; ``TypeError`` or ``ValueError`` for one that holds something else than a session.
    """
    values, signed_at = serializer.loads(cookie, return_timestamp=True)
    opened = SecureCookieSession(values)
    if not _is_readable(opened):
        raise ValueError("the session holds values of other types")
    return opened, signed_at.timestamp()


def _is_readable(session: SessionMixin) -> bool:
    values = ((session.get(name, default), kind) for name, (kind, default) in _SESSION_TYPES.items())
    texts = (str(session.get(name, "")) for name in ("_user_id", SID, FACTOR_USER))
    return all(isinstance(value, kind) for value, kind in values) and all(text.isprintable() for text in texts)
