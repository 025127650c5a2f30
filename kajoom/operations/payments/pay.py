"""Paying an invoice through a provider.

No transaction is open while a provider is called, an attempt whose answer was lost is looked up before another is
made, and a result counts once it is recorded. The transactions are in ``attempts`` and ``claims``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kajoom.domain.payment import GIVEN_UP, INVOICE_CHANGED, OPEN, AttemptStatus, PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ChargeRequest, PaymentProvider, ProviderResult
from kajoom.operations import outbox
from kajoom.operations.payments.attempts import (
    get_for_follow_up,
    get_unsettled,
    record_result,
    settle_message_key,
    start_attempt,
)
from kajoom.operations.payments.claims import abandon, claim_capture

Providers = Mapping[str, PaymentProvider]

# How soon the worker looks up an attempt whose answer was lost.
_SOON = timedelta(seconds=5)


def pay(
    invoice_id: int, providers: Providers, payment_choice: PaymentChoice, at: datetime, return_url: str = ""
) -> ProviderResult:
    """Pay an invoice's balance by ``payment_choice``; the result is recorded before it is returned.

    Where the client must approve on the provider's site, the result's ``approve_url`` is that page, and
    ``return_url`` the page to come back to. An open attempt is looked up first: with the same payment choice, and while
    the invoice owes its amount, it goes on; otherwise it is abandoned and another one made. ``BusinessError`` with
    ``PAYMENT_PENDING`` if its outcome is not known, and with ``SAVED_METHOD_ENDED`` for an account that can no longer
    be charged. ``KeyError`` for a method not offered.
    """
    provider = providers[payment_choice.method]
    started = start_attempt(invoice_id, payment_choice, return_url, at)
    if started is not None and not started.is_new:
        goes_on = started.is_owed and _has_same_choice(started.charge, payment_choice)
        resume = _look_up_attempt if goes_on else _abandon_attempt
        known = resume(started.charge, providers, at)
        if known.status is AttemptStatus.CAPTURED or known.approve_url:
            return known
        if known.status in OPEN:
            raise BusinessError(Refusal.PAYMENT_PENDING)
        started = start_attempt(invoice_id, payment_choice, return_url, at)
    if started is None:
        return ProviderResult(AttemptStatus.CAPTURED)
    charge = started.charge
    if not started.is_new:  # another process was faster
        raise BusinessError(Refusal.PAYMENT_PENDING)
    return _capture_if_approved(charge, provider.charge(charge), provider, at)


def verify(invoice_id: int, providers: Providers, at: datetime) -> ProviderResult | None:
    """Look up an invoice's open attempt, and capture it if the client has approved; ``None`` when there is none.

    ``BusinessError`` with ``PAYMENT_PENDING`` while a request for its money is in flight.
    """
    charge = get_unsettled(invoice_id, at)
    return None if charge is None else _look_up_attempt(charge, providers, at)


def give_up(invoice_id: int, providers: Providers, at: datetime) -> None:
    """Abandon an invoice's open attempt, or record its money if it had succeeded.

    What the client approves afterwards is never captured. ``BusinessError`` with ``PAYMENT_PENDING`` if the outcome
    of the attempt is not known.
    """
    charge = get_unsettled(invoice_id, at)
    if charge is not None and _abandon_attempt(charge, providers, at).status in OPEN:
        raise BusinessError(Refusal.PAYMENT_PENDING)


def follow_up(key: str, providers: Providers, at: datetime, *, again: bool = False) -> ProviderResult | None:
    """Look an attempt up and finish it; the result while it must be looked up again later, otherwise ``None``.

    With ``again`` a settled attempt is looked up too: its money may have come after all and is then recorded, but
    nothing more is captured. ``BusinessError`` with ``PAYMENT_PENDING`` while a request for its money is in flight.
    ``KeyError`` for a provider that is no longer configured.
    """
    found = get_for_follow_up(key, at, again)
    if found is None:
        return None
    charge, is_settled = found
    provider = providers[charge.provider]
    result = provider.look_up(charge)
    if not is_settled:
        result = _capture_if_approved(charge, result, provider, at)
        return result if result.status in OPEN else None
    record_result(key, result, at)
    return result if result.status in OPEN and not result.is_not_captured else None


def _has_same_choice(charge: ChargeRequest, payment_choice: PaymentChoice) -> bool:
    """Whether a charge is paid with the same method, saved account or not, and saving it or not."""
    choice = payment_choice.method, payment_choice.save_method, payment_choice.saved is not None
    return (charge.provider, charge.save_method, bool(charge.saved)) == choice


def _provider_of(charge: ChargeRequest, providers: Providers) -> PaymentProvider:
    """The provider of a charge; ``BusinessError`` with ``PAYMENT_PENDING`` when it is no longer configured."""
    if charge.provider not in providers:
        raise BusinessError(Refusal.PAYMENT_PENDING)
    return providers[charge.provider]


def _look_up_attempt(charge: ChargeRequest, providers: Providers, at: datetime) -> ProviderResult:
    """Ask the provider for an attempt's state, and capture it if the client has approved."""
    provider = _provider_of(charge, providers)
    return _capture_if_approved(charge, provider.look_up(charge), provider, at)


def _abandon_attempt(charge: ChargeRequest, providers: Providers, at: datetime) -> ProviderResult:
    """Abandon an attempt of which nothing was taken; otherwise record what its provider reports.

    A provider that does not answer has taken nothing if the money was never asked for: it is asked by our capture
    only, which is claimed before, and a claim comes too late once the attempt is abandoned.
    """
    provider = _provider_of(charge, providers)
    result = provider.look_up(charge)
    was_requested = charge.is_claimed or not provider.needs_approval
    is_unanswered = result.status is AttemptStatus.UNKNOWN and not result.provider_ref
    if not result.is_not_captured and (was_requested or not is_unanswered):
        return _record_and_schedule(charge, result, at)
    abandon(charge, at, was_requested=was_requested)
    return ProviderResult(AttemptStatus.REFUSED, result.provider_ref, reason=GIVEN_UP)


def _capture_if_approved(
    charge: ChargeRequest, result: ProviderResult, provider: PaymentProvider, at: datetime
) -> ProviderResult:
    """Capture the money if the client has approved it and the invoice still owes it, and record the result."""
    if result.approval:
        claimed = claim_capture(charge, result, at)
        if claimed is None:
            return ProviderResult(AttemptStatus.REFUSED, result.provider_ref, reason=INVOICE_CHANGED)
        charge, result = claimed, provider.capture(claimed)
    return _record_and_schedule(charge, result, at)


def _record_and_schedule(charge: ChargeRequest, result: ProviderResult, at: datetime) -> ProviderResult:
    """Record a result; if it settles nothing, have the worker look it up soon, unless the client is to approve it."""
    if not record_result(charge.key, result, at, charge.version) and not result.approve_url:
        outbox.reschedule_message(settle_message_key(charge), at + _SOON)
    return result
