"""What a confirmation sends, and the order that it has placed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kajoom.domain.order import OrderStatus
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.payment import last_attempt_of


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the review form sends: the digest of the quote shown, the form's one-use key, and the ticked box."""

    digest: str
    key: str
    acknowledged: bool = False


class UnknownService(LookupError):
    """There is no such service, or it is another client's."""


class PlacedOrder(NamedTuple):
    """An order with its ``reference``, and the ``method`` chosen to pay it, empty when nothing was due.

    ``to_pay`` is the id of the invoice that no payment was attempted of yet, ``None`` when there is none.
    """

    order: Order
    reference: str
    method: str
    to_pay: int | None

    @classmethod
    def of(cls, order: Order, to_pay: Invoice | None) -> PlacedOrder:
        """An order with the invoice that is to be paid now, if there is one."""
        return cls(order, order.reference, order.payment_method, to_pay.id if to_pay is not None else None)


def placed_before(order: Order) -> PlacedOrder:
    """The order that the same form has placed; its invoice is to be paid now only if no payment was attempted."""
    is_open = order.status is OrderStatus.AWAITING_PAYMENT
    invoice = invoice_of_order(order.id) if is_open else None
    is_untried = invoice is not None and invoice.balance and last_attempt_of(invoice.id) is None
    return PlacedOrder.of(order, invoice if is_untried else None)
