"""The end of a service, whoever ends it: its client, the calendar, the host's file or staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kajoom.domain.audit import Act
from kajoom.domain.cancellation import CancellationStatus
from kajoom.domain.order import OrderEvent, OrderStatus
from kajoom.domain.service import ServiceStatus
from kajoom.domain.staff_input import check_reason
from kajoom.models.audit import record_act
from kajoom.models.cancellation import Cancellation, open_cancellation_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import open_order_of
from kajoom.models.service import Service
from kajoom.operations import outbox, tasks
from kajoom.operations.billing import invoices, renewals
from kajoom.operations.billing.named_service import lock_service_named
from kajoom.operations.billing.next_terms import drop_next_terms
from kajoom.operations.billing.suspension import end_request
from kajoom.operations.orders import provisioning
from kajoom.operations.orders.history import record_step
from kajoom.operations.orders.removal import ask_to_remove
from kajoom.operations.transaction import transactional

_NOTE = "service_ended"
"""Why an order was closed, as its history records it."""


@dataclass(frozen=True, slots=True)
class End:
    """How a service ends: with which ``status``, on which day (the first without it), and by whom.

    ``reason`` is what staff write to the client, in the client's language. ``cancellation`` is the client's request
    that is carried out.
    """

    status: ServiceStatus
    on: date
    actor: str
    reason: str = ""
    cancellation: Cancellation | None = None


def end_service(service: Service, end: End, today: date, at: datetime) -> None:
    """End a service within the current transaction; the caller has locked the client. Once ended, nothing happens.

    Its open change is closed, what is invoiced for later periods is void or credited, an open request of the client is
    done, the account is removed by the panel or by a person, and the client gets an e-mail that says so.
    """
    if service.has_ended:
        return
    drop_next_terms(service)
    service.status, service.ended_on, service.end_reason = end.status, end.on, end.reason
    end_request(service, at)
    request = end.cancellation or open_cancellation_of(service.id)
    if request is not None:
        request.status, request.closed_at = CancellationStatus.DONE, at
    db.session.flush()
    order_id, closed = _close_order(service, end.actor, today, at)
    closed += renewals.end_renewals(service, end.on, today, at)
    _notify(service, end, request, order_id, closed, at)


def _notify(
    service: Service,
    end: End,
    request: Cancellation | None,
    order_id: int | None,
    closed: list[Invoice],
    at: datetime,
) -> None:
    """Have the account removed, and queue the client's e-mail, which names what was closed."""
    request_id = request.id if request is not None else None
    tasks.close_service_tasks(service.id, end.actor, at, _NOTE)  # a suspension is not to be lifted any more
    ask_to_remove(service, end.actor, at, request_id)
    ids = {"service": service.id, "order": order_id, "request": request_id}
    known = {name: row_id for name, row_id in ids.items() if row_id is not None}
    invoice_ids = [invoice.id for invoice in closed]
    outbox.enqueue("email", f"service_ended-{service.id}", at, email="service_ended", invoices=invoice_ids, **known)


@transactional
def end_service_as_staff(name: str, reason: str, actor: str, today: date, at: datetime) -> Service:
    """End the service with this id of the host's billing, or this domain, as terminated.

    Raises ``BusinessError`` as ``lock_service_named``, and with ``NO_REASON``.
    """
    service = lock_service_named(name)
    record_act(Act.SERVICE_ENDED, actor, at, client_id=service.client_id, subject=service)
    end_service(service, End(ServiceStatus.TERMINATED, today, actor, check_reason(reason)), today, at)
    return service


def _close_order(service: Service, actor: str, today: date, at: datetime) -> tuple[int | None, list[Invoice]]:
    """Close the open change of a service, which cannot be carried out any more: its id, and its invoice if any."""
    order = open_order_of(service.id)
    if order is None:
        return None, []
    invoice = invoice_of_order(order.id)
    if order.status is OrderStatus.AWAITING_PROVISIONING:
        provisioning.refuse(order, _NOTE, actor, today, at)
    else:
        record_step(order, OrderEvent.CANCELLED, at, actor, _NOTE)
        if invoice is not None:
            invoices.void(invoice, at)
    tasks.close_order_tasks(order.id, actor, at, _NOTE)
    return order.id, [invoice] if invoice is not None else []
