"""The search of staff: one box for clients, domains, references and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.models.catalog import catalog
from kajoom.models.staff_search import MOST, FoundReference, search_all
from kajoom.web.forms import SingleField, StrictForm
from kajoom.web.htmx import render
from kajoom.web.staff.access import bp

_KINDS: Mapping[str, str] = {
    "order": N_("Change of plan"),
    "invoice": N_("Invoice"),
    "credit_note": N_("Credit note"),
    "payment": N_("Payment"),
    "cancellation": N_("Cancellation request"),
    "service": N_("Service"),
    "client": N_("Client"),
}
"""What bears a reference."""

_PAGES: Mapping[str, tuple[str, str]] = {
    "order": ("order.show", "reference"),
    "cancellation": ("service.show", "service_id"),
    "service": ("service.show", "service_id"),
    "client": ("staff.client", "client_id"),
}
"""The page of what bears a reference, and the argument of its address; that of an invoice for any other."""


class SearchForm(StrictForm):
    """The box of a page: ``q`` is what staff search for."""

    q = SingleField(convert=str.strip)


@bp.get("/search")
def search() -> ResponseReturnValue:
    """Find what the text ``q`` names or begins; only the box without one."""
    text = SearchForm.parse(request.args).q.data or ""
    current = catalog()
    return render(
        "staff/search.html",
        None,
        title=gettext("Find a client or a reference"),
        text=text,
        found=search_all(text, tuple(current.payment_methods)),
        most=MOST,
        kinds=_KINDS,
        page_of=_page_of,
        catalog=current,
    )


def _page_of(found: FoundReference) -> str:
    endpoint, argument = _PAGES.get(found.kind, ("invoice.show", "number"))
    values: dict[str, Any] = {argument: found.page}
    return url_for(endpoint, **values)
