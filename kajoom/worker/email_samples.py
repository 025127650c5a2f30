"""Sample data for ``flask mail preview``: a client, a change and a cancellation that are not in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

from flask import current_app

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.domain.payment_method import offline_method
from kajoom.domain.quote import Decision, Direction
from kajoom.domain.service import ServiceStatus
from kajoom.domain.task import AlertKind, TaskKind
from kajoom.models.address_change import AddressChange
from kajoom.models.cancellation import Cancellation
from kajoom.models.catalog import Plan
from kajoom.models.client import Client
from kajoom.models.credit import CreditEntry
from kajoom.models.daily_summary import DailySummary, Differences, Overdue, StuckCounts, TaskAges
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.models.task import Task
from kajoom.worker.account_emails import ACCOUNT_EMAILS, AccountContext
from kajoom.worker.document_samples import (
    CREDIT_NOTES,
    DUE,
    LINES,
    PLAN_A,
    PLAN_B,
    TAXES,
    credit_note_sample,
    invoice_sample,
    renewal_sample,
    terms_sample,
)
from kajoom.worker.email_context import EmailContext, ServiceEnd, StaffAlert
from kajoom.worker.emails import AnyContext
from kajoom.worker.staff_digest import StaffDigest

SELLER = {
    "name": "Kajoom",
    "email": "facturation@example.com",
    "phone": "418 555-0142",
    "address": ["1200, rue de l’Exemple, bureau 300", "Québec (Québec)  G1R 0X0", "Canada"],
    "gst_number": "000000000 RT0001",
    "qst_number": "0000000000 TQ0001",
}
AT = datetime(2022, 10, 17, 18, 30, tzinfo=UTC)

_REASON = {"fr": "Le nouveau serveur n’est pas prêt.", "en": "The new server is not ready."}
_CREDIT_REASON = {"fr": "Panne du 3 octobre", "en": "Outage of October 3"}
_INTERAC = offline_method(
    "interac",
    {},
    {
        "fr": "Envoyez un Virement Interac à paiements@example.com.\nÉcrivez la référence dans le message du virement.",
        "en": "Send an Interac e-Transfer to payments@example.com.\nWrite the reference in the message.",
    },
)
_OFFLINE = frozenset({"change_requested", "payment_partial", "reminder"})
_ABOUT_RENEWALS = frozenset({"renewal_invoice", "overdue", "second_reminder", "suspended"})
_CREDITED = {
    "refused": Money(4172),
    "payment_late": Money(3172),
    "staff_notice": Money(3172),
    "expired": Money(1000),
    "cancelled": Money(1000),
}

_SUMMARY = DailySummary(
    AT.date(),
    TaskAges(late=2, earlier=3, today=1, oldest_on=date(2022, 10, 12)),
    Overdue(4, (Money(68984),), date(2022, 9, 1)),
    StuckCounts(failed=1, retried=2),
    Differences(1, date(2022, 10, 14)),
    "1284-5f0c1d7ab93e4a62d8f3b1c07e95a6444c8d2e1b7fa0936d5e2c8b4f1a7d3e60",
)


def sample(kind: str, lang: str) -> AnyContext:
    """The context of a sample e-mail of ``kind``, in the language ``lang``."""
    if kind == "staff_alert":
        return StaffAlert(AlertKind.DEAD_MESSAGE, "email", 3, "MailRefused: SMTPDataError 550", locale=lang)
    if kind == "staff_digest":
        return StaffDigest(_SUMMARY, lang)
    if kind in ACCOUNT_EMAILS:
        return account_sample(kind, lang)
    return client_sample(kind, lang)


def account_sample(kind: str, lang: str) -> AccountContext:
    """The context of a sample e-mail about the account of a client whose language is ``lang``."""
    client = Client(name="Camille Tremblay", email="camille@example.com", locale=lang)
    base = str(current_app.config["BASE_URL"]).rstrip("/")
    if kind == "credit_granted":
        return _credit_sample(client, f"{base}/account#credit")
    pages = {"password_reset": "reset/", "invitation": "invite/", "address_confirm": "account/email/"}
    other = {"address_changed": "account", "factor_changed": "account/factors"}.get(kind, "reset")
    link = f"{base}/{pages[kind]}a-sample-link" if kind in pages else f"{base}/{other}"
    change = AddressChange(client=client, old_email=client.email, new_email="camille.tremblay@example.com")
    return AccountContext(client, client.email, link, AT, change, "added")


def _credit_sample(client: Client, link: str) -> AccountContext:
    entry = CreditEntry(cents=2000, currency="CAD", note=_CREDIT_REASON[client.locale], at=AT)
    return AccountContext(client, client.email, link, AT, credit=entry, balance=Money(3450))


def client_sample(kind: str, lang: str) -> EmailContext:
    """The context of a sample e-mail about a service, for a client whose language is ``lang``."""
    client = Client(name="Camille Tremblay", email="camille@example.com", province="QC", country="CA", locale=lang)
    service = _service(client, PLAN_B if kind == "operational" else PLAN_A)
    if kind in _OF_SERVICES:
        return _OF_SERVICES[kind](client, service)
    if kind.startswith("cancellation"):
        return EmailContext(client, service, cancellation=_cancellation(client, service))
    if kind == "scheduled":
        return EmailContext(client, service, _order(client, service, scheduled=True))
    if kind in _ABOUT_RENEWALS:
        return _renewal(kind, client, service)
    order = _order(client, service, scheduled=False)
    order.needs_person = kind in {"person_on_it", "needs_review"}
    order.delay = {"fr": "1 jour ouvrable", "en": "1 business day"}
    order.review_reason = ReviewReason.OVER_LIMITS if kind == "needs_review" else None
    order.staff_note = _REASON[lang] if kind == "refused" else ""
    invoice = invoice_sample(client, service, order)
    if kind in _OFFLINE:
        invoice.status, invoice.paid_cents = InvoiceStatus.OPEN, 2000 if kind == "payment_partial" else 0
    note = credit_note_sample(invoice, kind, lang) if kind in CREDIT_NOTES else None
    refunded = Money(3172) if kind == "refunded" else None
    offline = (_INTERAC,) if kind in _OFFLINE else ()
    return EmailContext(
        client, service, order, invoice, credited=_CREDITED.get(kind), refunded=refunded, offline=offline,
        credit_note=note,
    )  # fmt: skip


def _renewal(kind: str, client: Client, service: Service) -> EmailContext:
    """A renewal of which nothing is paid; once overdue, with the day on which its service will be suspended."""
    invoice = renewal_sample(client, service)
    invoice.suspends_on = DUE + timedelta(days=14) if kind in {"overdue", "second_reminder"} else None
    service.status = ServiceStatus.SUSPENDED if kind == "suspended" else ServiceStatus.ACTIVE
    return EmailContext(client, service, invoice=invoice, replaces="2022-0001", offline=(_INTERAC,))


def _service(client: Client, plan: Plan) -> Service:
    return Service(
        id=7,
        client=client,
        plan=plan,
        label="boreal.example.com",
        username="boreal",
        status=ServiceStatus.ACTIVE,
        suspension_reason="",
        lifts_when_paid=True,
        cycle=BillingCycle.MONTHLY,
        currency="CAD",
        recurring_cents=22500 if plan is PLAN_B else 15000,
        next_due_date=DUE,
        anchor_day=DUE.day,
    )


def _order(client: Client, service: Service, *, scheduled: bool) -> Order:
    """From A to B today, or from B down to A on the due date."""
    before, after, cents = (PLAN_B, PLAN_A, 0) if scheduled else (PLAN_A, PLAN_B, 4172)
    with_taxes = {"a": 17246, "b": 25869}
    return Order(
        reference="CH-2022-000001",
        client=client,
        service=service,
        status=OrderStatus.SCHEDULED if scheduled else OrderStatus.AWAITING_PAYMENT,
        decision=Decision.AT_NEXT_DUE if scheduled else Decision.NOW,
        direction=Direction.DOWNGRADE if scheduled else Direction.UPGRADE,
        placed_at=AT,
        effective_on=DUE if scheduled else date(2022, 10, 17),
        expires_on=date(2022, 10, 24),
        from_plan=before,
        from_cycle=BillingCycle.MONTHLY,
        to_plan=after,
        to_cycle=BillingCycle.MONTHLY,
        to_cents=15000 if scheduled else 22500,
        currency="CAD",
        due_after=DUE,
        total_cents=cents,
        credit_cents=0 if scheduled else 1000,
        figures={
            "lines": [] if scheduled else LINES,
            "taxes": [] if scheduled else TAXES,
            "subtotal": 0 if scheduled else 3629,
            "renewal_before": with_taxes[before.code],
            "renewal_after": with_taxes[after.code],
        },
        needs_person=False,
        staff_note="",
        voided_renewal="2022-0002" if scheduled else "",
    )


def _task(client: Client, service: Service) -> EmailContext:
    order = _order(client, service, scheduled=False)
    order.needs_person, order.delay = True, {"fr": "1 jour ouvrable", "en": "1 business day"}
    task = Task(id=3, kind=TaskKind.CHANGE, service=service, order=order, reason="planned", opened_at=AT)
    invoice = invoice_sample(client, service, order)
    invoice.status, invoice.paid_cents = InvoiceStatus.PAID, 3172
    return EmailContext(client, service, order, invoice, task=task)


def _end(client: Client, service: Service) -> EmailContext:
    """The client has ended the service on the day of its request, with the next renewal open."""
    request = _cancellation(client, service)
    request.status, request.when, request.effective_on = CancellationStatus.DONE, CancellationWhen.NOW, AT.date()
    service.status, service.ended_on, service.end_reason = ServiceStatus.CANCELLED, AT.date(), ""
    return EmailContext(
        client, service, cancellation=request, credited=Money(5000), end=ServiceEnd(closed=("2022-0002",), owed=())
    )


def _terms(client: Client, service: Service) -> EmailContext:
    return EmailContext(client, service, terms=terms_sample(client, service))


_OF_SERVICES: Mapping[str, Callable[[Client, Service], EmailContext]] = {
    "staff_task": _task,
    "service_ended": _end,
    "terms_changed": _terms,
    "suspension_lifted": EmailContext,
    "lift_late": EmailContext,
}


def _cancellation(client: Client, service: Service) -> Cancellation:
    return Cancellation(
        reference="RS-2022-000001",
        client=client,
        service=service,
        status=CancellationStatus.OPEN,
        when=CancellationWhen.PERIOD_END,
        effective_on=DUE,
        requested_at=AT,
        voided_renewal="2022-0002",
    )
