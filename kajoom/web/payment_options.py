"""How an invoice can be paid: by a provider, from account credit, or offline by instructions of the host's."""

from __future__ import annotations

from typing import Any

from kajoom.domain.catalog import Catalog
from kajoom.domain.payment_method import BUILT_IN
from kajoom.i18n.formats import current_formats
from kajoom.models.catalog import catalog
from kajoom.models.credit import balance_of
from kajoom.models.invoice import Invoice
from kajoom.models.saved_method import SavedMethod, saved_methods_of
from kajoom.web.payment import method_for, methods, saving


def payment_options(invoice: Invoice | None) -> dict[str, Any]:
    """What the page of an invoice offers, or of an order that waits for it: the providers by their codes, the client's
    usual one first, the account credit that may be put to it, the accounts ``saved`` by their method and the methods
    ``saving`` them, and the offline methods, of which those in ``told_first`` come first and open."""
    if invoice is None or not invoice.balance:
        return {"methods": [], "credit": None, "saved": {}, "saving": (), "offline": [], "told_first": ()}
    load, usual = catalog(), method_for(invoice.service.payment_method)
    offered = sorted(methods(), key=lambda method: method != usual)
    first = load.offline_for(invoice.service.payment_method, offered)
    return {
        "methods": offered,
        "credit": min(balance_of(invoice.client_id, invoice.currency), invoice.balance),
        "saved": saved_accounts_of(invoice.client_id),
        "saving": saving(),
        "offline": sorted(load.offline, key=lambda method: method not in first),
        "told_first": first,
    }


def saved_accounts_of(client_id: int) -> dict[str, SavedMethod]:
    """The accounts a client has saved and may pay with now, by their method."""
    offered = saving()
    return {each.provider: each for each in saved_methods_of(client_id) if each.provider in offered} if offered else {}


def payment_method_label(code: str, load: Catalog | None = None) -> str:
    """The name of a method in the language of the page, or the code of one that the catalogue no longer has.

    The catalogue, which only offline methods need, is read from the database unless it is given as ``load``.
    """
    method = BUILT_IN.get(code)
    if method is None or method.is_offline:
        method = (load or catalog()).payment_methods.get(code)
    return current_formats().localized(method.label) if method is not None else code
