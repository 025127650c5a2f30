"""Rules that hold once no work is pending: nothing was lost, and nothing happened twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime

from kajoom.domain.audit import Act
from kajoom.domain.credit import CreditReason
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.order import OPEN as OPEN_ORDERS
from kajoom.domain.order import TRANSITIONS, OrderEvent, OrderStatus
from kajoom.domain.payment import OPEN as UNSETTLED
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.quote import Decision
from kajoom.domain.refund import RefundStatus
from kajoom.domain.terms_change import TermsStatus
from kajoom.models import invoice as numbering
from kajoom.models.audit import AuditRow
from kajoom.models.credit import CreditEntry
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.export_documents import documents_in
from kajoom.models.export_period import Period
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt, Payment
from kajoom.models.refund import RefundAttempt
from kajoom.models.service import Service
from kajoom.models.task import Task, changes_without_job
from kajoom.models.terms_change import TermsChange
from kajoom.operations.billing.next_terms import next_terms_for
from kajoom.operations.billing.renewals import needed_review_on_its_day
from tests.chaos.external_state import ExternalState
from tests.operations.ledger_checks import rows

S, E, R = OrderStatus, OrderEvent, CreditReason


def violations(state: ExternalState, at: datetime, providers: tuple[str, ...] = ("demonstration",)) -> list[str]:
    """The rules that do not hold at ``at``, when no message is due; ``state`` is that of these ``providers``."""
    db.session.rollback()
    found = [
        *_ledgers(state, providers),
        *_invoices(),
        *_credit_notes(),
        *_documents(),
        *_balances(),
        *_orders(),
        *_services(state),
        *_waiting_changes(),
        *_renewals(),
        *_messages(at),
        *_numbers(),
        *_acts(),
    ]
    db.session.rollback()
    return found


def violations_at_any_time() -> list[str]:
    """The rules that must hold at every moment, also after a crash and while work is pending, and do not."""
    db.session.rollback()
    found = [
        *_invoices(),
        *_credit_notes(),
        *_balances(),
        *_waiting_changes(),
        *_renewals(),
        *_numbers(),
        *_acts(),
    ]
    db.session.rollback()
    return found


def _ledgers(state: ExternalState, providers: tuple[str, ...]) -> Iterator[str]:
    """The provider's ledger equals ours to the cent."""
    received = {payment.reference: payment.cents for payment in rows(Payment) if payment.provider in providers}
    for reference, cents in (state.captured.items() - received.items()) | (received.items() - state.captured.items()):
        ledgers = f"captured {state.captured.get(reference)}, recorded {received.get(reference)}"
        yield f"payment {reference}: {cents}, {ledgers}"
    captured = sum(1 for attempt in rows(Attempt) if attempt.status is AttemptStatus.CAPTURED)
    if captured != len(received):
        yield f"{captured} attempts are captured and {len(received)} payments recorded"
    for attempt in rows(Attempt):
        if attempt.status in UNSETTLED:
            yield f"attempt {attempt.key} is still {attempt.status}"
    returned = {refund.key: refund.cents for refund in rows(RefundAttempt) if refund.status is RefundStatus.DONE}
    if returned != state.refunded:
        yield f"refunds: the provider has {state.refunded}, recorded {returned}"


def _invoices() -> Iterator[str]:
    """Each cent received is on its invoice or became credit; each cent of credit spent is on an invoice."""
    moved: dict[tuple[int | None, CreditReason], int] = defaultdict(int)
    for entry in rows(CreditEntry):
        moved[entry.invoice_id, entry.reason] += entry.cents
    received = Counter[int]()
    for payment in rows(Payment):
        received[payment.invoice_id] += payment.cents
    for invoice in rows(Invoice):
        spent, is_void = invoice.credit_cents + invoice.paid_cents, invoice.status is InvoiceStatus.VOID
        expected = {
            "received": (received[invoice.id], invoice.paid_cents + sum(moved[invoice.id, r] for r in _UNUSED)),
            "credit": (-moved[invoice.id, R.APPLIED], invoice.credit_cents),
            "credit returned": (moved[invoice.id, R.GIVEN_BACK], spent if is_void else 0),
            "lines": (sum(line["cents"] for line in invoice.lines), invoice.subtotal_cents),
            "total": (invoice.subtotal_cents + sum(tax["cents"] for tax in invoice.taxes), invoice.total_cents),
        }
        if is_void:
            expected["paid in full before it was void"] = (spent == invoice.total_cents, False)
        else:
            expected["paid"] = ((invoice.status is InvoiceStatus.PAID), spent == invoice.total_cents)
        for name, (actual, wanted) in expected.items():
            if actual != wanted:
                yield f"invoice {invoice.number} ({invoice.status}): {name} {actual} is not {wanted}"


_UNUSED = (R.LATE_PAYMENT, R.OVERPAID)


def _credit_notes() -> Iterator[str]:
    """A credit note adds up, its total is credit of its client, and notes never exceed a paid invoice."""
    notes = defaultdict[int, list[CreditNote]](list)
    credited = Counter[int]()
    for entry in rows(CreditEntry):
        if entry.credit_note_id is not None:
            credited[entry.credit_note_id] += entry.cents
    for note in rows(CreditNote):
        notes[note.invoice_id].append(note)
        expected = {
            "lines": (sum(line["cents"] for line in note.lines), note.subtotal_cents),
            "total": (note.subtotal_cents + sum(tax["cents"] for tax in note.taxes), note.total_cents),
            "credit": (credited[note.id], -note.total_cents),
        }
        yield from (
            f"credit note {note.number}: {name} {actual} is not {wanted}"
            for name, (actual, wanted) in expected.items()
            if actual != wanted
        )
    for invoice in rows(Invoice):
        yield from _over_credited(invoice, notes[invoice.id])


def _documents() -> Iterator[str]:
    """The documents, as exported, come to the taxes and the payments of what is neither void nor credited."""
    always = Period(date.min, date.max, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    exported, expected = Counter[str](), Counter[str]()
    for row in documents_in(always):
        exported.update({"lines": row.lines.cents, "total": row.total.cents, "paid": row.paid.cents})
        exported.update({name: amount.cents for name, amount in row.taxes.items()})
    for invoice in rows(Invoice):
        if invoice.status is not InvoiceStatus.VOID:
            expected.update({tax["name"]: tax["cents"] for tax in invoice.taxes})
            expected.update({"lines": invoice.subtotal_cents, "total": invoice.total_cents})
            expected.update({"paid": invoice.credit_cents + invoice.paid_cents})
    for note in rows(CreditNote):
        expected.update({tax["name"]: tax["cents"] for tax in note.taxes})
        expected.update({"lines": note.subtotal_cents, "total": note.total_cents, "paid": note.total_cents})
    for name in exported.keys() | expected.keys():
        if exported[name] != expected[name]:
            yield f"documents: {name} of {exported[name]} is not {expected[name]}"


def _over_credited(invoice: Invoice, notes: list[CreditNote]) -> Iterator[str]:
    if notes and invoice.status is not InvoiceStatus.PAID:
        yield f"invoice {invoice.number} is {invoice.status} and has credit notes"
    left = {"subtotal": invoice.subtotal_cents + sum(note.subtotal_cents for note in notes)}
    for tax in invoice.taxes:
        of_notes = [each["cents"] for note in notes for each in note.taxes if each["name"] == tax["name"]]
        left[tax["name"]] = tax["cents"] + sum(of_notes)
    if min(left.values()) < 0 or (left["subtotal"] == 0 and any(left.values())):
        yield f"invoice {invoice.number}: {left} is left after its credit notes"
    order = invoice.order
    is_undone = order is not None and order.status is S.REFUSED and invoice.kind is InvoiceKind.CHANGE
    if (is_undone or invoice.replaced_on is not None) and left["subtotal"]:
        yield f"invoice {invoice.number} is of a refused change or was replaced, and has {left} left"


def _balances() -> Iterator[str]:
    """A client's account credit is what was received and granted, less what documents and refunds took."""
    balances, expected = Counter[tuple[int, str]](), _documented_credit()
    for entry in rows(CreditEntry):
        balances[entry.client_id, entry.currency] += entry.cents
        if entry.reason in {R.GRANTED, R.CORRECTED}:
            expected[entry.client_id, entry.currency] += entry.cents
    for owner in balances.keys() | expected.keys():
        if balances[owner] != expected[owner] or balances[owner] < 0:
            yield f"client {owner} has {balances[owner]} of account credit, {expected[owner]} by the documents"


def _documented_credit() -> Counter[tuple[int, str]]:
    """Payments less refunds and net documents, by client and currency; grants are not included."""
    expected = Counter[tuple[int, str]]()
    for payment in rows(Payment):
        expected[payment.invoice.client_id, payment.currency] += payment.cents
    for refund in rows(RefundAttempt):
        if refund.status is not RefundStatus.REFUSED:
            expected[refund.payment.invoice.client_id, refund.currency] -= refund.cents
    for invoice in rows(Invoice):
        if invoice.status is not InvoiceStatus.VOID:
            expected[invoice.client_id, invoice.currency] -= invoice.credit_cents + invoice.paid_cents
    for note in rows(CreditNote):
        expected[note.client_id, note.currency] -= note.total_cents
    return expected


def _orders() -> Iterator[str]:
    """Each order's history follows the state table, and a paid order is completed or waits for a person."""
    of_order = {invoice.order_id: invoice for invoice in rows(Invoice) if invoice.kind is InvoiceKind.CHANGE}
    open_of = Counter[int]()
    for order in rows(Order):
        open_of[order.service_id] += order.status in {S.AWAITING_PAYMENT, S.AWAITING_PROVISIONING, S.SCHEDULED}
        status = None
        for step in order.history:
            if step.event is not E.PLACED and (status is None or TRANSITIONS.get((status, step.event)) != step.status):
                yield f"order {order.reference}: {step.event} after {status}"
            status = step.status
        if status is not order.status:
            yield f"order {order.reference} is {order.status}, and its history ends in {status}"
        invoice = of_order.get(order.id)
        if invoice is not None and invoice.status is not _INVOICE_OF.get(order.status, InvoiceStatus.PAID):
            yield f"order {order.reference} is {order.status}, and its invoice {invoice.status}"
        if order.status is S.AWAITING_PROVISIONING and not order.needs_person:
            yield f"order {order.reference} waits for provisioning, and no person is asked"
    yield from (f"service {service_id} has {count} open orders" for service_id, count in open_of.items() if count > 1)


_INVOICE_OF = {S.AWAITING_PAYMENT: InvoiceStatus.OPEN, S.CANCELLED: InvoiceStatus.VOID}


def _services(state: ExternalState) -> Iterator[str]:
    """Each service, and its account on the panel, has the plan of the last completed change."""
    last: dict[int, Order] = {}
    done = (order for order in rows(Order) if order.status is S.COMPLETED)
    for order in sorted(done, key=lambda each: each.history[-1].id):
        before = last.get(order.service_id)
        if before is not None and (before.to_plan_id, before.to_cycle) != (order.from_plan_id, order.from_cycle):
            yield f"order {order.reference} does not begin where {before.reference} ended"
        last[order.service_id] = order
    prices = {change.service_id: change for change in rows(TermsChange) if change.status is TermsStatus.IN_FORCE}
    for service in rows(Service):
        final = last.get(service.id)
        if final is not None:
            now = (service.plan_id, service.cycle)
            if now != (final.to_plan_id, final.to_cycle):
                yield f"service {service.id} is on {now} after {final.reference}"
            if service.id not in prices and service.recurring_cents != final.to_cents:
                yield f"service {service.id} is billed {service.recurring_cents} after {final.reference}"
        package = state.packages.get(service.username)
        if package is not None and package != service.plan.package:
            yield f"account {service.username} is on {package}, its service on {service.plan.package}"
    periods = Counter(
        (invoice.service_id, invoice.period_start)
        for invoice in rows(Invoice)
        if invoice.kind is InvoiceKind.RENEWAL
        and invoice.status is not InvoiceStatus.VOID
        and invoice.replaced_on is None
    )
    yield from (f"service {service}: {day} is billed {n} times" for (service, day), n in periods.items() if n > 1)


def _waiting_changes() -> Iterator[str]:
    """Each change to be made has a job that asks the panel, or an open task that a person has been written to about."""
    waiting = {order.id: order for order in rows(Order) if order.status is S.AWAITING_PROVISIONING}
    with_task = {task.order_id for task in rows(Task) if task.closed_at is None}
    for order_id in changes_without_job():
        yield f"order {waiting[order_id].reference} waits for the panel, which nobody asks"
    for order in waiting.values():
        if order.needs_person and order.id not in with_task:
            yield f"order {order.reference} waits for a person, and has no task"
    queued = {message.key for message in rows(Message)}
    for task in rows(Task):
        if f"staff_task-{task.key}" not in queued:
            yield f"nobody was written to about the task {task.key}"


def _renewals() -> Iterator[str]:
    """A service has at most one unpaid renewal, none while an immediate change is under way, and none at a stale price.

    One with a payment attempt, or for a period before new terms of staff, is kept at the price that it has.
    """
    under_way = {order.service_id: order for order in rows(Order) if order.status in OPEN_ORDERS}
    attempted = {attempt.invoice_id for attempt in rows(Attempt)}
    unpaid = Counter[int]()
    for invoice in rows(Invoice):
        if (invoice.kind, invoice.status) != (InvoiceKind.RENEWAL, InvoiceStatus.OPEN):
            continue
        unpaid[invoice.service_id] += 1
        order, cents = under_way.get(invoice.service_id), invoice.service.recurring_cents
        if order is not None and order.decision is Decision.NOW:
            yield f"renewal {invoice.number} is open while {order.reference} is under way"
        elif order is not None and not needed_review_on_its_day(order):
            cents = order.to_cents
        elif order is None and invoice.period_start is not None:
            planned = next_terms_for(invoice.service, invoice.period_start)
            cents = planned.recurring_cents if planned is not None else cents
        if invoice.subtotal_cents != cents and invoice.id not in attempted:
            yield f"renewal {invoice.number} is for {invoice.subtotal_cents}, and the terms in force are {cents}"
    yield from (f"service {service} has {count} unpaid renewals" for service, count in unpaid.items() if count > 1)


def _messages(at: datetime) -> Iterator[str]:
    """No message is due, leased or dead."""
    for message in rows(Message):
        if message.dead_at is not None:
            yield f"message {message.key} is dead: {message.last_error}"
        elif message.done_at is None and message.run_at <= at:
            yield f"message {message.key} is due, leased until {message.lease_until}: {message.last_error}"


def _numbers() -> Iterator[str]:
    """Numbers of invoices, credit notes and orders have no gap."""
    series = {counter.series: counter.value for counter in rows(numbering.Counter)}
    issued = Counter[str]()
    for invoice in rows(Invoice):
        issued[f"invoice-{invoice.number.partition('-')[0]}"] += 1
    for note in rows(CreditNote):
        issued[f"credit_note-{note.number.split('-')[1]}"] += 1
    for order in rows(Order):
        issued[f"order-{order.reference.split('-')[1]}"] += 1
    for name, count in issued.items():
        if series.get(name) != count:  # numbers are unique, so equal counts mean no gap
            yield f"{name}: {count} numbers, and the last is {series.get(name)}"


def _acts() -> Iterator[str]:
    """Each document, payment and change of terms has one act in the audit, of its commit; places have no gap."""
    acts = rows(AuditRow)
    recorded = {act: Counter(row.subject_id for row in acts if row.act == act) for act in Act}
    documents = {
        Act.INVOICE_ISSUED: [row.id for row in rows(Invoice)],
        Act.CREDIT_NOTE_ISSUED: [row.id for row in rows(CreditNote)],
        Act.TERMS_CHANGED: [row.id for row in rows(TermsChange)],
    }
    for act, issued in documents.items():
        if recorded[act] != Counter(issued):
            yield f"the acts {act} are not those of the documents"
    if recorded[Act.PAYMENT_RECORDED] != Counter(row.invoice_id for row in rows(Payment)):
        yield "the payments are not those of the audit"
    places = sorted(row.place for row in acts if row.place is not None)
    if places != list(range(1, len(places) + 1)):
        yield "the places of the audit have a gap"
