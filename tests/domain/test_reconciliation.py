"""A provider's transactions of a day compared with the payments recorded here."""

from __future__ import annotations

from kajoom.domain.money import Money
from kajoom.domain.reconciliation import DifferenceKind, LedgerEntry, differences

TAKEN = LedgerEntry("T1", "2026-0001", Money(500))
OTHER = LedgerEntry("T2", "2026-0002", Money(700))


def test_the_same_money_on_both_sides_is_no_difference() -> None:
    assert differences([TAKEN, OTHER], {"T1": TAKEN, "T2": OTHER}, [TAKEN, OTHER], {"T1", "T2"}) == []


def test_money_that_is_not_in_the_ledger_is_reported_with_the_invoice_the_provider_names() -> None:
    (result,) = differences([TAKEN, OTHER], {"T2": OTHER}, [OTHER], {"T1", "T2"})
    assert (result.kind, result.reference, result.invoice) == (DifferenceKind.NOT_IN_LEDGER, "T1", "2026-0001")
    assert (result.taken, result.recorded) == (Money(500), None)


def test_another_amount_is_reported_with_both_amounts_and_the_invoice_recorded() -> None:
    recorded = LedgerEntry("T1", "2026-0009", Money(499))
    (result,) = differences([TAKEN], {"T1": recorded}, [recorded], {"T1"})
    assert (result.kind, result.reference, result.invoice) == (DifferenceKind.OTHER_AMOUNT, "T1", "2026-0009")
    assert (result.taken, result.recorded) == (Money(500), Money(499))


def test_the_same_amount_in_another_currency_is_another_amount() -> None:
    recorded = LedgerEntry("T1", "2026-0001", Money(500, "USD"))
    (result,) = differences([TAKEN], {"T1": recorded}, [recorded], {"T1"})
    assert (result.kind, result.recorded) == (DifferenceKind.OTHER_AMOUNT, Money(500, "USD"))


def test_a_recorded_payment_the_provider_does_not_know_is_reported() -> None:
    (result,) = differences([TAKEN], {"T1": TAKEN}, [TAKEN, OTHER], {"T1"})
    assert (result.kind, result.reference, result.invoice) == (DifferenceKind.NOT_AT_PROVIDER, "T2", "2026-0002")
    assert (result.taken, result.recorded) == (None, Money(700))


def test_a_payment_reported_on_a_neighbouring_day_is_no_difference() -> None:
    assert differences([], {}, [TAKEN], {"T1"}) == []


def test_differences_of_both_sides_are_all_reported() -> None:
    unknown = LedgerEntry("T3", "", Money(1))
    result = differences([TAKEN, unknown], {}, [OTHER], {"T1", "T3"})
    assert [each.reference for each in result] == ["T1", "T3", "T2"]
