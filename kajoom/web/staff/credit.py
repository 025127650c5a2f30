"""Account credit and refunds, for managers: whose credit it is, giving it, taking it back, sending money back."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.domain.refund import RefundStatus
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.staff_input import parse_positive_amount, plain_amount
from kajoom.i18n.formats import current_formats, gettext
from kajoom.i18n.translations import N_
from kajoom.models.catalog import catalog
from kajoom.models.client_credit import MOST, client_credit_of
from kajoom.models.credit_list import clients_with_credit, latest_refunds, total_credit
from kajoom.models.invoice import invoice_by_number
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.payments.refunds import RefundResult, refund_invoice
from kajoom.web.forms import ANY_LENGTH, REQUIRED, SingleField, StrictForm, whole_number
from kajoom.web.htmx import redirect_to, render
from kajoom.web.next_notice import show_next
from kajoom.web.paging import requested_page
from kajoom.web.payment_options import limited_providers, payment_method_label, payment_providers
from kajoom.web.refusals import status_of
from kajoom.web.staff.access import bp, current_actor, require_manager
from kajoom.web.staff_view import log_read


class CreditAct(StrEnum):
    """What is done to the credit of a client."""

    ADD = "add"
    TAKE = "take"


class RefundForm(StrictForm):
    """The newest movement of credit that the page showed, so that two people do not both act on the same figures."""

    seen = SingleField(REQUIRED, convert=whole_number)


class CreditForm(RefundForm):
    """Credit to give or to take back, as staff typed it; the operation checks it, so that a field has its sentence."""

    act = SingleField(convert=CreditAct)
    amount = SingleField(max_length=ANY_LENGTH)
    currency = SingleField()
    reason = SingleField(max_length=ANY_LENGTH)


class _Refused(NamedTuple):
    """Why nothing was done: the code and the details of the refusal, and the form that was sent, if it has fields."""

    error: BusinessError
    form: CreditForm | None = None

    @property
    def field(self) -> str:
        """The name of the field that is wrong, empty when none is."""
        return _FIELDS.get(self.error.code, "") if self.form is not None else ""

    @property
    def sentence(self) -> str:
        """Why, in the language of the page."""
        money = current_formats().money_with_currency
        details = {key: money(each) if isinstance(each, Money) else each for key, each in self.error.details.items()}
        if "provider" in details:
            details["provider"] = payment_method_label(str(details["provider"]))
        return str(gettext(_SENTENCES[self.error.code], **details))


_FIELDS: Mapping[StrEnum, str] = {
    StaffRefusal.NOT_AN_AMOUNT: "amount",
    StaffRefusal.BALANCE_TOO_LOW: "amount",
    StaffRefusal.NO_REASON: "reason",
}
_SENTENCES: Mapping[StrEnum, str] = {
    StaffRefusal.NOT_AN_AMOUNT: N_("Enter an amount above zero, such as 20.00."),
    StaffRefusal.BALANCE_TOO_LOW: N_("The client has only %(balance)s of account credit. Enter that amount or less."),
    StaffRefusal.NO_REASON: N_("Write the reason, in 500 characters at most."),
    StaffRefusal.NO_CLIENT: N_("This client was erased: nobody can be given credit any more."),
    StaffRefusal.CHANGED_SINCE: N_(
        "This client’s account credit has changed since you saw it, perhaps by a colleague. Nothing more was done: look"
        " at it again."
    ),
    StaffRefusal.REFUND_UNDER_WAY: N_(
        "A refund of invoice %(number)s is already being processed. Nothing more was sent."
    ),
    StaffRefusal.NOTHING_TO_REFUND: N_(
        "Nothing is left to refund for invoice %(number)s: its credit has been spent or refunded. Nothing was sent."
    ),
    StaffRefusal.PAID_OFFLINE: N_(
        "Invoice %(number)s was paid by this method: %(provider)s. Send the money back yourself, then take the credit"
        " back on this page."
    ),
    StaffRefusal.PROVIDER_CLOSED: N_(
        "Invoice %(number)s was paid with %(provider)s, which is not set up here any more: nothing can be sent back"
        " through it."
    ),
}
_NOTICES: Mapping[RefundStatus, str] = {
    RefundStatus.DONE: "refund_done",
    RefundStatus.PENDING: "refund_pending",
    RefundStatus.UNKNOWN: "refund_unknown",
    RefundStatus.REFUSED: "refund_refused",
}
"""The notice about refunds by the status of one of them, the best first."""


@bp.get("/credit")
def credit() -> ResponseReturnValue:
    """List the clients who have account credit, and the latest refunds."""
    require_manager()
    return render(
        "staff/credit.html",
        None,
        title=gettext("Credit and refunds"),
        clients=clients_with_credit(requested_page()),
        totals=total_credit(),
        refunds=latest_refunds(),
        catalog=catalog(),
        money=Money,
    )


@bp.get("/clients/<int:client_id>/credit")
def client_credit(client_id: int) -> ResponseReturnValue:
    """Show a client's account credit with its movements, and what may be refunded, with the forms for both."""
    require_manager()
    return _render(client_id)


@bp.post("/clients/<int:client_id>/credit")
def change_credit(client_id: int) -> ResponseReturnValue:
    """Give a client account credit, or take some back, with the reason, which the client is sent."""
    require_manager()
    form = CreditForm.parse(request.form)
    view = client_credit_of(client_id, ()) or abort(404)
    currency = form.currency.data or view.currencies[0]
    if currency not in view.currencies:
        raise BusinessError(Refusal.UNREADABLE)
    takes = form.act.data is CreditAct.TAKE
    try:
        amount = parse_positive_amount(plain_amount(form.amount.data or ""), currency)
        signed = str(-amount if takes else amount)
        reason, actor, seen = form.reason.data or "", current_actor(), form.seen.data
        balance = grant_credit(view.client.email, signed, reason, clock.now(), currency, actor, seen)
    except BusinessError as error:
        return _render(client_id, _Refused(error, form))
    money = current_formats().money_with_currency
    name = view.client.name or view.client.email
    show_next("credit_taken" if takes else "credit_added", name, amount=money(amount), balance=money(balance))
    return redirect_to(url_for("staff.client_credit", client_id=client_id))


@bp.post("/invoices/<number>/refund")
def refund(number: str) -> ResponseReturnValue:
    """Send back, through its provider, what an invoice's payments left as account credit."""
    require_manager()
    form = RefundForm.parse(request.form)
    invoice = invoice_by_number(number) or abort(404)
    client_id = invoice.client_id
    try:
        results = refund_invoice(number, limited_providers(), current_actor(), clock.now(), form.seen.data)
    except BusinessError as error:
        return _render(client_id, _Refused(error))
    _show_results(number, results)
    return redirect_to(url_for("staff.client_credit", client_id=client_id, _anchor="refunds"))


def _show_results(number: str, results: list[RefundResult]) -> None:
    """Have the next page say what became of the refunds; of several outcomes, the one that needs most attention."""
    order = list(_NOTICES)
    status = max((each.status for each in results), key=order.index)
    alike = [each for each in results if each.status is status]
    amount = sum((each.amount for each in alike), start=alike[0].amount.zero())
    text = current_formats().money_with_currency(amount)
    show_next(_NOTICES[status], number, amount=text, provider=payment_method_label(alike[0].provider))


def _render(client_id: int, refused: _Refused | None = None) -> ResponseReturnValue:
    view = client_credit_of(client_id, payment_providers().keys()) or abort(404)
    log_read(client_id)
    return render(
        "staff/client_credit.html",
        "staff/_client_credit.html",
        title=gettext("Credit and refunds of %(name)s", name=view.client.name or view.client.email),
        status=status_of(refused.error.code) if refused else 200,
        view=view,
        catalog=view.catalog,
        most=MOST,
        refused=refused,
        typed=refused.form if refused else None,
    )
