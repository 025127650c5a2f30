"""What a panel shows of an account just before its change: the change may be made, or a person must look at it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from kajoom.domain.order import CALENDAR, PANEL, OrderEvent, OrderStatus, ReviewReason
from kajoom.domain.quote import Decision
from kajoom.domain.staff_input import one_line
from kajoom.domain.usage import Fit, combined_usage, fit
from kajoom.gateways.panel_port import AccountStatus, PanelReading
from kajoom.models.day import local_day
from kajoom.models.order import Order, orders_over_limits, packages_of_service
from kajoom.models.usage import write_measures
from kajoom.operations import outbox, tasks
from kajoom.operations.billing import renewals
from kajoom.operations.orders.provisioning import (
    flag_for_review,
    lock_order,
    provision_key,
    start_provisioning,
)
from kajoom.operations.transaction import transactional


@transactional
def may_change(order_id: int, reading: PanelReading, at: datetime) -> bool:
    """Whether the panel may be asked for a change, after the account was read; its usage is stored.

    A change that is not possible is handed to a person, and nothing is asked of the panel: the account does not exist,
    somebody has changed its package meanwhile, it uses more than the new plan allows, or its usage is not known.
    """
    order = lock_order(order_id)
    if order.status is not OrderStatus.AWAITING_PROVISIONING or order.needs_person:
        return False
    if reading.usage:
        write_measures({order.service_id: reading.usage}, at)
    fits = _fit(order, reading, at)
    reason = _review_reason(order, reading, fits)
    if reason is not None:
        package = reading.package if reason is ReviewReason.PACKAGE_CHANGED else ""
        _hand_over(order, reason, one_line(package), at)
    elif not fits.known:
        order.needs_person, order.delay = True, order.delay or order.to_plan.group.delay
        start_provisioning(order, at)
    return not order.needs_person


def _hand_over(order: Order, reason: ReviewReason, note: str, at: datetime) -> None:
    """Hand a change to a person; the current terms are billed again when it could not be made on its day."""
    is_on_its_day = reason is ReviewReason.OVER_LIMITS and order.decision is not Decision.NOW
    flag_for_review(order, at, CALENDAR if is_on_its_day else PANEL, reason, note)
    if is_on_its_day:
        renewals.replace_renewals(order, local_day(at), at)


@transactional
def resume_change(order_id: int, at: datetime) -> None:
    """Have the panel asked again for an immediate change that was over the limits, once what was measured fits.

    A scheduled one stays with staff: its period may have been billed at the current price meanwhile.
    """
    order = lock_order(order_id)
    is_held = order.status is OrderStatus.AWAITING_PROVISIONING and order.needs_person
    if not is_held or order.review_reason is not ReviewReason.OVER_LIMITS or order.decision is not Decision.NOW:
        return
    fits = fit(order.service.usage_on(local_day(at)), order.to_plan.limits, order.service.plan.limits)
    if fits.over or not fits.known:
        return
    order.needs_person, order.review_reason = False, None
    tasks.close_order_tasks(order.id, PANEL, at, "fits")
    outbox.restart("provision", provision_key(order.reference), at, order=order.id)


@transactional(read_only=True)
def changes_over_limits(service_ids: Collection[int]) -> list[int]:
    """The ids of the orders of services that wait for a usage within the limits of their plan."""
    return orders_over_limits(service_ids)


def _fit(order: Order, reading: PanelReading, at: datetime) -> Fit:
    usage = combined_usage(order.service.usage_on(local_day(at)), reading.usage)
    return fit(usage, order.to_plan.limits, order.service.plan.limits)


def _review_reason(order: Order, reading: PanelReading, fits: Fit) -> ReviewReason | None:
    """Why a person must look at the change, ``None`` when the panel shows nothing against it."""
    if reading.status is AccountStatus.MISSING:
        return ReviewReason.ACCOUNT_MISSING
    if reading.package and one_line(reading.package) not in _expected_packages(order):
        return ReviewReason.PACKAGE_CHANGED
    return ReviewReason.OVER_LIMITS if fits.over else None


def _expected_packages(order: Order) -> set[str]:
    """The packages that the account may have before the change.

    They are those of the current and of the new plan, and of earlier changes of the service here; and any other that
    staff saw in a review before they had the panel asked again.
    """
    seen = {step.note for step in order.history if step.event is OrderEvent.NEEDS_REVIEW}
    return seen | packages_of_service(order.service_id)
