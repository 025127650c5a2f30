"""The second step of a sign-in: a code of the authenticator app, or a recovery code, after the right password."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Flask, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue, ResponseValue
from flask_security import verify_password
from flask_security.tf_plugin import TfPluginBase
from flask_security.utils import login_user

from kajoom import clock
from kajoom.i18n.formats import gettext
from kajoom.models.client import Client
from kajoom.models.factor import count_recovery_codes, factor_of, recovery_codes_of
from kajoom.operations.accounts.factor_keys import FactorKeys
from kajoom.operations.accounts.factors import use_code, use_recovery_code
from kajoom.operations.accounts.links import signing_keys
from kajoom.web.auth import sign_in_url
from kajoom.web.factor_forms import CodeForm
from kajoom.web.htmx import render
from kajoom.web.next_notice import show_next
from kajoom.web.parsing import SAFE_METHODS
from kajoom.web.session import FACTOR_SINCE, FACTOR_USER
from kajoom.web.urls import safe_local_path

bp = Blueprint("factor_sign_in", __name__, url_prefix="/login")

_SECONDS = 10 * 60
"""How long after the password the code may be entered."""


class AppPlugin(TfPluginBase):
    """Tells Flask-Security who has a second factor, and where it is asked for."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)

    def get_setup_methods(self, user: Any) -> list[tuple[str, str]]:
        """The methods that an account has set up: the app, or none."""
        return [("authenticator", "authenticator")] if factor_of(user.id) is not None else []

    def tf_login(self, user: Any, json_payload: dict[str, Any], next_loc: str | None) -> ResponseValue:
        """Lead from the right password to the code; Flask-Security has stored whose it is."""
        session[FACTOR_SINCE] = int(clock.now().timestamp())
        return redirect(url_for("factor_sign_in.app", next=safe_local_path(next_loc)), 303)


def init_factor_sign_in(app: Flask) -> None:
    """Have Flask-Security ask for the second factor of the accounts that have one, whichever way they sign in."""
    security = app.extensions["security"]
    security.two_factor_plugins.register_tf_impl(app, "code", AppPlugin)  # in the place of its own, which has columns
    security.support_mfa = True


def factor_keys() -> FactorKeys:
    """What encrypts the keys of apps, from the application's secrets."""
    return FactorKeys(signing_keys(current_app.config))


@bp.route("/code", methods=["GET", "POST"])
def app() -> ResponseReturnValue:
    """Ask for the code of the app, and sign in whoever has entered the right one."""
    form, client = _form(), _client_of_password()
    if client is None:
        return _start_again(form)
    if request.method in SAFE_METHODS:
        return _render("app", form)
    if not use_code(client.id, form.code.data or "", factor_keys(), clock.now()):
        return _render("app", form, is_wrong=True)
    return _sign_in(client, form)


@bp.route("/recovery", methods=["GET", "POST"])
def recovery() -> ResponseReturnValue:
    """Ask for a recovery code, which is of no use after it has signed in."""
    form, client = _form(), _client_of_password()
    if client is None:
        return _start_again(form)
    if request.method in SAFE_METHODS:
        return _render("recovery", form)
    code_id = _matching_code(client.id, form.code.data or "")
    if code_id is None or not use_recovery_code(client.id, code_id, clock.now()):
        return _render("recovery", form, is_wrong=True)
    response = _sign_in(client, form)
    show_next("recovery_code" if count_recovery_codes(client.id) else "last_recovery_code")
    return response


def _form() -> CodeForm:
    return CodeForm.parse(request.args if request.method in SAFE_METHODS else request.form)


def _client_of_password() -> Client | None:
    """Who has given the right password in this browser a moment ago, unless their sessions were ended since."""
    if not 0 <= clock.now().timestamp() - session.get(FACTOR_SINCE, 0) <= _SECONDS:
        return None
    uniquifier = session.get(FACTOR_USER)
    find_user = current_app.extensions["security"].datastore.find_user
    client = find_user(fs_uniquifier=uniquifier) if uniquifier else None
    return cast(Client, client) if client is not None and client.active else None


def _matching_code(client_id: int, code: str) -> int | None:
    """The id of the recovery code that was typed; each hash has a salt of its own, so they are tried in turn."""
    codes = recovery_codes_of(client_id) if code else {}
    return next((code_id for code_id, code_hash in codes.items() if verify_password(code, code_hash)), None)


def _sign_in(client: Client, form: CodeForm) -> ResponseReturnValue:
    login_user(client, remember=False, authn_via=["password", "authenticator"])
    return redirect(form.next.data or url_for("service.index"), 303)


def _start_again(form: CodeForm) -> ResponseReturnValue:
    return redirect(sign_in_url(form.next.data or "/", "too_late"), 303)


def _render(method: str, form: CodeForm, *, is_wrong: bool = False) -> ResponseReturnValue:
    status, title = 422 if is_wrong else 200, gettext("Two-step verification")
    return render(
        "auth/code.html", None, title=title, status=status, method=method, next=form.next.data, is_wrong=is_wrong
    )
