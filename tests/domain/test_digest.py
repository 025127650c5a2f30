"""A digest names exactly the figures and dates that were seen: it moves with any of them, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kajoom.domain.money import Money
from kajoom.domain.quote import Decision, LineCode, PricingInput, When, amount_in_digest, quote
from kajoom.domain.tax import TaxName
from tests.domain.factories import day, make_service, terms

SERVICE = make_service("10/month", "2026-07-01")
TARGET = terms("20/month", "b")
ON = day("2026-06-16")
SEEN = quote(SERVICE, TARGET, ON)


def digest(service: PricingInput = SERVICE, new: Any = TARGET, on: str = "2026-06-16", **more: Any) -> str:
    return quote(service, new, day(on), **more).digest


def test_a_quote_asked_for_twice_has_one_digest() -> None:
    assert digest() == digest()
    assert digest() == digest(when=When.NOW)  # asking for the default changes nothing


MOVED: dict[str, dict[str, Any]] = {
    "the day": {"on": "2026-06-17"},
    "the new price": {"new": terms("20.01/month", "b")},
    "the new plan": {"new": terms("20/month", "c")},
    "the new cycle": {"new": terms("20/quarter", "b")},
    "the quantity": {"new": terms("20/month", "b", quantity=2)},
    "when it starts": {"when": When.RENEWAL},
    "whether a person must act": {"needs_person": True},
    "the old price": {"service": make_service("10.01/month", "2026-07-01")},
    "the due date": {"service": make_service("10/month", "2026-08-01")},
    "the province": {"service": make_service("10/month", "2026-07-01", province="ON")},
    "the credit": {"service": make_service("10/month", "2026-07-01", credit=Money(1))},
}


@pytest.mark.parametrize("moved", MOVED.values(), ids=list(MOVED))
def test_the_digest_moves_with(moved: dict[str, Any]) -> None:
    assert digest(**moved) != digest()


def test_every_case_that_moves_the_digest_moves_it_elsewhere() -> None:
    digests = [digest(**moved) for moved in MOVED.values()]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    "service",
    [
        make_service("10/month", "2026-07-01", province="QC", active=True),
        replace(SERVICE, terms=replace(SERVICE.terms, group="another group")),
    ],
)
def test_the_digest_stays_when_no_figure_moves(service: PricingInput) -> None:
    assert digest(service) == digest()


def test_credit_beyond_the_total_moves_no_figure() -> None:
    rich, richer = (make_service("10/month", "2026-07-01", credit=Money(cents)) for cents in (10_000, 20_000))
    assert digest(rich) == digest(richer)


def test_the_digest_moves_with_a_renewal_alone() -> None:
    # Nothing is due today for a lower plan, but its renewal bears the taxes of the province.
    quebec, ontario = (make_service("30/month", "2026-07-01", province=province) for province in ("QC", "ON"))
    assert digest(quebec) != digest(ontario)


def test_the_digest_moves_with_the_renewal_before_alone() -> None:
    # The new plan is free: the province changes nothing but what the renewal would have cost.
    quebec, ontario = (make_service("30/month", "2026-07-01", province=province) for province in ("QC", "ON"))
    assert digest(quebec, terms("free", "b")) != digest(ontario, terms("free", "b"))


def test_the_digest_moves_with_the_renewal_after_alone() -> None:
    # The plan in force is free and the change waits: the province changes nothing but what the renewal will cost.
    quebec, ontario = (make_service("0/month", "2026-07-01", province=province) for province in ("QC", "ON"))
    assert digest(quebec, when=When.RENEWAL) != digest(ontario, when=When.RENEWAL)


def test_the_digest_moves_with_the_prices_where_taxes_make_the_renewals_equal() -> None:
    # A lower plan that waits: 113.00, then 56.50, with 13 % in Ontario and with 5 % in Alberta.
    ontario = make_service("100/month", "2026-07-01", province="ON")
    alberta = make_service("107.62/month", "2026-07-01", province="AB")
    found = [quote(ontario, terms("50/month", "b"), ON), quote(alberta, terms("53.81/month", "b"), ON)]
    assert {(str(each.renewal_before), str(each.renewal_after)) for each in found} == {("113.00", "56.50")}
    assert found[0].digest != found[1].digest


def test_a_tax_rate_that_changes_the_next_renewal_is_seen() -> None:
    # Nova Scotia went from 15 % to 14 % on 2025-04-01: the renewal of that day is told at 14 %.
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
        {"total": Money(576), "credit_used": Money(1)},  # as much is due today
        {"target": terms("20/quarter", "b")},
        {"target": terms("20/month", "b", currency="USD")},
        {"target": terms("20/month", "b", quantity=2)},
    ],
)
def test_the_digest_follows_the_quote_itself(changed: dict[str, Any]) -> None:
    assert replace(SEEN, **changed).digest != SEEN.digest


@pytest.mark.parametrize("changed", [{"code": LineCode.RENEWAL}, {"amount": Money(501)}])
def test_the_digest_follows_each_line(changed: dict[str, Any]) -> None:
    (line,) = SEEN.lines
    assert replace(SEEN, lines=(replace(line, **changed),)).digest != SEEN.digest


@pytest.mark.parametrize("changed", [{"name": TaxName.HST}, {"percent": "6"}, {"amount": Money(26)}])
def test_the_digest_follows_each_tax(changed: dict[str, Any]) -> None:
    first, *others = SEEN.taxes
    assert replace(SEEN, taxes=(replace(first, **changed), *others)).digest != SEEN.digest


def test_the_amount_due_can_be_read_from_the_digest_it_was_seen_with() -> None:
    assert amount_in_digest(digest(), "CAD") == Money.parse("5.75")


@pytest.mark.parametrize(
    "forged", ["", "575", "575-", "-575-" + "0" * 32, "575-" + "g" * 32, "1" * 13 + "-" + "0" * 32, "\0"]
)
def test_no_amount_is_read_from_what_is_not_a_digest(forged: str) -> None:
    assert amount_in_digest(forged, "CAD") is None
