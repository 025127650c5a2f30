"""The ways in for a client without a password to sign in with: a reset by e-mail, and the first password.

A link of an e-mail opens a page whose button does what the link is for: opening it changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import hash_password

from kajoom import clock
from kajoom.i18n.formats import gettext
from kajoom.models.client import Client, client_by_id
from kajoom.operations.accounts.links import InvalidLink, Link, LinkKind, read_token, signing_keys
from kajoom.operations.accounts.passwords import request_reset, set_password
from kajoom.operations.email_address import parse_email
from kajoom.web.auth import sign_in_by_link, signed_in_client
from kajoom.web.forms import AddressForm
from kajoom.web.htmx import render
from kajoom.web.new_password import FieldError, read_new_password
from kajoom.web.next_notice import show_next
from kajoom.web.parsing import SAFE_METHODS
from kajoom.web.throttling import forget_failures, may_send_reset

bp = Blueprint("recovery", __name__)

_GONE = 410


@bp.route("/reset", methods=["GET", "POST"])
def request_link() -> ResponseReturnValue:
    """Ask for the address of an account, and send a link to it: the answer is the same whether there is one or not."""
    if request.method in SAFE_METHODS:
        client = signed_in_client()
        return _render_request(client.email if client else "", is_sent="sent" in request.args)
    typed = AddressForm.parse(request.form).email.data or ""
    try:
        email = parse_email(typed)
    except ValueError:
        return _render_request(typed, is_wrong=True)
    if may_send_reset(email):
        request_reset(email, clock.now())
    return redirect(url_for("recovery.request_link", sent="yes"), 303)


@bp.route("/reset/<token>", methods=["GET", "POST"], defaults={"kind": LinkKind.RESET}, endpoint="reset")
@bp.route("/invite/<token>", methods=["GET", "POST"], defaults={"kind": LinkKind.INVITATION}, endpoint="accept")
def choose_password(kind: LinkKind, token: str) -> ResponseReturnValue:
    """Show the choice of a password to the holder of a link, store it, and sign the client in."""
    try:
        link, client = _usable_link(kind, token)
        if request.method in SAFE_METHODS:
            return _render_choice(kind, client.email)
        password, errors = read_new_password(client.email, client.name)
        if errors:
            return _render_choice(kind, client.email, errors)
        set_password(link, hash_password(password), clock.now())
    except InvalidLink:
        return render_invalid_link()
    forget_failures(client.email)
    response = sign_in_by_link(link.client_id)
    show_next("activated" if kind is LinkKind.INVITATION else "password")
    return response


def render_invalid_link(*, is_address: bool = False) -> ResponseReturnValue:
    """Say that a link was used, has expired or was not made here, and what to do; ``is_address`` for a new address."""
    title = gettext("This link can no longer be used")
    return render("auth/invalid_link.html", None, title=title, status=_GONE, is_address=is_address)


def _usable_link(kind: LinkKind, token: str) -> tuple[Link, Client]:
    link = read_token(signing_keys(current_app.config), kind, token, clock.now())
    client = client_by_id(link.client_id)
    if client is None or not link.fits(client):
        raise InvalidLink
    return link, client


def _render_request(email: str, *, is_sent: bool = False, is_wrong: bool = False) -> ResponseReturnValue:
    title = gettext("Check your e-mails") if is_sent else gettext("New password")
    status = 422 if is_wrong else 200
    return render("auth/reset.html", None, title=title, status=status, email=email, is_sent=is_sent, is_wrong=is_wrong)


def _render_choice(kind: LinkKind, email: str, errors: Sequence[FieldError] = ()) -> ResponseReturnValue:
    is_first = kind is LinkKind.INVITATION
    title = gettext("Activate your access") if is_first else gettext("Choose a new password")
    status = 422 if errors else 200
    return render(
        "auth/new_password.html", None, title=title, status=status, is_first=is_first, email=email, errors=errors
    )
