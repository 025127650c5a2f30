"""Sign-in: every view is private unless listed here, and signing in leads back to the requested page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

from flask import (
    Flask,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseValue
from flask_login import current_user
from flask_security import (
    LoginForm,
    MailUtil,
    PasswordUtil,
    RoleMixin,
    Security,
    SQLAlchemyUserDatastore,
    VerifyForm,
)
from flask_security.mail_util import EmailValidateException
from flask_security.utils import check_and_update_authn_fresh, login_user
from passlib.hash import argon2
from werkzeug.wrappers import Response as Redirect
from wtforms import Field
from wtforms.validators import ValidationError

from kajoom.domain.password import MAX_BYTES
from kajoom.models.client import Client, ClientFacts, client_by_email, client_by_id, password_before_change
from kajoom.models.db import db
from kajoom.operations.accounts.passwords import replace_password_hash
from kajoom.operations.email_address import parse_email
from kajoom.web.client_session import init_client_sessions
from kajoom.web.hashing import ARGON2, SCHEMES, LimitedContext, TypedPasswordUtil
from kajoom.web.htmx import wants_fragment
from kajoom.web.session import SessionInterface
from kajoom.web.sign_in_reason import reason_of_refusal, sign_in_reason
from kajoom.web.urls import current_url, safe_local_path

PUBLIC = frozenset(
    {
        "static", "security.login", "security.logout", "recovery.request_link", "recovery.reset", "recovery.accept",
        "factor_sign_in.app", "factor_sign_in.recovery",
        "health.alive", "health.ready", "webhook.panel", "webhook.paypal",
    }
)  # fmt: skip
"""The endpoints that need no session. The link of an e-mail has a signature instead, and so has a webhook."""

_SIGN_IN = frozenset({"security.login", "factor_sign_in.app", "factor_sign_in.recovery"})
"""The endpoints that lead on whoever is signed in."""

_RECENT = timedelta(minutes=30)

_SETTINGS: dict[str, Any] = {
    "SECURITY_PASSWORD_HASH": "argon2",
    "SECURITY_PASSWORD_SCHEMES": list(SCHEMES),
    "SECURITY_PASSWORD_SINGLE_HASH": True,  # each of them salts by itself: no second secret to keep
    "SECURITY_PASSWORD_LENGTH_MIN": 12,
    "SECURITY_LOGIN_USER_TEMPLATE": "auth/sign_in.html",
    "SECURITY_RETURN_GENERIC_RESPONSES": True,
    "SECURITY_FLASH_MESSAGES": False,
    "SECURITY_STATIC_FOLDER": None,
    "SECURITY_ANONYMOUS_USER_DISABLED": True,
    "SECURITY_POST_LOGIN_VIEW": "service.index",
    "SECURITY_POST_VERIFY_VIEW": "service.index",
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


class _BoundedPassword:
    """A form whose ``password`` has a length, measured in what would be hashed: normalised and in UTF-8."""

    def validate_password(self, field: Field) -> None:
        """Refuse a password that is too long as if it were wrong: it is not hashed, and no client is looked up."""
        normalised = PasswordUtil(current_app).normalize(field.data or "")
        if len(normalised.encode()) > MAX_BYTES:
            raise ValidationError("too long")


class SignInForm(_BoundedPassword, LoginForm):
    """E-mail address and password, without "remember me": the session ends with the browser."""

    remember = None


class VerifyPasswordForm(_BoundedPassword, VerifyForm):
    """The password of the signed-in client, asked again."""

    def __init__(self, *args: Any, user: ClientFacts, **kwargs: Any) -> None:
        super().__init__(*args, user=cast(Client, client_by_email(user.email)), **kwargs)


class _ClientDatastore(SQLAlchemyUserDatastore):
    """Clients for Flask-Security, whose changes are stored by our operations."""

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Any:
        """The client with one value of a column: an address in lower case, as it is stored, so by its index."""
        lowered = {name: str(value).lower() if case_insensitive else value for name, value in kwargs.items()}
        return super().find_user(case_insensitive=False, **lowered)

    def put(self, model: Any) -> Any:
        """Store a hash made with other parameters at sign-in in a transaction of its own.

        That of the request is read-only: on SQLite it could not write once another process has written.
        """
        old = password_before_change(model) if isinstance(model, Client) else None
        if old is None:
            return super().put(model)  # type: ignore[no-untyped-call]
        replace_password_hash(model.id, old, model.password)
        return model


def init_auth(app: Flask) -> None:
    """Set up Flask-Security's views (/login, /logout, /verify) and require sign-in for every other page."""
    app.config.update(_SETTINGS, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True)
    app.config["SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS"] = {**ARGON2, **app.config["PASSWORD_HASH_OPTIONS"]}
    app.session_interface = SessionInterface()
    datastore = _ClientDatastore(db, Client, RoleMixin)  # a role is a column here: there is no other model
    forms: dict[str, Any] = {"login_form": SignInForm, "verify_form": VerifyPasswordForm}
    # Flask-Security returns what render_template gives as the view's response, so it may carry a status too.
    security = Security(
        app,
        datastore,
        mail_util_cls=_MailUtil,
        password_util_cls=TypedPasswordUtil,
        render_template=_render_auth_page,  # type: ignore[arg-type]
        **forms,
    )
    security.pwd_context = LimitedContext(**security.pwd_context.to_dict())
    security.login_manager.request_loader(None)  # no sign-in by an authentication token
    security.want_json(lambda _request: False)  # nor a JSON API: pages only
    # No view uses Flask-Principal's permissions, so its identity is not loaded at each request.
    security.principal.identity_loaders.clear()
    # passlib loads the backend at the first hash, and not thread-safely: two first sign-ins at once would fail.
    argon2.set_backend()
    init_client_sessions(app, security.login_manager)
    app.before_request(_require_sign_in)
    app.jinja_env.globals.update(signed_in_client=signed_in_client, sign_in_reason=sign_in_reason)


def signed_in_client() -> ClientFacts | None:
    """The signed-in client, loaded once a request; ``None`` when nobody is signed in."""
    client: ClientFacts | None = g.get("client")
    if client is None and "client" not in g:
        g.client = client = current_user._get_current_object() or None
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


def sign_in_by_link(client_id: int) -> ResponseValue:
    """Sign in the client who has chosen a password by a link, after the second factor if they have one."""
    client = client_by_id(client_id)
    factors = current_app.extensions["security"].two_factor_plugins
    response: ResponseValue | None = factors.tf_enter(client, False, "reset", None)
    if response is not None:
        return response
    login_user(cast(Client, client), remember=False, authn_via=["reset"])
    return redirect(url_for("service.index"), 303)


def begin_session_again(client_id: int) -> None:
    """Begin another session of a signed-in client, whose sessions have all ended by a new password."""
    login_user(cast(Client, client_by_id(client_id)), remember=False, authn_via=["session"])


def verify_url(next_url: str) -> str:
    """The page that asks for the password again, then redirects to ``next_url``, a local address."""
    return f"{url_for('security.verify')}?{urlencode({'next': next_url})}"


def sign_in_url(next_url: str, reason: str = "") -> str:
    """The sign-in page, which then redirects to ``next_url``, a local address; to the first page for one too long.

    ``reason`` is a code of ``web.sign_in_reason``.
    """
    fields = {"next": safe_local_path(next_url) or "/", **({"reason": reason} if reason else {})}
    return f"{url_for('security.login')}?{urlencode(fields)}"


def render_sign_in_again(status: int, wait: str = "") -> Response:
    """The sign-in page in answer to a form of it that was not looked at, with everything but the password.

    Its CSRF token is no longer valid, or ``wait`` says when to try again.
    """
    form = SignInForm(formdata=None)
    form.email.data = request.form.get("email", "")
    form.next.data = _next_of_request()
    body = render_template(_SETTINGS["SECURITY_LOGIN_USER_TEMPLATE"], login_user_form=form, expired=not wait, wait=wait)
    return make_response(body, status)


def _next_of_request() -> str:
    return request.form.get("next") or request.args.get("next") or ""


def _require_sign_in() -> Response | Redirect | None:
    endpoint = request.endpoint
    if request.method == "OPTIONS" and endpoint is not None:
        # Which methods an address has is no secret. Answered here, so that no later check of a page redirects.
        return current_app.make_default_options_response()
    if endpoint in _SIGN_IN and signed_in_client():
        # Another tab has signed in meanwhile: the token of this form was valid before.
        return redirect(_next_of_request() or url_for("service.index"), 303)
    if endpoint == "security.logout" and not signed_in_client():
        return redirect(url_for("security.login"), 303)
    if endpoint is None or endpoint in PUBLIC or signed_in_client():
        return None
    sign_in = sign_in_url(current_url(), reason_of_refusal())
    if wants_fragment():
        # The browser would follow a redirect, and htmx would load the sign-in page into the panel.
        return make_response("", 401, {"HX-Redirect": sign_in})
    return redirect(sign_in, 303)


def _render_auth_page(template: str, **context: Any) -> Response:
    return make_response(render_template(template, **context), 422 if request.method == "POST" else 200)
