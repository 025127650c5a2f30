"""Plans, invoices and credit notes of the sample e-mails of ``flask mail preview``."""

from __future__ import annotations

from datetime import date

from kajoom.domain.credit_note import CreditNoteReason
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.terms_change import TermsStatus
from kajoom.models.catalog import Plan, ProductGroup
from kajoom.models.client import Client
from kajoom.models.credit_note import CreditNote
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.models.terms_change import TermsChange
from kajoom.models.types import LineJson, TaxJson

_GROUP = ProductGroup(
    code="hosting",
    name={"fr": "Hébergement Web", "en": "Web Hosting"},
    on_end={
        "fr": "Vos sites cessent d’être accessibles à la fin du service et sont supprimés 30 jours plus tard.",
        "en": "Your sites stop being available when the service ends and are deleted 30 days later.",
    },
)
PLAN_A = Plan(
    code="a",
    group=_GROUP,
    name={"fr": "Forfait A", "en": "Plan A"},
    title={"fr": "Forfait A Hébergement Web", "en": "Web Hosting Plan A"},
    package="hosting_a",
)
PLAN_B = Plan(
    code="b",
    group=_GROUP,
    name={"fr": "Forfait B", "en": "Plan B"},
    title={"fr": "Forfait B Hébergement Web", "en": "Web Hosting Plan B"},
    package="hosting_b",
)
# 75.00 × 15 / 31 days = 36.29; GST 1.81, QST 3.62: 41.72, of which 10.00 is account credit.
LINES: list[LineJson] = [
    {
        "code": "difference",
        "cents": 3629,
        "params": {
            "before": PLAN_A.name,
            "after": PLAN_B.name,
            "start": "2022-10-17",
            "last": "2022-10-31",
            "days": 15,
            "of_days": 31,
            "cycles_ahead": 0,
            "whole": 7500,
        },
    }
]
TAXES: list[TaxJson] = [
    {"name": "GST", "percent": "5", "cents": 181, "number": "000000000 RT0001"},
    {"name": "QST", "percent": "9.975", "cents": 362, "number": "0000000000 TQ0001"},
]
_WHOLE_PERIOD = {"days": None, "of_days": None, "cycles_ahead": 0, "whole": None}
DUE = date(2022, 11, 1)

CREDIT_NOTES = {
    "refused": CreditNoteReason.CHANGE_REFUSED,
    "operational": CreditNoteReason.DAYS_NOT_SERVED,
    "credit_note": CreditNoteReason.CORRECTED,
}
_OVERCHARGE = {
    "fr": "La mise en service a été plus longue que prévu.",
    "en": "Setting up your plan took longer than announced.",
}


def invoice_sample(client: Client, service: Service, order: Order) -> Invoice:
    """The paid invoice of the change from A to B."""
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
        lines=LINES,
        taxes=TAXES,
    )


def credit_note_sample(invoice: Invoice, kind: str, lang: str) -> CreditNote:
    """The whole change of 36.29 when it is refused; else the days from 17 to 23 October: 36.29 - 19.35 = 16.94."""
    is_whole = kind == "refused"
    cents = (3629, 181, 362) if is_whole else (1694, 85, 169)
    params = LINES[0]["params"]
    if not is_whole:
        params = {**params, "last": "2022-10-23", "days": 7}
    code = LINES[0]["code"] if is_whole else ("days_not_served" if kind == "operational" else "correction")
    if kind == "credit_note":
        params = {**params, "start": None, "last": None, **_WHOLE_PERIOD}
    return CreditNote(
        number="NC-2022-0001",
        reason=CREDIT_NOTES[kind],
        note=_OVERCHARGE[lang] if kind == "credit_note" else "",
        invoice=invoice,
        issued_on=date(2022, 10, 24),
        currency="CAD",
        subtotal_cents=-cents[0],
        total_cents=-sum(cents),
        lines=[{"code": code, "cents": -cents[0], "params": params}],
        taxes=[{**tax, "cents": -each} for tax, each in zip(TAXES, cents[1:], strict=True)],
    )


def terms_sample(client: Client, service: Service) -> TermsChange:
    """From 150.00 to 165.00 a month (189.71 with taxes) on the due date, whose renewal was unpaid."""
    return TermsChange(
        status=TermsStatus.PLANNED,
        client=client,
        service=service,
        reason={"fr": "Nouveau tarif convenu au téléphone", "en": "New price agreed by telephone"}[client.locale],
        since=DUE,
        cycle=BillingCycle.MONTHLY,
        currency="CAD",
        from_plan_id=1,
        to_plan_id=1,
        from_cents=15000,
        to_cents=16500,
        from_quantity=1,
        to_quantity=1,
        due_before=DUE,
        due_after=DUE,
        renewal_cents=18971,
        voided_renewal="2022-0002",
    )


def renewal_sample(client: Client, service: Service) -> Invoice:
    """150.00, GST 7.50, QST 14.96: 172.46."""
    params = {"before": PLAN_A.name, "after": PLAN_A.name, "start": "2022-11-01", "last": "2022-11-30", **_WHOLE_PERIOD}
    return Invoice(
        number="2022-0002",
        kind=InvoiceKind.RENEWAL,
        status=InvoiceStatus.OPEN,
        client=client,
        service=service,
        issued_on=date(2022, 10, 18),
        due_on=DUE,
        currency="CAD",
        subtotal_cents=15000,
        total_cents=17246,
        credit_cents=0,
        paid_cents=0,
        lines=[{"code": "renewal", "cents": 15000, "params": params}],
        taxes=[{**TAXES[0], "cents": 750}, {**TAXES[1], "cents": 1496}],
    )
