"""The client's password and e-mail address: changed after a recent sign-in, the address by a link sent to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import hash_password

from kajoom import clock
from kajoom.domain.throttle import ThrottleKind
from kajoom.i18n.formats import gettext
from kajoom.models.address_change import AddressChange, address_change_by_id, open_address_change_of
from kajoom.models.client import client_by_id
from kajoom.operations.accounts.address import confirm_address, request_address_change
from kajoom.operations.accounts.links import VALID_FOR, InvalidLink, Link, LinkKind, read_token, signing_keys
from kajoom.operations.accounts.passwords import change_password
from kajoom.operations.email_address import parse_email
from kajoom.web.auth import begin_session_again, current_client, signed_in_recently, verify_url
from kajoom.web.forms import AddressForm
from kajoom.web.htmx import render
from kajoom.web.new_password import read_new_password
from kajoom.web.next_notice import show_next
from kajoom.web.parsing import SAFE_METHODS
from kajoom.web.recovery import render_invalid_link
from kajoom.web.throttling import count_own_act

bp = Blueprint("account_access", __name__, url_prefix="/account")


def _recent_sign_in_required(view: Callable[[], ResponseReturnValue]) -> Callable[[], ResponseReturnValue]:
    """Ask for the password first, unless it was entered in the last half hour; then the form is shown."""

    @wraps(view)
    def guarded() -> ResponseReturnValue:
        if not signed_in_recently():
            return redirect(verify_url(url_for(f"{bp.name}.{view.__name__}")), 303)
        return view()

    return guarded


@bp.route("/password", methods=["GET", "POST"])
@_recent_sign_in_required
def password() -> ResponseReturnValue:
    """Show the form of a new password, or store it: every other session ends, and this one gets another name."""
    client = current_client()
    is_sent = request.method not in SAFE_METHODS
    new_password, errors = read_new_password(client.email, client.name) if is_sent else ("", [])
    if not new_password:
        title, status = gettext("Change my password"), 422 if errors else 200
        return render("account/password.html", None, title=title, status=status, email=client.email, errors=errors)
    count_own_act(ThrottleKind.EMAIL)
    change_password(client.id, hash_password(new_password), clock.now())
    begin_session_again(client.id)
    show_next("password")
    return redirect(url_for("account.show"), 303)


@bp.route("/email", methods=["GET", "POST"])
@_recent_sign_in_required
def email() -> ResponseReturnValue:
    """Show the form of a new address, or send a link to it, which confirms it."""
    client = current_client()
    if request.method in SAFE_METHODS:
        return _render_email("")
    typed = AddressForm.parse(request.form).email.data or ""
    try:
        address = parse_email(typed)
    except ValueError:
        return _render_email(typed, gettext("Enter a complete e-mail address, such as name@example.com."))
    if address == client.email:
        return _render_email(typed, gettext("This is already the address of your account."))
    count_own_act(ThrottleKind.EMAIL)
    request_address_change(client.id, address, clock.now())
    return redirect(url_for("account_access.email"), 303)


@bp.route("/email/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Show the new address to the client who requested it, and change it by the button."""
    client = current_client()
    try:
        link, change = _usable_link(token)
        if request.method in SAFE_METHODS:
            title = gettext("Confirm your new address")
            return render("account/confirm_email.html", None, title=title, change=change)
        confirm_address(link, client.id, client.session_id, clock.now())
    except InvalidLink:
        return render_invalid_link(is_address=True)
    show_next("address")
    return redirect(url_for("account.show"), 303)


def _usable_link(token: str) -> tuple[Link, AddressChange]:
    link = read_token(signing_keys(current_app.config), LinkKind.ADDRESS, token, clock.now())
    client, change = client_by_id(current_client().id), address_change_by_id(link.about)
    if client is None or change is None or link.client_id != client.id or not link.fits(client):
        raise InvalidLink
    return link, change


def _render_email(typed: str, error: str = "") -> ResponseReturnValue:
    """The form; above it, the address whose confirmation is awaited."""
    since = clock.now() - VALID_FOR[LinkKind.ADDRESS]
    waiting = open_address_change_of(current_client().id, since)
    title, status = gettext("Change my e-mail address"), 422 if error else 200
    return render("account/email.html", None, title=title, status=status, typed=typed, error=error, waiting=waiting)
