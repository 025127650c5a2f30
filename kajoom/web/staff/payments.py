"""The payments to confirm: unpaid invoices, and the money that staff have received for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.catalog import Catalog
from kajoom.domain.money import Money
from kajoom.domain.payment_method import PaymentMethod, PaymentMethodKind
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import plain_amount, search_words
from kajoom.i18n.formats import current_formats, gettext
from kajoom.i18n.translations import N_
from kajoom.models.catalog import catalog
from kajoom.models.invoice import Invoice
from kajoom.models.open_invoice import invoices_matching, invoices_to_receive
from kajoom.operations.payments.receipts import OfflinePayment, Receipt, record_offline_payment
from kajoom.web.forms import ANY_LENGTH, SingleField
from kajoom.web.htmx import redirect_to, render
from kajoom.web.next_notice import show_next
from kajoom.web.paging import requested_page
from kajoom.web.staff.access import bp, current_actor, is_manager
from kajoom.web.staff.search import SearchForm

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UNUSED_METHOD = "demonstration"
"""The provider of the demonstration takes no money."""


class ReceivedForm(SearchForm):
    """Money received, as staff typed it; ``q`` is the search from which the form was sent."""

    amount = SingleField(max_length=ANY_LENGTH)
    on = SingleField(convert=str.strip, max_length=ANY_LENGTH)
    method = SingleField(max_length=ANY_LENGTH)
    reference = SingleField(max_length=ANY_LENGTH)


class _Refused(NamedTuple):
    """Why a field is refused: its name, an untranslated sentence and the HTTP status."""

    field: str
    text: str
    status: int = 422


_REFUSALS: Mapping[StrEnum, _Refused] = {
    StaffRefusal.NOT_AN_AMOUNT: _Refused("amount", N_("Enter the amount received, above zero, such as 41.72.")),
    StaffRefusal.NOT_YET: _Refused("on", N_("This day is in the future. Enter the day the money was received.")),
    StaffRefusal.NO_METHOD: _Refused("method", N_("Choose how the money was received.")),
    StaffRefusal.NO_REFERENCE: _Refused("reference", N_("Enter the bank’s reference, in at most 100 characters.")),
    StaffRefusal.REFERENCE_USED: _Refused(
        "reference",
        N_(
            "%(reference)s is already recorded: %(amount)s for invoice %(number)s. If this is another payment, add"
            " something that tells it apart, such as the sender’s name."
        ),
        409,
    ),
}
_NO_DAY = _Refused("on", N_("Enter the day the money was received, such as 2026-11-20."))


@bp.get("/payments")
def payments() -> ResponseReturnValue:
    """List the unpaid invoices that are paid offline, or those that are searched for, with a form each."""
    text = SearchForm.parse(request.args).q.data or ""
    return _render(text, requested_page(), catalog())


@bp.post("/payments/<number>")
def receive_payment(number: str) -> ResponseReturnValue:
    """Record money received for an invoice, then go back to the list; a refusal shows the form again."""
    form = ReceivedForm.parse(request.form)
    day = _read_day(form.on.data or "")
    if day is None:
        return _render_refused(number, form, _NO_DAY, {})
    # Noon, so that the day stays the same in any time zone nearby.
    received_at = clock.at_local_time(day, 12)
    amount = plain_amount(form.amount.data or "")
    payment = OfflinePayment(amount, day, received_at, form.reference.data or "", form.method.data or "")
    try:
        receipt = record_offline_payment(number, payment, clock.today(), current_actor(), clock.now())
    except BusinessError as error:
        if error.code is StaffRefusal.NO_INVOICE:
            abort(404)
        return _render_refused(number, form, _REFUSALS[error.code], error.details)
    _show_receipt(number, receipt)
    return redirect_to(url_for("staff.payments", q=form.q.data))


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _show_receipt(number: str, receipt: Receipt) -> None:
    """Have the next page say what became of the money."""
    money = current_formats().money_with_currency
    values = {
        "amount": money(receipt.applied + receipt.credited),
        "credited": money(receipt.credited),
        "balance": money(receipt.balance),
    }
    show_next(_result_of(receipt), number, **values)


def _result_of(receipt: Receipt) -> str:
    if not receipt.is_new:
        return "received_again"
    if receipt.balance:
        return "received_part"
    if receipt.credited:
        return "received_more" if receipt.applied else "received_credit"
    return "received_all"


def _render_refused(
    number: str, form: ReceivedForm, refused: _Refused, details: Mapping[str, Any]
) -> ResponseReturnValue:
    """The list of this invoice alone, with what was typed and the sentence at its field."""
    money = current_formats().money_with_currency
    values = {name: money(each) if isinstance(each, Money) else each for name, each in details.items()}
    error = (refused.field, gettext(refused.text, **values))
    return _render(number, 1, catalog(), status=refused.status, typed=form, error=error)


def _render(text: str, page: int, current: Catalog, status: int = 200, **context: Any) -> ResponseReturnValue:
    words = search_words(text)
    offline = [method.code for method in current.offline]
    found = invoices_matching(text, words, page) if words else invoices_to_receive(offline, page)
    return render(
        "staff/payments.html",
        "staff/_payments.html",
        title=gettext("Payments to confirm"),
        status=status,
        text=text,
        invoices=found,
        methods=_methods(current),
        usual_method=lambda invoice: _usual_method(invoice, offline),
        today=clock.today(),
        is_manager=is_manager(),
        **context,
    )


def _methods(current: Catalog) -> list[PaymentMethod]:
    """The methods by which money may have come, those of the host's catalogue first."""
    others = [
        method
        for code, method in current.payment_methods.items()
        if method not in current.offline and method.kind is not PaymentMethodKind.ACCOUNT_CREDIT
    ]
    return [*current.offline, *(method for method in others if method.code != _UNUSED_METHOD)]


def _usual_method(invoice: Invoice, offline: list[str]) -> str:
    """The offline method chosen for a change, or that of the service; the only one of the host; or else empty."""
    chosen = (invoice.order.payment_method if invoice.order else "") or invoice.service.payment_method
    if chosen in offline:
        return chosen
    return offline[0] if len(offline) == 1 else ""
