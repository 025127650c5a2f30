"""The rows and amounts an e-mail is about, loaded from the ids in its message."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kajoom import clock
from kajoom.domain.catalog import Catalog
from kajoom.domain.credit import CreditReason
from kajoom.domain.credit_note import CreditNoteReason
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.payment_method import PaymentMethod, arrives_by
from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.domain.task import AlertKind
from kajoom.models.cancellation import Cancellation
from kajoom.models.client import Client
from kajoom.models.credit import movements_of_invoice
from kajoom.models.credit_note import CreditNote, credit_notes_of_invoice
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order, invoice_with_relations
from kajoom.models.order import Order, order_by_id
from kajoom.models.outbox import dead_messages
from kajoom.models.panel_event import PanelEvent, panel_events_since
from kajoom.models.reconciliation import open_differences
from kajoom.models.refund import refund_by_key
from kajoom.models.renewal import number_of_replaced_invoice, unpaid_renewals_of
from kajoom.models.service import Service
from kajoom.models.task import Task, task_by_id
from kajoom.models.terms_change import TermsChange

_ENDING = frozenset({CreditNoteReason.SERVICE_ENDED, CreditNoteReason.CHANGE_REFUSED})
_GIVEN_BACK = frozenset({CreditReason.GIVEN_BACK, CreditReason.CHANGE_REFUSED, CreditReason.CREDIT_NOTE})


SAYING_CREDITED = frozenset({"cancelled", "expired", "payment_late", "refused", "staff_notice"})
"""The kinds of e-mail that may say what became account credit because of an invoice: for others it is not read."""


@dataclass(frozen=True, slots=True)
class ServiceEnd:
    """What the end of a service did: the numbers of the invoices it voided, the credit notes of those that were paid,
    and the invoices that are still owed."""

    closed: tuple[str, ...]
    owed: tuple[Invoice, ...]
    credit_notes: tuple[CreditNote, ...] = ()


@dataclass(frozen=True, slots=True)
class EmailContext:
    """A client, a service, and what an e-mail says about them.

    ``credited`` is the amount that became account credit, ``replaces`` the number of the invoice that a renewal
    replaces, ``refunded`` the amount sent back to its payment method. ``offline`` are the methods whose instructions
    the client needs. ``order`` is set only when the e-mail is about the change itself, not about a renewal. ``task`` is
    what staff must do, ``credit_note`` the correction of the invoice that the e-mail states. ``end`` is what the end of
    the service did, ``terms`` what staff changed of its terms. ``lifts_suspension`` is whether the suspension of the
    service is being lifted.
    """

    client: Client
    service: Service
    order: Order | None = None
    invoice: Invoice | None = None
    cancellation: Cancellation | None = None
    credited: Money | None = None
    replaces: str | None = None
    refunded: Money | None = None
    offline: tuple[PaymentMethod, ...] = ()
    task: Task | None = None
    credit_note: CreditNote | None = None
    end: ServiceEnd | None = None
    lifts_suspension: bool = False
    terms: TermsChange | None = None

    @property
    def locale(self) -> str:
        """The language of the client."""
        return self.client.locale

    @property
    def email(self) -> str:
        """The address of the client."""
        return self.client.email


@dataclass(frozen=True, slots=True)
class StaffAlert:
    """What staff are written to about at most once an hour: see ``AlertKind``.

    ``about`` is the kind of the messages given up, the class of a page's error, or the provider that differs. ``count``
    and ``error`` are those of the messages; ``request_id`` names the request that failed in the logs; ``since`` and
    ``until`` are the instants between which no worker ran. ``events`` are what panels have done.
    """

    kind: AlertKind
    about: str
    count: int = 0
    error: str = ""
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    events: tuple[PanelEvent, ...] = ()
    locale: str = "fr"


def staff_alert_of(ids: Mapping[str, Any]) -> StaffAlert | None:
    """Load what an alert's ``ids`` refer to, as it is now; ``None`` when nothing is left to look at."""
    kind, about = AlertKind(ids["alert"]), ids["about"]
    if kind is AlertKind.PAGE_ERROR:
        return StaffAlert(kind, about, request_id=ids.get("request", ""))
    if kind is AlertKind.SERVICES:
        events = tuple(panel_events_since(datetime.fromisoformat(ids["since"])))
        return StaffAlert(kind, about, len(events), events=events) if events else None
    if kind is AlertKind.WORKER_SILENT:
        since, until = (datetime.fromisoformat(ids[name]) for name in ("since", "until"))
        return StaffAlert(kind, about, since=since, until=until)
    if kind is AlertKind.DIFFERENCE:
        count = sum(difference.provider == about for difference in open_differences())
        return StaffAlert(kind, about, count) if count else None
    dead = dead_messages(about)
    return StaffAlert(kind, about, len(dead), dead[-1].last_error) if dead else None


def email_context_of(ids: Mapping[str, Any], current: Catalog, offered: Collection[str]) -> EmailContext:
    """Load what a message's ``ids`` refer to; ``current`` is the catalogue in force, and ``offered`` are the codes of
    the host's payment providers.

    Raises ``LookupError`` when the row does not exist.
    """
    if "task" in ids:
        return _task_context(ids["task"])
    if "invoices" in ids:
        return _end_context(ids)
    if "terms" in ids:
        change = db.session.get_one(TermsChange, ids["terms"])
        return EmailContext(change.client, change.service, terms=change)
    if "service" in ids:
        return _suspension_context(ids["service"])
    if "cancellation" in ids:
        request = db.session.get_one(Cancellation, ids["cancellation"])
        return EmailContext(request.client, request.service, cancellation=request)
    if "order" in ids:
        order = order_by_id(ids["order"])
        invoice = invoice_of_order(ids["order"])
    else:
        invoice = invoice_with_relations(ids["invoice"])
        order = invoice.order if invoice.kind is InvoiceKind.CHANGE else None
    about = order or invoice
    if about is None:
        raise LookupError(f"no row for an e-mail about {dict(ids)}")
    return EmailContext(
        about.client,
        about.service,
        order,
        invoice,
        credited=_credited(invoice, ids.get("credit")) if ids["email"] in SAYING_CREDITED else None,
        replaces=number_of_replaced_invoice(invoice) if invoice and ids["email"] == "renewal_invoice" else None,
        refunded=_refunded(ids.get("refund")),
        offline=_offline(current, about.service, order, offered) if invoice and invoice.balance else (),
        credit_note=db.session.get_one(CreditNote, ids["credit_note"]) if "credit_note" in ids else None,
        lifts_suspension=order is None and _lifts_suspension(about.service),
    )


def _end_context(ids: Mapping[str, Any]) -> EmailContext:
    service = db.session.get_one(Service, ids["service"])
    closed = [db.session.get_one(Invoice, invoice_id) for invoice_id in ids["invoices"]]
    entries = [entry for invoice in closed for entry in movements_of_invoice(invoice.id)]
    credited = sum(entry.cents for entry in entries if entry.cents > 0 and entry.reason in _GIVEN_BACK)
    voided = tuple(invoice.number for invoice in closed if invoice.status is InvoiceStatus.VOID)
    notes = tuple(note for invoice in closed for note in credit_notes_of_invoice(invoice.id) if note.reason in _ENDING)
    end = ServiceEnd(voided, tuple(unpaid_renewals_of(service.id)), notes)
    return EmailContext(
        service.client,
        service,
        order_by_id(ids["order"]) if "order" in ids else None,
        cancellation=db.session.get_one(Cancellation, ids["request"]) if "request" in ids else None,
        credited=Money(credited, service.currency) if credited else None,
        end=end,
    )


def _suspension_context(service_id: int) -> EmailContext:
    """A service that was suspended or restored, with the renewal that is to be paid, if any."""
    service = db.session.get_one(Service, service_id)
    return EmailContext(service.client, service, invoice=next(iter(unpaid_renewals_of(service_id)), None))


def _task_context(task_id: int) -> EmailContext:
    task = task_by_id(task_id)
    if task is None:
        raise LookupError(f"no task {task_id}")
    invoice = invoice_of_order(task.order_id) if task.order_id else None
    return EmailContext(task.service.client, task.service, task.order, invoice, task.cancellation, task=task)


def _lifts_suspension(service: Service) -> bool:
    return service.status is ServiceStatus.SUSPENDED and service.suspension is SuspensionStep.LIFTING


def _offline(
    current: Catalog, service: Service, order: Order | None, offered: Collection[str]
) -> tuple[PaymentMethod, ...]:
    """The offline methods whose instructions the client needs; for a change, those that were fast enough for it."""
    if order is None:
        return current.offline_for(service.payment_method, offered)
    methods = current.offline_for(order.payment_method or service.payment_method, offered)
    placed_on = clock.local(order.placed_at).date()
    last_day = order.expires_on
    return tuple(each for each in methods if last_day is None or arrives_by(last_day, each.needs, placed_on))


def _refunded(key: str | None) -> Money | None:
    refund = refund_by_key(key) if key else None
    return refund.amount if refund is not None else None


def _credited(invoice: Invoice | None, key: str | None) -> Money | None:
    """The amount that became account credit because of an invoice: the movement with ``key``, else the last one."""
    if invoice is None:
        return None
    granted = (entry for entry in reversed(movements_of_invoice(invoice.id)) if entry.cents > 0)
    return next((entry.amount for entry in granted if key in {None, entry.key}), None)
