"""Sign-in and sessions: every view is private unless listed here, and signing in leads back to the requested page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask, Response, g, make_response, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_login import current_user
from flask_security import (
    LoginForm,
    MailUtil,
    Security,
    SQLAlchemyUserDatastore,
    UserMixin,
    VerifyForm,
    user_authenticated,
)
from flask_security.mail_util import EmailValidateException
from flask_security.utils import check_and_update_authn_fresh
from passlib.hash import argon2
from werkzeug.wrappers import Response as Redirect

from kajoom.models.client import Client, ClientFacts, Role, client_by_email, client_of_session
from kajoom.models.db import db
from kajoom.operations.email_address import parse_email
from kajoom.web.csrf import rotate_csrf_token
from kajoom.web.hosts import cookie_name
from kajoom.web.htmx import wants_fragment
from kajoom.web.urls import current_url, safe_local_path

PUBLIC = frozenset({"static", "security.login", "security.logout", "health.alive", "health.ready", "webhook.paypal"})
"""The endpoints that need no session; the webhook verifies the signature of each request instead."""

_RECENT = timedelta(minutes=30)

_SETTINGS: dict[str, Any] = {
    "SECURITY_PASSWORD_HASH": "argon2",
    "SECURITY_PASSWORD_SCHEMES": ["argon2"],
    "SECURITY_PASSWORD_SINGLE_HASH": ["argon2"],  # argon2 salts by itself: no second secret to keep
    "SECURITY_PASSWORD_LENGTH_MIN": 12,
    "SECURITY_LOGIN_USER_TEMPLATE": "auth/sign_in.html",
    "SECURITY_RETURN_GENERIC_RESPONSES": True,
    "SECURITY_FLASH_MESSAGES": False,
    "SECURITY_STATIC_FOLDER": None,
    "SECURITY_ANONYMOUS_USER_DISABLED": True,
    "SECURITY_POST_LOGOUT_VIEW": "security.login",
    "SECURITY_LOGOUT_CSRF": True,
    "SECURITY_VERIFY_TEMPLATE": "auth/verify.html",
    "SECURITY_FRESHNESS": _RECENT,
    "SECURITY_API_ENABLED_METHODS": ["session"],
    "WTF_CSRF_TIME_LIMIT": None,  # a token lives as long as its session: a page left open all day still works
}


class _MailUtil(MailUtil):
    """Reads the addresses of forms as imports do, so that they are found as they are stored."""

    def normalize(self, email: str) -> str:
        try:
            return parse_email(email)
        except ValueError as error:
            raise EmailValidateException(str(error)) from None

    validate = normalize


class SignInForm(LoginForm):
    """E-mail address and password, without "remember me": the session ends with the browser."""

    remember = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Flask-Security would report another site's address as a failed sign-in.
        self.next.data = safe_local_path(self.next.data) or ""


class VerifyPasswordForm(VerifyForm):
    """The password of the signed-in client, asked again."""

    def __init__(self, *args: Any, user: ClientFacts, **kwargs: Any) -> None:
        super().__init__(*args, user=cast(Client, client_by_email(user.email)), **kwargs)
        self.next.data = safe_local_path(self.next.data) or ""


class _ClientDatastore(SQLAlchemyUserDatastore):
    """Clients for Flask-Security; every request finds the one of its session by a single cached statement."""

    def find_user(self, case_insensitive: bool = False, **named: Any) -> UserMixin | None:
        if "fs_uniquifier" in named:
            return client_of_session(named["fs_uniquifier"])
        return super().find_user(case_insensitive, **named)


class _SessionInterface(SecureCookieSessionInterface):
    """The session cookie; over HTTPS it is ``Secure`` and bound to this host by its name."""

    def get_cookie_name(self, app: Flask) -> str:
        return cookie_name("session")

    def get_cookie_path(self, app: Flask) -> str:
        return request.root_path or "/"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_auth(app: Flask) -> None:
    """Set up Flask-Security's views (/login, /logout, /verify) and require sign-in for every other page."""
    app.config.update(_SETTINGS, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True)
    app.session_interface = _SessionInterface()
    datastore = _ClientDatastore(db, Client, Role)
    forms: dict[str, Any] = {"login_form": SignInForm, "verify_form": VerifyPasswordForm}
    # Flask-Security returns what render_template gives as the view's response, so it may carry a status too.
    security = Security(
        app,
        datastore,
        mail_util_cls=_MailUtil,
        render_template=_render_auth_page,  # type: ignore[arg-type]
        **forms,
    )
    security.login_manager.request_loader(None)  # no sign-in by an authentication token
    # No view uses Flask-Principal's permissions, so its identity is not loaded at each request.
    security.principal.identity_loaders.clear()
    # passlib loads the backend at the first hash, and not thread-safely: two first sign-ins at once would fail.
    argon2.set_backend()
    user_authenticated.connect(_renew_session, app)
    app.before_request(_require_sign_in)
    app.jinja_env.globals["signed_in_client"] = signed_in_client


def signed_in_client() -> ClientFacts | None:
    """The signed-in client, loaded once a request; ``None`` when nobody is signed in."""
    if "client" not in g:
        g.client = current_user._get_current_object() if current_user else None
    client: ClientFacts | None = g.client
    return client


def current_client() -> ClientFacts:
    """The signed-in client of a private view; ``LookupError`` in a public one."""
    client = signed_in_client()
    if client is None:
        raise LookupError("no client is signed in")
    return client


def signed_in_recently() -> bool:
    """Whether the client entered their password in the last 30 minutes, which charging a saved account requires."""
    return check_and_update_authn_fresh(_RECENT, timedelta(0), "session")


def verify_url(next_url: str) -> str:
    """The page that asks for the password again, then redirects to ``next_url``, a local address."""
    return f"{url_for('security.verify')}?{urlencode({'next': next_url})}"


def sign_in_url(next_url: str) -> str:
    """The sign-in page, which then redirects to ``next_url``, a local address."""
    return f"{url_for('security.login')}?{urlencode({'next': next_url})}"


def _require_sign_in() -> Response | Redirect | None:
    if request.endpoint is None or request.endpoint in PUBLIC or signed_in_client():
        return None
    if wants_fragment():
        # The browser would follow a redirect, and htmx would load the sign-in page into the panel.
        return make_response("", 401, {"HX-Redirect": sign_in_url(current_url())})
    return redirect(sign_in_url(current_url()), 303)


def _renew_session(_app: Flask, **_signal: Any) -> None:
    """Keep nothing of the session from before the sign-in, the CSRF token above all (session fixation)."""
    kept = {name: value for name, value in session.items() if name.startswith(("_user_id", "_fresh", "_id", "fs_"))}
    session.clear()
    session.update(kept)
    rotate_csrf_token()
    g.pop("client", None)


def _render_auth_page(template: str, **context: Any) -> Response:
    return make_response(render_template(template, **context), 422 if request.method == "POST" else 200)
