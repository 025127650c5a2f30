"""The digest of a quote changes with each figure and date of the quote, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kajoom.domain.money import Money
from kajoom.domain.quote import Decision, LineCode, PricingInput, When, amount_in_digest, quote
from kajoom.domain.tax import TaxName
from kajoom.domain.terms import Terms
from tests.domain.factories import day, make_service, terms

SERVICE = make_service("10/month", "2026-07-01")
TARGET = terms("20/month", "b")
ON = day("2026-06-16")
QUOTE = quote(SERVICE, TARGET, ON)


def digest(service: PricingInput = SERVICE, new: Any = TARGET, on: str = "2026-06-16", **more: Any) -> str:
    return quote(service, new, day(on), **more).digest


def test_same_quote_has_the_same_digest() -> None:
    assert digest() == digest()
    assert digest() == digest(when=When.NOW)  # the default timing


CHANGES: dict[str, dict[str, Any]] = {
    "the day": {"on": "2026-06-17"},
    "the new price": {"new": terms("20.01/month", "b")},
    "the new plan": {"new": terms("20/month", "c")},
    "the new cycle": {"new": terms("20/quarter", "b")},
    "the quantity": {"new": terms("20/month", "b", quantity=2)},
    "when it starts": {"when": When.RENEWAL},
    "whether staff must act": {"needs_person": True},
    "the old price": {"service": make_service("10.01/month", "2026-07-01")},
    "the due date": {"service": make_service("10/month", "2026-08-01")},
    "the province": {"service": make_service("10/month", "2026-07-01", province="ON")},
    "the seller's registrations": {
        "service": make_service("10/month", "2026-07-01", registered=frozenset({TaxName.GST, TaxName.HST}))
    },
    "the exemption": {"service": make_service("10/month", "2026-07-01", exempt=True)},
    "the credit": {"service": make_service("10/month", "2026-07-01", credit=Money(1))},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=list(CHANGES))
def test_digest_changes_with_each_input(changes: dict[str, Any]) -> None:
    assert digest(**changes) != digest()


def test_each_changed_input_gives_a_different_digest() -> None:
    digests = [digest(**changes) for changes in CHANGES.values()]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    ("service", "new"),
    [
        (make_service("10/month", "2026-07-01", province="QC", active=True), TARGET),
        (replace(SERVICE, terms=replace(SERVICE.terms, group="renamed")), replace(TARGET, group="renamed")),
    ],
)
def test_digest_is_unchanged_when_no_figure_changes(service: PricingInput, new: Terms) -> None:
    assert digest(service, new) == digest()


def test_digest_changes_with_the_group_of_the_new_plan() -> None:
    assert digest(new=replace(TARGET, group="another group")) != digest()


def test_credit_beyond_the_total_does_not_change_the_digest() -> None:
    rich, richer = (make_service("10/month", "2026-07-01", credit=Money(cents)) for cents in (10_000, 20_000))
    assert digest(rich) == digest(richer)


def test_digest_changes_with_both_renewals_alone() -> None:
    # Nothing is due today for a lower plan, but its renewal has the taxes of the province.
    quebec, ontario = (make_service("30/month", "2026-07-01", province=province) for province in ("QC", "ON"))
    assert digest(quebec) != digest(ontario)


def test_digest_changes_with_the_renewal_before_alone() -> None:
    # The new plan is free: the province only changes the renewal on the current terms.
    quebec, ontario = (make_service("30/month", "2026-07-01", province=province) for province in ("QC", "ON"))
    assert digest(quebec, terms("free", "b")) != digest(ontario, terms("free", "b"))


def test_digest_changes_with_the_renewal_after_alone() -> None:
    # The current plan is free and the change waits: the province only changes the renewal on the new terms.
    quebec, ontario = (make_service("0/month", "2026-07-01", province=province) for province in ("QC", "ON"))
    assert digest(quebec, when=When.RENEWAL) != digest(ontario, when=When.RENEWAL)


def test_digest_changes_with_prices_whose_renewals_are_equal_after_taxes() -> None:
    # A lower plan that waits: 113.00, then 56.50, with 13 % in Ontario and with 5 % in Alberta.
    ontario = make_service("100/month", "2026-07-01", province="ON")
    alberta = make_service("107.62/month", "2026-07-01", province="AB")
    quotes = [quote(ontario, terms("50/month", "b"), ON), quote(alberta, terms("53.81/month", "b"), ON)]
    assert {(str(each.renewal_before), str(each.renewal_after)) for each in quotes} == {("113.00", "56.50")}
    assert quotes[0].digest != quotes[1].digest


def test_renewal_uses_the_tax_rate_of_its_own_day() -> None:
    # Nova Scotia went from 15 % to 14 % on 2025-04-01: the renewal of that day is priced at 14 %.
    before, after = (
        quote(make_service("10/month", due, province="NS"), TARGET, day("2025-03-20"))
        for due in ("2025-03-31", "2025-04-01")
    )
    assert (str(before.renewal_before), str(after.renewal_before)) == ("11.50", "11.40")
    assert (str(before.renewal_after), str(after.renewal_after)) == ("23.00", "22.80")


@pytest.mark.parametrize(
    "changed",
    [
        {"current": terms("10/month", "z")},
        {"decision": Decision.AT_NEXT_DUE},
        {"effective_on": day("2026-06-15")},
        {"next_due": None},
        {"lines": ()},
        {"taxes": ()},
        {"total": Money(576)},
        {"credit_used": Money(1)},
        {"total": Money(576), "credit_used": Money(1)},  # the amount due today is the same
        {"target": terms("20/quarter", "b")},
        {"target": terms("20/month", "b", currency="USD")},
        {"target": terms("20/month", "b", quantity=2)},
    ],
)
def test_digest_changes_with_each_field_of_the_quote(changed: dict[str, Any]) -> None:
    assert replace(QUOTE, **changed).digest != QUOTE.digest


@pytest.mark.parametrize("changed", [{"code": LineCode.RENEWAL}, {"amount": Money(501)}])
def test_digest_changes_with_each_line(changed: dict[str, Any]) -> None:
    (line,) = QUOTE.lines
    assert replace(QUOTE, lines=(replace(line, **changed),)).digest != QUOTE.digest


@pytest.mark.parametrize("changed", [{"name": TaxName.HST}, {"percent": "6"}, {"amount": Money(26)}])
def test_digest_changes_with_each_tax(changed: dict[str, Any]) -> None:
    first, *others = QUOTE.taxes
    assert replace(QUOTE, taxes=(replace(first, **changed), *others)).digest != QUOTE.digest


def test_amount_due_is_read_from_the_digest() -> None:
    assert amount_in_digest(digest(), "CAD") == Money.parse("5.75")


@pytest.mark.parametrize(
    "text", ["", "575", "575-", "-575-" + "0" * 32, "575-" + "g" * 32, "1" * 13 + "-" + "0" * 32, "\0"]
)
def test_text_that_is_not_a_digest_has_no_amount(text: str) -> None:
    assert amount_in_digest(text, "CAD") is None
