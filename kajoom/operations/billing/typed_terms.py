"""New terms of a service as staff type them, read into the terms that are asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from kajoom.domain.catalog import CatalogPlan
from kajoom.domain.cycle import parse_day
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.staff_input import parse_amount_or_zero
from kajoom.domain.terms import Terms
from kajoom.domain.terms_change import TermsEffect, TermsRequest
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.billing.prices import price_of
from kajoom.operations.files.amounts import MAX_CENTS

TODAY, AT_DUE = "today", "due"
"""The words for the first day of new terms."""

_QUANTITY = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TermsInput:
    """New terms as staff type them; an empty text leaves what it is about.

    ``plan`` is a code, or "group/code" in a group whose plans may follow the present one.

    ``price`` is the amount of a cycle before tax, for the whole quantity: without it, that of the catalogue for another
    plan, and the present one in proportion for another quantity. ``first_day`` is a day, ``TODAY`` or ``AT_DUE``.
    """

    plan: str = ""
    price: str = ""
    quantity: str = ""
    due: str = ""
    first_day: str = AT_DUE


def read_terms(snapshot: ServiceSnapshot, typed: TermsInput, today: date) -> tuple[CatalogPlan, TermsRequest]:
    """The plan and the terms that staff typed, with the price that follows from them where they typed none.

    Raises ``BusinessError`` with ``UNKNOWN_PLAN``, ``NO_PRICE``, ``NOT_AN_AMOUNT``, ``NOT_A_QUANTITY`` or
    ``NOT_A_DAY``.
    """
    plan, current = _plan(snapshot, typed.plan), snapshot.terms
    quantity = _quantity(typed.quantity) if typed.quantity else current.quantity
    if typed.price:
        price = parse_amount_or_zero(typed.price, current.recurring.currency)
    else:
        price = _price(snapshot, plan, quantity)
    terms = Terms(plan.code, plan.group, current.cycle, price, quantity)
    due = _day(typed.due) if typed.due else None
    return plan, TermsRequest(terms, _first_day(typed.first_day, due or snapshot.due, today), due)


def _plan(snapshot: ServiceSnapshot, code: str) -> CatalogPlan:
    plan = snapshot.catalog.plan_named(code, snapshot.group.code) if code else snapshot.plan
    if plan is None or plan.group not in {group.code for group in snapshot.groups}:
        raise BusinessError(Refusal.UNKNOWN_PLAN, plan=code)
    return plan


def _price(snapshot: ServiceSnapshot, plan: CatalogPlan, quantity: int) -> Money:
    current = snapshot.terms
    if plan.id == snapshot.plan.id or not current.months:
        share = Fraction(quantity, current.quantity) if current.months else 1
        return current.recurring * share
    price = price_of(snapshot, plan, current.cycle, quantity)
    if price is None:
        raise BusinessError(StaffRefusal.NO_PRICE, plan=plan.code)
    return price


def plans_to_choose(snapshot: ServiceSnapshot) -> list[CatalogPlan]:
    """The plans that staff may give a service: all of its group, and those on sale of the groups that may follow."""
    plans = (plan for group in snapshot.groups for plan in group.plans)
    return [plan for plan in plans if plan.group == snapshot.group.code or not plan.withdrawn]


def check_amounts(snapshot: ServiceSnapshot, effect: TermsEffect, today: date) -> None:
    """``TOO_LARGE`` when what a later change of the service could come to is too large for an invoice."""
    terms = effect.after
    dearest = snapshot.catalog.highest_price(terms.group, terms.recurring.currency)
    cycles = 1 + (effect.due - today).days // (28 * terms.months) if effect.due and terms.months else 1
    if max(dearest * terms.quantity, terms.recurring.cents) * cycles > MAX_CENTS:
        raise BusinessError(StaffRefusal.TOO_LARGE)


def _quantity(text: str) -> int:
    if not _QUANTITY.fullmatch(text.strip()):
        raise BusinessError(StaffRefusal.NOT_A_QUANTITY, quantity=text[:40])
    return int(text)


def _first_day(text: str, due: date | None, today: date) -> date:
    """The first day of the new terms: ``AT_DUE`` is the due date once moved, and today without one."""
    if text == TODAY:
        return today
    return due or today if text == AT_DUE else _day(text)


def _day(text: str) -> date:
    try:
        return parse_day(text.strip())
    except ValueError:
        raise BusinessError(StaffRefusal.NOT_A_DAY, day=text[:40]) from None
