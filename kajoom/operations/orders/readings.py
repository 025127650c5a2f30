"""What a panel shows of an account just before its change: the change may be made, or a person must look at it."""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.order import PANEL, OrderEvent, OrderStatus, ReviewReason
from kajoom.domain.staff_input import one_line
from kajoom.domain.usage import Fit, combined_usage, fit
from kajoom.gateways.panel_port import AccountStatus, PanelReading
from kajoom.models.day import local_day
from kajoom.models.order import Order, packages_of_service
from kajoom.models.usage import write_measures
from kajoom.operations.billing import renewals
from kajoom.operations.orders.provisioning import flag_for_review, lock_order, start_provisioning
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
        flag_for_review(order, at, PANEL, reason, one_line(package))
        if reason is ReviewReason.OVER_LIMITS:
            renewals.replace_renewals(order, local_day(at), at)
    elif not fits.known:
        order.needs_person, order.delay = True, order.delay or order.to_plan.group.delay
        start_provisioning(order, at)
    return not order.needs_person


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
