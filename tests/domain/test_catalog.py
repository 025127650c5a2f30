"""Catalogue values: prices, permitted plan changes and the dates of banners."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kajoom.domain.catalog import Catalog, CatalogBanner, CatalogGroup, CatalogPlan, PermittedMove
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import ChargePolicy
from kajoom.domain.money import Money
from tests.domain.factories import day

TEXT = {"fr": "Forfait", "en": "Plan"}
MONTHLY, ANNUALLY = BillingCycle.MONTHLY, BillingCycle.ANNUALLY


def plan(code: str, prices: dict[tuple[BillingCycle, str], Money], *moves: str, withdrawn: bool = False) -> CatalogPlan:
    permitted = {each: PermittedMove(needs_person=False, delay=None) for each in moves}
    return CatalogPlan(1, code, TEXT, TEXT, TEXT, (), 1, False, withdrawn, {}, code, "hosting", prices, permitted)


A = plan("a", {(MONTHLY, "CAD"): Money(15_000), (ANNUALLY, "CAD"): Money(150_000)}, "b", "old")
B = plan("b", {(MONTHLY, "CAD"): Money(22_500), (MONTHLY, "USD"): Money(17_000)}, "a")
OLD = plan("old", {(BillingCycle.QUARTERLY, "CAD"): Money(30_000)}, withdrawn=True)
GROUP = CatalogGroup("hosting", TEXT, ChargePolicy.PRORATED, TEXT, (A, B, OLD))


def banner(**days: Any) -> CatalogBanner:
    return CatalogBanner(
        "spam", TEXT, TEXT, TEXT, TEXT, **{"valid_from": None, "valid_until": None, "groups": (), **days}
    )


def test_price_is_multiplied_by_the_quantity() -> None:
    assert A.price(MONTHLY, "CAD", 3) == Money(45_000)
    assert A.price(MONTHLY, "CAD") == Money(15_000)


def test_plan_has_no_price_in_a_cycle_or_currency_it_is_not_sold_in() -> None:
    assert A.price(MONTHLY, "USD") is None
    assert A.price(BillingCycle.QUARTERLY, "CAD") is None
    assert not A.is_sold_in("USD")
    assert B.is_sold_in("USD")


def test_only_permitted_plans_on_sale_are_reachable() -> None:
    assert GROUP.reachable_from(A) == (B,)
    assert GROUP.reachable_from(OLD) == ()


def test_cycles_are_those_of_plans_on_sale_shortest_first() -> None:
    assert GROUP.cycles("CAD") == (MONTHLY, ANNUALLY)
    assert GROUP.cycles("USD") == (MONTHLY,)
    assert GROUP.cycles("EUR") == ()


def test_plan_is_found_by_its_code_in_its_group() -> None:
    assert GROUP.plan("b") == B
    assert GROUP.plan("z") is None
    assert Catalog(1, {"hosting": GROUP}).group_of(B) == GROUP


@pytest.mark.parametrize(
    ("on", "expected"),
    [("2026-05-31", False), ("2026-06-01", True), ("2026-06-30", True), ("2026-07-01", False)],
)
def test_banner_is_shown_from_its_first_to_its_last_day_inclusive(on: str, expected: bool) -> None:
    june = banner(valid_from=day("2026-06-01"), valid_until=day("2026-06-30"))
    assert june.is_shown("hosting", day(on)) is expected
    assert banner().is_shown("hosting", day(on))


def test_banner_is_shown_for_its_groups_or_for_all() -> None:
    on = day("2026-06-16")
    assert banner(groups=("hosting",)).is_shown("hosting", on)
    assert not banner(groups=("mail",)).is_shown("hosting", on)


def test_first_matching_banner_is_shown() -> None:
    mail, all_groups = banner(groups=("mail",)), banner()
    catalog = Catalog(1, banners=(mail, all_groups, replace(all_groups, code="later")))
    assert catalog.banner("hosting", day("2026-06-16")) == all_groups
    assert Catalog(1).banner("hosting", day("2026-06-16")) is None


def test_banner_is_chosen_by_group_and_day() -> None:
    mail = banner(groups=("mail",), valid_from=day("2026-06-01"), valid_until=day("2026-06-30"))
    catalog = Catalog(1, banners=(mail,))
    assert catalog.banner("mail", day("2026-06-16")) == mail
    assert catalog.banner("mail", day("2026-07-01")) is None
    assert catalog.banner("hosting", day("2026-06-16")) is None


def test_empty_catalog_has_no_groups_plans_banners_or_seller() -> None:
    empty = Catalog(1)
    assert (dict(empty.groups), dict(empty.plans), dict(empty.seller)) == ({}, {}, {})
    assert (empty.banners, empty.offline) == ((), ())
