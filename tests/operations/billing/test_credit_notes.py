"""Credit notes of paid invoices: their amounts, one for each cause, and what they leave of the invoice."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import pytest
from flask import Flask

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.credit import balance_of
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.operations.billing.credit_notes import credit_invoice
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.payments.refunds import refund_invoice
from tests import factories
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.operations.ledger_checks import movements_of, nothing_written, queued_emails, rows
from tests.operations.parallel import THREADS, run_in_threads
from tests.operations.pending_payments import pay_with, unpaid_order
from tests.operations.renewal_setup import record_transfer

STAFF = "staff:lea"


def paid_invoice() -> Invoice:
    """The invoice of a change of 37.50, GST 1.88 and QST 3.74, paid by the provider."""
    _, invoice = unpaid_order()
    pay_with(invoice, FakeProvider())
    return invoice


def correct(invoice: Invoice, amount: str, reason: str = "too much") -> CreditNote:
    return credit_invoice(invoice.number, amount, reason, STAFF, ON, AT)[0]


def refusal_of(number: str, amount: str, reason: str = "too much") -> StrEnum:
    with nothing_written(), pytest.raises(BusinessError) as raised:
        credit_invoice(number, amount, reason, STAFF, ON, AT)
    return raised.value.code


def taxes_of(note: CreditNote) -> list[int]:
    return [tax["cents"] for tax in note.taxes]


def test_refused_change_credits_its_invoice_in_full() -> None:
    order, invoice = unpaid_order()
    pay_with(invoice, FakeProvider())
    mark_refused(order.reference, "no room", STAFF, ON, AT)

    [note] = rows(CreditNote)
    assert (note.number, note.invoice_id, note.reason, note.issued_on) == (
        "NC-2026-0001",
        invoice.id,
        "change_refused",
        ON,
    )
    assert (note.subtotal_cents, taxes_of(note), note.total_cents) == (-3_750, [-188, -374], -4_312)
    assert [line["cents"] for line in note.lines] == [-3_750]
    assert (note.seller, note.buyer, note.locale) == (invoice.seller, invoice.buyer, invoice.locale)
    [entry] = movements_of(invoice.client_id)
    assert (entry.reason, entry.amount, entry.credit_note_id) == (CreditReason.CHANGE_REFUSED, Money(4_312), note.id)
    assert "credit_note" not in queued_emails()  # the e-mail of the refusal states it


def test_change_refused_after_a_correction_credits_what_is_left() -> None:
    order, invoice = unpaid_order()
    pay_with(invoice, FakeProvider())
    correct(invoice, "10.00")
    mark_refused(order.reference, "no room", STAFF, ON, AT)

    first, second = rows(CreditNote)
    assert (first.subtotal_cents, taxes_of(first), first.total_cents) == (-1_000, [-50, -100], -1_150)
    assert (second.subtotal_cents, taxes_of(second), second.total_cents) == (-2_750, [-138, -274], -3_162)
    assert balance_of(invoice.client_id, "CAD") == invoice.total


def test_refused_change_paid_by_credit_and_provider_is_credited_in_full() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    order = factories.confirm(row)
    pay_with(factories.invoice_for(order), FakeProvider())
    mark_refused(order.reference, "no room", STAFF, ON, AT)
    assert (rows(CreditNote)[0].total_cents, balance_of(row.client_id, "CAD")) == (-4_312, Money(4_312))


def test_unpaid_invoice_is_voided_without_a_credit_note() -> None:
    order, invoice = unpaid_order()
    record_transfer(invoice.id, 2_000, "part")
    cancel_order(order.client_id, order.reference, ON, AT)
    assert (rows(CreditNote), invoice.voided_on) == ([], ON)
    assert balance_of(invoice.client_id, "CAD") == Money(2_000)


def test_correction_becomes_account_credit_and_is_written_to_the_client() -> None:
    invoice = paid_invoice()
    note = correct(invoice, "10.00", "  Rabais  oublié ")
    assert (note.note, note.actor, note.lines[0]["code"]) == ("Rabais oublié", STAFF, "correction")
    assert balance_of(invoice.client_id, "CAD") == Money(1_150)
    assert movements_of(invoice.client_id)[0].reason is CreditReason.CREDIT_NOTE
    assert "credit_note" in queued_emails()


def test_same_correction_twice_is_one_credit_note() -> None:
    invoice = paid_invoice()
    first = correct(invoice, "10.00").number
    with nothing_written():
        assert not credit_invoice("2026-0001", "10.00", "too much", STAFF, ON, AT)[1]
    assert correct(invoice, "10.00").number == first
    assert correct(invoice, "10.00", "another reason").number == "NC-2026-0002"


def test_corrections_never_exceed_the_invoice() -> None:
    invoice = paid_invoice()
    number = invoice.number
    correct(invoice, "37.49")
    assert refusal_of(number, "0.02") is StaffRefusal.MORE_THAN_IS_LEFT
    last = correct(invoice, "0.01")
    assert (last.subtotal_cents, taxes_of(last)) == (-1, [-1, 0])  # 1.87 and 3.74 were credited before
    assert refusal_of(number, "0.01", "again") is StaffRefusal.MORE_THAN_IS_LEFT
    assert balance_of(invoice.client_id, "CAD") == Money(4_312)


@pytest.mark.parametrize(
    ("amount", "reason", "code"),
    [
        ("0.00", "x", StaffRefusal.NOT_AN_AMOUNT),
        ("-1.00", "x", StaffRefusal.NOT_AN_AMOUNT),
        ("1,00", "x", StaffRefusal.NOT_AN_AMOUNT),
        ("37.51", "x", StaffRefusal.MORE_THAN_IS_LEFT),
        ("1.00", " ", StaffRefusal.NO_REASON),
        ("1.00", "x" * 501, StaffRefusal.NO_REASON),
        ("1.00", "a\u202eb", StaffRefusal.NO_REASON),
    ],
)
def test_wrong_correction_is_refused(amount: str, reason: str, code: StaffRefusal) -> None:
    assert refusal_of(paid_invoice().number, amount, reason) is code


def test_open_void_and_unknown_invoices_are_not_credited() -> None:
    order, invoice = unpaid_order()
    number = invoice.number
    assert refusal_of(number, "1.00") is StaffRefusal.NOT_PAID
    cancel_order(order.client_id, order.reference, ON, AT)
    assert refusal_of(number, "1.00") is StaffRefusal.NOT_PAID
    assert refusal_of("2026-9999", "1.00") is StaffRefusal.NO_INVOICE


def test_invoice_refused_before_credit_notes_existed_is_not_credited_twice() -> None:
    order, invoice = unpaid_order()
    pay_with(invoice, FakeProvider())
    mark_refused(order.reference, "no room", STAFF, ON, AT)
    movements_of(invoice.client_id)[0].credit_note_id = None
    db.session.delete(rows(CreditNote)[0])
    db.session.commit()
    assert refusal_of(invoice.number, "1.00") is StaffRefusal.MORE_THAN_IS_LEFT


@pytest.mark.parametrize("by_note", [True, False])
def test_credit_of_a_correction_is_refunded_to_where_the_money_came_from(by_note: bool) -> None:
    provider = FakeProvider()
    _, invoice = unpaid_order()
    pay_with(invoice, provider)
    note = correct(invoice, "10.00")
    number = note.number if by_note else invoice.number

    [refund] = refund_invoice(number, {"fake": provider}, STAFF, AT)

    assert (refund.amount, balance_of(invoice.client_id, "CAD")) == (Money(1_150), Money(0))
    with pytest.raises(BusinessError) as raised:
        refund_invoice(number, {"fake": provider}, STAFF, AT)
    assert raised.value.code is StaffRefusal.NOTHING_TO_REFUND


def test_unknown_credit_note_is_not_refunded() -> None:
    with pytest.raises(BusinessError) as raised:
        refund_invoice("NC-2026-0001", {"fake": FakeProvider()}, STAFF, AT)
    assert raised.value.code is StaffRefusal.NO_INVOICE


@pytest.mark.slow
def test_twenty_corrections_at_once_have_numbers_without_a_gap(app: Flask) -> None:
    number = paid_invoice().number

    def correct_once(which: int) -> str:
        return credit_invoice(number, "1.00", f"reason {which}", STAFF, ON, AT)[0].number

    results = run_in_threads(app, correct_once)

    assert results == Counter(f"NC-2026-{n:04d}" for n in range(1, THREADS + 1))
    assert balance_of(rows(Invoice)[0].client_id, "CAD") == Money(20 * 115)


def test_same_correction_from_twenty_threads_is_one_credit_note(app: Flask) -> None:
    number = paid_invoice().number
    results = run_in_threads(app, lambda _: credit_invoice(number, "1.00", "once", STAFF, ON, AT)[0].number)
    assert (results, len(rows(CreditNote))) == (Counter({"NC-2026-0001": THREADS}), 1)
