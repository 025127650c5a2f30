"""Who is there: every view is private unless it is listed here, and a session that ended leads back where it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask, Response, g, make_response, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_login import current_user
from flask_security import LoginForm, Security, SQLAlchemyUserDatastore, UserMixin, VerifyForm, user_authenticated
from flask_security.utils import check_and_update_authn_fresh
from passlib.hash import argon2
from werkzeug.wrappers import Response as Redirect

from kajoom.models.client import Client, ClientFacts, Role, client_by_email, client_of_session
from kajoom.models.db import db
from kajoom.web.csrf import rotate_csrf_token
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
    "SECURITY_POST_LOGOUT_VIEW": "/login",
    "SECURITY_LOGOUT_CSRF": True,
    "SECURITY_VERIFY_TEMPLATE": "auth/verify.html",
    "SECURITY_FRESHNESS": _RECENT,
    "SECURITY_API_ENABLED_METHODS": ["session"],
    "WTF_CSRF_TIME_LIMIT": None,  # a token lives as long as its session: a page left open all day still works
}


class SignInForm(LoginForm):
    """An address and a password; the session ends with the browser, so there is nothing to be remembered."""

    remember = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Any other way back would be refused together with the password, as if that had been wrong.
        self.next.data = safe_local_path(self.next.data) or ""


class VerifyPasswordForm(VerifyForm):
    """The password of who is signed in, asked for again."""

    def __init__(self, *args: Any, user: ClientFacts, **kwargs: Any) -> None:
        super().__init__(*args, user=cast(Client, client_by_email(user.email)), **kwargs)
        self.next.data = safe_local_path(self.next.data) or ""


class _Clients(SQLAlchemyUserDatastore):
    """Clients as Flask-Security asks for them; the one of a session is asked for by every page."""

    def find_user(self, case_insensitive: bool = False, **named: Any) -> UserMixin | None:
        if "fs_uniquifier" in named:
            return client_of_session(named["fs_uniquifier"])
        return super().find_user(case_insensitive, **named)


class _Session(SecureCookieSessionInterface):
    """The session's cookie is bound to this very host wherever the connection is private."""

    def get_cookie_name(self, app: Flask) -> str:
        return "__Host-session" if request.is_secure else "session"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_auth(app: Flask) -> None:
    """Sign-in and sign-out at /login and /logout, and the guard before every other page."""
    app.config.update(_SETTINGS, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True)
    app.session_interface = _Session()
    datastore = _Clients(db, Client, Role)
    # What it renders is the view's answer, so it may say its status too.
    forms: dict[str, Any] = {"login_form": SignInForm, "verify_form": VerifyPasswordForm}
    security = Security(app, datastore, render_template=_sign_in_page, **forms)  # type: ignore[arg-type]
    security.login_manager.request_loader(None)  # no page is opened by a token
    # No view asks Flask-Principal for a permission: who is there need not be told to it before each request.
    security.principal.identity_loaders.clear()
    # Loaded at the first sign-in of a process, the hash would fail another that comes at the same moment.
    argon2.set_backend()
    user_authenticated.connect(_begin_session, app)
    app.before_request(_require_sign_in)
    app.jinja_env.globals["signed_in_client"] = signed_in_client


def signed_in_client() -> ClientFacts | None:
    """What pages need to know of whoever is there, asked of the database once a request; ``None`` for a stranger."""
    if "client" not in g:
        g.client = current_user._get_current_object() if current_user else None
    client: ClientFacts | None = g.client
    return client


def current_client() -> ClientFacts:
    """The client of a private page; the guard has seen to it that there is one."""
    client = signed_in_client()
    if client is None:
        raise LookupError("a public page has no client")
    return client


def signed_in_recently() -> bool:
    """Whether the client gave their password within half an hour: what was saved is not spent on an older word."""
    return check_and_update_authn_fresh(_RECENT, timedelta(0), "session")


def verify_url(back_to: str) -> str:
    """The page that asks for the password again, and leads ``back_to`` a local address."""
    return f"{url_for('security.verify')}?{urlencode({'next': back_to})}"


def sign_in_url(back_to: str) -> str:
    """The sign-in page, which leads ``back_to`` a local address."""
    return f"{url_for('security.login')}?{urlencode({'next': back_to})}"


def _require_sign_in() -> Response | Redirect | None:
    if request.endpoint is None or request.endpoint in PUBLIC or signed_in_client():
        return None
    if wants_fragment():
        # A redirect would be followed by the browser and nest the sign-in page in the panel.
        return make_response("", 401, {"HX-Redirect": sign_in_url(current_url())})
    return redirect(sign_in_url(current_url()), 303)


def _begin_session(_app: Flask, **_who: Any) -> None:
    """Nothing of the session before signing in is worth anything after it, its token least of all."""
    kept = {name: value for name, value in session.items() if name.startswith(("_user_id", "_fresh", "_id", "fs_"))}
    session.clear()
    session.update(kept)
    rotate_csrf_token()
    g.pop("client", None)


def _sign_in_page(template: str, **context: Any) -> Response:
    return make_response(render_template(template, **context), 422 if request.method == "POST" else 200)
