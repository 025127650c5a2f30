"""Money that no provider carried is received when staff say so: it pays its invoice, and the rest becomes credit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kajoom.domain.money import Money
from kajoom.domain.objection import Objected, Objection
from kajoom.domain.payment import OFFLINE
from kajoom.models.catalog import catalog
from kajoom.models.client import lock_client
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.payment import payment_by_reference
from kajoom.operations.deed import deed
from kajoom.operations.payment import receive

_LONGEST_REFERENCE = 100


@dataclass(frozen=True, slots=True)
class Slip:
    """What staff read on the bank's slip: an amount with a point, the day and an instant of it, and the sender's
    reference. Without a ``method`` it is the service's own, or the only one the host offers."""

    amount: str
    on: date
    received_at: datetime
    reference: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the money: what was ``applied`` to the invoice, ``credited`` to the account, and the ``balance``
    still to be paid. ``is_new`` is false when the same slip had been recorded already."""

    applied: Money
    credited: Money
    balance: Money
    is_new: bool


@deed
def record_receipt(number: str, slip: Slip, today: date, actor: str, at: datetime) -> Receipt:
    """Record a slip for the invoice ``number``, once for each reference.

    ``Objected`` with ``NO_INVOICE``, ``NOT_AN_AMOUNT``, ``NOT_YET``, ``NO_REFERENCE``, ``NO_METHOD``, or
    ``REFERENCE_USED`` when another receipt bears the same reference; nothing is written then.
    """
    invoice = invoice_by_number(number)
    if invoice is None:
        raise Objected(Objection.NO_INVOICE, number=number)
    lock_client(invoice.client_id)
    if slip.on > today:
        raise Objected(Objection.NOT_YET, on=slip.on)
    amount, method, reference = _amount(slip.amount, invoice.currency), _method(invoice, slip.method), _clean(slip)

    known = payment_by_reference(f"{method}:{reference}")
    before = invoice.balance
    if known is not None:
        if (known.invoice_id, known.amount) != (invoice.id, amount):
            details = {"reference": reference, "number": known.invoice.number, "amount": known.amount}
            raise Objected(Objection.REFERENCE_USED, **details)
        return Receipt(amount.zero(), amount.zero(), before, is_new=False)

    receive(invoice, amount, method, reference, actor, at, slip.received_at)
    applied = min(amount, before)
    return Receipt(applied, amount - applied, before - applied, is_new=True)


def _amount(text: str, currency: str) -> Money:
    try:
        amount = Money.parse(text, currency)
    except ValueError as fault:
        raise Objected(Objection.NOT_AN_AMOUNT, amount=text) from fault
    if amount <= amount.zero():
        raise Objected(Objection.NOT_AN_AMOUNT, amount=text)
    return amount


def _method(invoice: Invoice, asked: str) -> str:
    offered = [method.code for method in catalog().offline]
    known = {*OFFLINE, *offered}
    usual = invoice.service.payment_method
    if not asked and usual in known:
        return usual
    if not asked and len(offered) == 1:
        return offered[0]
    if asked not in known:
        raise Objected(Objection.NO_METHOD, method=asked, known=sorted(known))
    return asked


def _clean(slip: Slip) -> str:
    """The reference in one way of writing it, so that the same one typed twice is the same one."""
    reference = " ".join(slip.reference.split()).upper()
    if not reference or len(reference) > _LONGEST_REFERENCE or not reference.isprintable():
        raise Objected(Objection.NO_REFERENCE, reference=slip.reference)
    return reference
