"""Staff change what a service is billed: its plan, amount, quantity or due date, from a day on and with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kajoom.domain.audit import Act
from kajoom.domain.catalog import CatalogPlan
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import check_reason
from kajoom.domain.terms_change import (
    OpenRenewal,
    TermsEffect,
    TermsFacts,
    TermsStatus,
    terms_effect,
)
from kajoom.models.audit import record_act
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.service import Service, client_id_of_service
from kajoom.models.service_snapshot import ServiceSnapshot, service_snapshot_of
from kajoom.models.terms_change import TermsChange, paid_until
from kajoom.operations import outbox
from kajoom.operations.billing import renewals
from kajoom.operations.billing.next_terms import (
    NextTerms,
    ask_for_package,
    drop_next_terms,
    next_terms_since,
    store_next_terms,
)
from kajoom.operations.billing.suspension import (
    is_suspended_until_paid,
    lift_as_nothing_is_owed,
    settle_void_renewal,
)
from kajoom.operations.billing.typed_terms import TermsInput, check_amounts, read_terms
from kajoom.operations.transaction import transactional


@dataclass(frozen=True, slots=True)
class TermsPreview:
    """What new terms would do to a service, with both plans."""

    service: ServiceSnapshot
    plan: CatalogPlan
    effect: TermsEffect


def preview_terms(client_id: int, service_id: int, typed: TermsInput, today: date) -> TermsPreview:
    """What new terms would do; nothing is written.

    Raises ``BusinessError`` as ``change_terms``, ``LookupError`` for a service that is not the client's.
    """
    snapshot = service_snapshot_of(client_id, service_id, today)
    service = db.session.get(Service, service_id)
    if snapshot is None or service is None:
        raise LookupError(service_id)
    plan, request = read_terms(snapshot, typed, today)
    effect = terms_effect(_facts(snapshot, service), request, today)
    check_amounts(snapshot, effect, today)
    return TermsPreview(snapshot, plan, effect)


@transactional
def change_terms(
    service_id: int,
    typed: TermsInput,
    reason: str,
    actor: str,
    today: date,
    at: datetime,
    seen_digest: str | None = None,
) -> TermsChange:
    """Change the terms of a service, void and issue anew its unpaid renewal where they apply to it, and write to the
    client.

    ``seen_digest`` is that of the effect that was shown. Raises ``BusinessError`` as ``terms_effect``, with
    ``UNKNOWN_PLAN``, ``NO_PRICE``, ``NOT_AN_AMOUNT``, ``NOT_A_QUANTITY``, ``NOT_A_DAY``, ``NO_REASON``, and with
    ``CHANGED_SINCE`` when the effect is another one by now; ``LookupError`` for an unknown service.
    """
    client = lock_client(client_id_of_service(service_id))
    preview = preview_terms(client.id, service_id, typed, today)
    if seen_digest not in {None, preview.effect.digest}:
        raise BusinessError(StaffRefusal.CHANGED_SINCE)
    service = db.session.get_one(Service, service_id)
    change = _new_change(service, preview, check_reason(reason), actor, at)
    _store(service, change, actor, at)
    _void_renewals(service, preview.effect, at)
    _apply(service, change, preview, at)
    _issue_anew(service, preview.effect, today, at)
    outbox.enqueue("email", f"terms_changed-{change.id}", at, email="terms_changed", terms=change.id)
    return change


def _store(service: Service, change: TermsChange, actor: str, at: datetime) -> None:
    """Add the change to the history and to the audit, in place of one that was planned."""
    drop_next_terms(service)
    db.session.add(change)
    db.session.flush()  # assigns the id that the audit, the task and the e-mail refer to
    record_act(Act.TERMS_CHANGED, actor, at, client_id=change.client_id, subject=change)


def _void_renewals(service: Service, effect: TermsEffect, at: datetime) -> None:
    """Void the unpaid renewal, and settle what it had brought about."""
    if effect.voided:
        renewals.void_renewals(service.id, at, effect.voids_since)
        settle_void_renewal(effect.voided, at)
    if effect.lifts_suspension:
        lift_as_nothing_is_owed(service, at)


def _issue_anew(service: Service, effect: TermsEffect, today: date, at: datetime) -> None:
    """Issue the next renewal when it takes the place of one that is void, or is due; the daily run issues others."""
    db.session.flush()
    if effect.reissues or (effect.due is not None and effect.due <= today):
        renewals.issue_next_renewal(service, today, at)


def _apply(service: Service, change: TermsChange, preview: TermsPreview, at: datetime) -> None:
    """Write the terms to the service, or plan them for its periods to come.

    The due date of a service at 0.00 is first moved to where it is now: with a price, the past would be billed.
    """
    effect, plan = preview.effect, preview.plan
    service.next_due_date, service.anchor_day = effect.due, effect.anchor
    if effect.applies_now:
        service.plan_id, service.quantity = plan.id, effect.after.quantity
        service.recurring_cents = effect.after.recurring.cents
        ask_for_package(change, at)
    elif effect.after != effect.before:
        after = effect.after
        store_next_terms(service, NextTerms(plan.id, after.cycle, after.recurring.cents, after.quantity), effect.since)


def _new_change(service: Service, preview: TermsPreview, reason: str, actor: str, at: datetime) -> TermsChange:
    effect = preview.effect
    is_planned = not effect.applies_now and effect.after != effect.before
    return TermsChange(
        service_id=service.id,
        client_id=service.client_id,
        status=TermsStatus.PLANNED if is_planned else TermsStatus.IN_FORCE,
        at=at,
        actor=actor[:100],
        reason=reason,
        since=effect.since,
        cycle=service.cycle,
        currency=service.currency,
        from_plan_id=service.plan_id,
        to_plan_id=preview.plan.id,
        from_cents=effect.before.recurring.cents,
        to_cents=effect.after.recurring.cents,
        from_quantity=effect.before.quantity,
        to_quantity=effect.after.quantity,
        due_before=effect.due_before,
        due_after=effect.due,
        renewal_cents=effect.renewal.cents if effect.renewal is not None else None,
        voided_renewal=effect.voided,
    )


def _facts(snapshot: ServiceSnapshot, service: Service) -> TermsFacts:
    unpaid, renewal = snapshot.unpaid_renewal, None
    if unpaid is not None:
        renewal = OpenRenewal(unpaid.number, unpaid.period_start, bool(unpaid.received), unpaid.is_being_paid)
    return TermsFacts(
        terms=snapshot.terms,
        due=snapshot.due,
        anchor=snapshot.anchor,
        taxation=snapshot.taxation,
        status=snapshot.status,
        version=snapshot.version,
        open_order=snapshot.open_order,
        is_cancelling=snapshot.open_cancellation is not None,
        renewal=renewal,
        paid_until=paid_until(snapshot.id),
        planned_since=next_terms_since(service),
        is_suspended=is_suspended_until_paid(service),
    )
