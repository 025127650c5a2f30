"""The client's account: their details, what they have saved to pay with, and every movement of their credit."""

from __future__ import annotations

from flask import Blueprint, abort, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from kajoom import clock
from kajoom.models.credit import ledgers_of
from kajoom.models.saved_method import saved_methods_of
from kajoom.operations.payments.saved_methods import remove
from kajoom.web.auth import current_client
from kajoom.web.htmx import redirect_to, render

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
def show() -> ResponseReturnValue:
    """The client's name, language, saved accounts, and credit, one ledger for each currency."""
    client_id = current_client().id
    return render(
        "account/show.html",
        "account/_credit.html",
        title=gettext("Account"),
        ledgers=ledgers_of(client_id),
        saved=saved_methods_of(client_id),
    )


@bp.post("/saved/<int:method_id>/remove")
def forget(method_id: int) -> ResponseReturnValue:
    """Remove a saved account; a second press finds it gone."""
    try:
        remove(current_client().id, method_id, clock.now())
    except LookupError:
        abort(404)
    return redirect_to(url_for("account.show"))
