"""Why a visitor is asked to sign in: the reason is in the address of the sign-in page, and its text on the page."""

from __future__ import annotations

from flask import request, session, url_for

from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.web.htmx import wants_fragment
from kajoom.web.parsing import SAFE_METHODS
from kajoom.web.session import SID

_TEXTS = {
    "expired": N_("Your session has expired."),
    "too_late": N_("Too much time has passed since you entered your password. Sign in again."),
    "not_charged": N_("Your session has expired. Nothing was charged."),
    "not_paid": N_("Your session has expired. No payment was made."),
    "not_changed": N_("Your session has expired. Nothing was changed."),
}
_PAYING = frozenset({"order.pay", "invoice.settle"})


def reason_of_refusal() -> str:
    """Why the request of a visitor who is not signed in is refused; empty for one who may never have signed in.

    A form, a fragment or the cookie of a session that has ended comes from someone who was signed in.
    """
    only_reads = request.method in SAFE_METHODS
    if only_reads and not wants_fragment() and SID not in session:
        return ""
    if request.blueprint == "plan":
        return "not_charged"
    if request.endpoint in _PAYING:
        return "not_paid"
    return "expired" if only_reads else "not_changed"


def sign_in_reason(next_url: str | None) -> str:
    """The sentence of the sign-in page that says why it is shown; ``next_url`` is where it leads."""
    reason = _TEXTS.get(request.args.get("reason", ""))
    if reason is not None:
        return str(gettext(reason))
    is_start = not next_url or next_url in {url_for("service.home"), url_for("service.index")}
    return "" if is_start else str(gettext("Sign in to open the page that you asked for."))
