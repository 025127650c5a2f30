"""The client's account: their details, their saved payment accounts, and the history of their credit."""

from __future__ import annotations

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.i18n.formats import gettext
from kajoom.models.credit import ledgers_of
from kajoom.models.saved_method import saved_methods_of
from kajoom.operations.payments.saved_methods import remove
from kajoom.web.auth import current_client
from kajoom.web.forms import LanguageForm
from kajoom.web.htmx import redirect_to, render
from kajoom.web.locale import choose_language
from kajoom.web.paging import requested_page

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
def show() -> ResponseReturnValue:
    """Show the client's name, language, saved accounts and credit, one ledger for each currency."""
    client_id = current_client().id
    ledgers, movements = ledgers_of(client_id, requested_page())
    return render(
        "account/show.html",
        "account/_credit.html",
        title=gettext("Account"),
        ledgers=ledgers,
        movements=movements,
        saved=saved_methods_of(client_id),
    )


@bp.post("/language")
def language() -> ResponseReturnValue:
    """Change the language of the client's pages and e-mails."""
    choose_language(LanguageForm.parse(request.form).language.data)
    return redirect_to(url_for("account.show"))


@bp.post("/saved/<int:method_id>/remove")
def forget(method_id: int) -> ResponseReturnValue:
    """Remove a saved account; removing it twice is not an error."""
    try:
        remove(current_client().id, method_id, clock.now())
    except LookupError:
        abort(404)
    return redirect_to(url_for("account.show"))
