"""The client's account: their details, and every movement of their credit with what it left."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from kajoom.models.credit import ledgers_of
from kajoom.web.auth import current_client
from kajoom.web.htmx import render
from kajoom.web.words import words

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
def show() -> ResponseReturnValue:
    """The client's name, language and account credit, one ledger for each currency."""
    ledgers = ledgers_of(current_client().id)
    return render("account/show.html", "account/_credit.html", title=words().say("Account"), ledgers=ledgers)
