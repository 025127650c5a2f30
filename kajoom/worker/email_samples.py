"""Sample data for ``flask mail preview``: a client, a change and a cancellation that are not in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.domain.payment_method import offline_method
from kajoom.domain.quote import Decision, Direction
from kajoom.domain.service import ServiceStatus
from kajoom.domain.task import AlertKind, TaskKind
from kajoom.models.cancellation import Cancellation
from kajoom.models.catalog import Plan, ProductGroup
from kajoom.models.client import Client
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.models.task import Task
from kajoom.models.types import LineJson, TaxJson
from kajoom.worker.email_context import EmailContext, ServiceEnd, StaffAlert

SELLER = {"name": "Kajoom", "email": "facturation@example.com"}
AT = datetime(2022, 10, 17, 18, 30, tzinfo=UTC)

_GROUP = ProductGroup(
    code="hosting",
    name={"fr": "Hébergement Web", "en": "Web Hosting"},
    on_end={
        "fr": "Vos sites cessent d’être accessibles à la fin du service et sont supprimés 30 jours plus tard.",
        "en": "Your sites stop being available when the service ends and are deleted 30 days later.",
    },
)
_A = Plan(
    code="a",
    group=_GROUP,
    name={"fr": "Forfait A", "en": "Plan A"},
    title={"fr": "Forfait A Hébergement Web", "en": "Web Hosting Plan A"},
    package="hosting_a",
)
_B = Plan(
    code="b",
    group=_GROUP,
    name={"fr": "Forfait B", "en": "Plan B"},
    title={"fr": "Forfait B Hébergement Web", "en": "Web Hosting Plan B"},
    package="hosting_b",
)
# 75.00 × 15 / 31 days = 36.29; GST 1.81, QST 3.62: 41.72, of which 10.00 is account credit.
_LINES: list[LineJson] = [
    {
        "code": "difference",
        "cents": 3629,
        "params": {
            "before": _A.name,
            "after": _B.name,
            "start": "2022-10-17",
            "last": "2022-10-31",
            "days": 15,
            "of_days": 31,
            "cycles_ahead": 0,
            "whole": 7500,
        },
    }
]
_TAXES: list[TaxJson] = [
    {"name": "GST", "percent": "5", "cents": 181, "number": "000000000 RT0001"},
    {"name": "QST", "percent": "9.975", "cents": 362, "number": "0000000000 TQ0001"},
]
_WHOLE_PERIOD = {"days": None, "of_days": None, "cycles_ahead": 0, "whole": None}
_DUE = date(2022, 11, 1)
_REASON = {"fr": "Le nouveau serveur n’est pas prêt.", "en": "The new server is not ready."}
_INTERAC = offline_method(
    "interac",
    {},
    {
        "fr": "Envoyez un Virement Interac à paiements@example.com.\nÉcrivez la référence dans le message du virement.",
        "en": "Send an Interac e-Transfer to payments@example.com.\nWrite the reference in the message.",
    },
)
_OFFLINE = frozenset({"change_requested", "payment_partial", "renewal_invoice", "reminder", "overdue"})
_CREDITED = {
    "refused": Money(4172),
    "payment_late": Money(3172),
    "staff_notice": Money(3172),
    "expired": Money(1000),
    "cancelled": Money(1000),
}


def sample(kind: str, lang: str) -> EmailContext | StaffAlert:
    """The context of a sample e-mail of ``kind``, in the language ``lang``."""
    if kind == "staff_alert":
        return StaffAlert(AlertKind.DEAD_MESSAGE, "email", 3, "MailRefused: SMTPDataError 550", locale=lang)
    return client_sample(kind, lang)


def client_sample(kind: str, lang: str) -> EmailContext:
    """The context of a sample e-mail about a service, for a client whose language is ``lang``."""
    client = Client(name="Camille Tremblay", email="camille@example.com", locale=lang)
    service = _service(client, _B if kind == "operational" else _A)
    if kind == "staff_task":
        return _task(client, service)
    if kind == "service_ended":
        return _end(client, service)
    if kind.startswith("cancellation"):
        return EmailContext(client, service, cancellation=_cancellation(client, service))
    if kind == "scheduled":
        return EmailContext(client, service, _order(client, service, scheduled=True))
    if kind in {"renewal_invoice", "overdue"}:
        return EmailContext(
            client, service, invoice=_renewal(client, service), replaces="2022-0001", offline=(_INTERAC,)
        )
    order = _order(client, service, scheduled=False)
    order.needs_person = kind in {"person_on_it", "needs_review"}
    order.delay = {"fr": "habituellement 1 jour ouvrable", "en": "usually 1 business day"}
    order.review_reason = ReviewReason.OVER_LIMITS if kind == "needs_review" else None
    order.staff_note = _REASON[lang] if kind == "refused" else ""
    invoice = _invoice(client, service, order)
    if kind in _OFFLINE:
        invoice.status, invoice.paid_cents = InvoiceStatus.OPEN, 2000 if kind == "payment_partial" else 0
    refunded = Money(3172) if kind == "refunded" else None
    offline = (_INTERAC,) if kind in _OFFLINE else ()
    return EmailContext(
        client, service, order, invoice, credited=_CREDITED.get(kind), refunded=refunded, offline=offline
    )


def _service(client: Client, plan: Plan) -> Service:
    return Service(
        id=7,
        client=client,
        plan=plan,
        label="boreal.example.com",
        username="boreal",
        status=ServiceStatus.ACTIVE,
        cycle=BillingCycle.MONTHLY,
        currency="CAD",
        next_due_date=_DUE,
    )


def _order(client: Client, service: Service, *, scheduled: bool) -> Order:
    """From A to B today, or from B down to A on the due date."""
    before, after, cents = (_B, _A, 0) if scheduled else (_A, _B, 4172)
    with_taxes = {"a": 17246, "b": 25869}
    return Order(
        reference="CH-2022-000001",
        client=client,
        service=service,
        status=OrderStatus.SCHEDULED if scheduled else OrderStatus.AWAITING_PAYMENT,
        decision=Decision.AT_NEXT_DUE if scheduled else Decision.NOW,
        direction=Direction.DOWNGRADE if scheduled else Direction.UPGRADE,
        placed_at=AT,
        effective_on=_DUE if scheduled else date(2022, 10, 17),
        expires_on=date(2022, 10, 24),
        from_plan=before,
        from_cycle=BillingCycle.MONTHLY,
        to_plan=after,
        to_cycle=BillingCycle.MONTHLY,
        to_cents=15000 if scheduled else 22500,
        currency="CAD",
        due_after=_DUE,
        total_cents=cents,
        credit_cents=0 if scheduled else 1000,
        figures={
            "lines": [] if scheduled else _LINES,
            "taxes": [] if scheduled else _TAXES,
            "subtotal": 0 if scheduled else 3629,
            "renewal_before": with_taxes[before.code],
            "renewal_after": with_taxes[after.code],
        },
        needs_person=False,
        staff_note="",
    )


def _invoice(client: Client, service: Service, order: Order) -> Invoice:
    return Invoice(
        number="2022-0001",
        kind=InvoiceKind.CHANGE,
        status=InvoiceStatus.PAID,
        client=client,
        service=service,
        order=order,
        issued_on=date(2022, 10, 17),
        due_on=date(2022, 10, 24),
        currency="CAD",
        subtotal_cents=3629,
        total_cents=4172,
        credit_cents=1000,
        paid_cents=3172,
        lines=_LINES,
        taxes=_TAXES,
    )


def _renewal(client: Client, service: Service) -> Invoice:
    """150.00, GST 7.50, QST 14.96: 172.46."""
    params = {"before": _A.name, "after": _A.name, "start": "2022-11-01", "last": "2022-11-30", **_WHOLE_PERIOD}
    return Invoice(
        number="2022-0002",
        kind=InvoiceKind.RENEWAL,
        status=InvoiceStatus.OPEN,
        client=client,
        service=service,
        issued_on=date(2022, 10, 18),
        due_on=_DUE,
        currency="CAD",
        subtotal_cents=15000,
        total_cents=17246,
        credit_cents=0,
        paid_cents=0,
        lines=[{"code": "renewal", "cents": 15000, "params": params}],
        taxes=[{**_TAXES[0], "cents": 750}, {**_TAXES[1], "cents": 1496}],
    )


def _task(client: Client, service: Service) -> EmailContext:
    order = _order(client, service, scheduled=False)
    order.needs_person, order.delay = True, {"fr": "habituellement 1 jour ouvrable", "en": "usually 1 business day"}
    task = Task(id=3, kind=TaskKind.CHANGE, service=service, order=order, reason="planned", opened_at=AT)
    invoice = _invoice(client, service, order)
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


def _cancellation(client: Client, service: Service) -> Cancellation:
    return Cancellation(
        reference="RS-2022-000001",
        client=client,
        service=service,
        status=CancellationStatus.OPEN,
        when=CancellationWhen.PERIOD_END,
        effective_on=_DUE,
        requested_at=AT,
    )
