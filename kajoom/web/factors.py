"""Two-step verification of an account: setting up an authenticator app, its recovery codes, and removing it.

Staff need it outside the demonstration: without it, every page leads to setting it up.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flask import Blueprint, Flask, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import hash_password
from qrcode.main import QRCode

from kajoom import clock
from kajoom.domain.throttle import ThrottleKind
from kajoom.i18n.formats import gettext
from kajoom.models.catalog import catalog
from kajoom.models.client import ClientFacts
from kajoom.models.factor import count_recovery_codes, factor_of
from kajoom.operations.accounts.factor_keys import SETUP_TIME, counter_of_code, key_address, key_in_groups, new_key
from kajoom.operations.accounts.factors import (
    NewFactor,
    add_factor,
    new_recovery_codes,
    normalized_code,
    remove_factor,
    replace_codes,
)
from kajoom.web.auth import PUBLIC, current_client, signed_in_client, signed_in_recently, verify_url
from kajoom.web.factor_forms import FactorSetupForm
from kajoom.web.factor_sign_in import factor_keys
from kajoom.web.htmx import redirect_to, render
from kajoom.web.next_notice import show_next
from kajoom.web.parsing import SAFE_METHODS
from kajoom.web.throttling import count_own_act

bp = Blueprint("factors", __name__, url_prefix="/account/factors")

_QUIET_ZONE = 4
"""The white modules around a QR code that readers need (ISO/IEC 18004)."""

_ALWAYS_OPEN = PUBLIC | {"security.verify"}


class QrCode(NamedTuple):
    """A QR code as the path of an SVG, and the length of its side, in modules."""

    path: str
    side: int


def init_factors(app: Flask) -> None:
    """Lead staff who need a second factor and have none to setting it up; comes after the check of the session."""
    app.before_request(_lead_to_setup)


def _lead_to_setup() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint is None or endpoint in _ALWAYS_OPEN:
        return None
    client = signed_in_client()
    is_missing = client is not None and _is_required(client) and not client.has_factor
    return redirect_to(url_for("factors.setup")) if is_missing and request.blueprint != bp.name else None


def _is_required(client: ClientFacts) -> bool:
    return client.is_staff and not current_app.config["DEMONSTRATION"]


@bp.before_request
def _ask_password() -> ResponseReturnValue | None:
    """Ask for the password first, unless it was entered in the last half hour; the first page shows nothing secret."""
    if request.endpoint == "factors.index" or signed_in_recently():
        return None
    is_setup = request.endpoint == "factors.setup"
    return redirect_to(verify_url(url_for("factors.setup" if is_setup else "factors.index")))


@bp.get("")
def index() -> ResponseReturnValue:
    """Show whether the account has a second factor, and what can be done about it."""
    client = current_client()
    return render(
        "account/factors.html",
        None,
        title=gettext("Two-step verification"),
        factor=factor_of(client.id),
        codes_left=count_recovery_codes(client.id),
        is_required=_is_required(client),
    )


@bp.route("/setup", methods=["GET", "POST"])
def setup() -> ResponseReturnValue:
    """Show a new key, and store it once the app has shown a right code; then show the recovery codes."""
    client, at = current_client(), clock.now()
    if request.method in SAFE_METHODS:
        return _render_setup(client, new_key())
    form = FactorSetupForm.parse(request.form)
    key = _key_of(client, form.setup.data or "", at)
    if key is None:
        return _render_setup(client, new_key(), gettext("This key has expired. Scan the new one, then enter its code."))
    code = form.code.data or ""
    if counter_of_code(key, code, None, at) is None:
        return _render_setup(client, key, gettext("The code is incorrect. Enter the one that the app shows now."))
    count_own_act(ThrottleKind.EMAIL)
    codes = new_recovery_codes()
    add_factor(client.id, NewFactor(key, code, _hashes(codes)), factor_keys(), client.session_id, at)
    return _render_codes(codes, is_new=True)


@bp.post("/codes")
def codes() -> ResponseReturnValue:
    """Replace the recovery codes, and show the new ones, once."""
    count_own_act(ThrottleKind.EMAIL)  # none is written, but ten hashes are made
    new = new_recovery_codes()
    if not replace_codes(current_client().id, _hashes(new), clock.now()):
        return redirect_to(url_for("factors.index"))
    return _render_codes(new)


@bp.post("/remove")
def remove() -> ResponseReturnValue:
    """Remove the app and its codes; 403 for an account that needs them."""
    client = current_client()
    if _is_required(client):
        abort(403)
    count_own_act(ThrottleKind.EMAIL)
    remove_factor(client.id, client.session_id, clock.now())
    show_next("factor_removed")
    return redirect_to(url_for("factors.index"))


def qr_code(text: str) -> QrCode:
    """The QR code of a text, to be drawn inline: the content security policy allows no ``data:`` image."""
    code = QRCode(border=_QUIET_ZONE)
    code.add_data(text)
    modules = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(modules) for x, is_dark in enumerate(row) if is_dark)
    return QrCode(path, len(modules))


def _key_of(client: ClientFacts, text: str, at: datetime) -> str | None:
    """The key that the form was shown with; ``None`` when that was too long ago, or for another account."""
    try:
        return factor_keys().decrypt(client.id, text, newer_than=at - SETUP_TIME)
    except ValueError:
        return None


def _hashes(codes: list[str]) -> list[str]:
    return [hash_password(normalized_code(code)) for code in codes]


def _render_setup(client: ClientFacts, key: str, error: str = "") -> ResponseReturnValue:
    issuer = catalog().seller.get("name") or request.host
    return render(
        "account/factor_setup.html",
        None,
        title=gettext("Set up two-step verification"),
        status=422 if error else 200,
        error=error,
        key=key_in_groups(key),
        qr=qr_code(key_address(key, client.email, issuer)),
        setup=factor_keys().encrypt(client.id, key, clock.now()),
        is_required=_is_required(client) and not client.has_factor,
    )


def _render_codes(codes: list[str], *, is_new: bool = False) -> ResponseReturnValue:
    return render("account/recovery_codes.html", None, title=gettext("Recovery codes"), codes=codes, is_new=is_new)
