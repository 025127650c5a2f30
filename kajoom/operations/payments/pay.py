"""Being paid: a provider is asked with no transaction open, looked up before any retry, and believed once recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kajoom.domain.payment import GIVEN_UP, OPEN, AttemptStatus, PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ChargeRequest, PaymentProvider, ProviderResult
from kajoom.operations import outbox
from kajoom.operations.payments.attempts import (
    abandon,
    claim_capture,
    get_for_follow_up,
    get_unsettled,
    record_result,
    settle_message_key,
    start_attempt,
)

_SOON = timedelta(seconds=5)


def pay(
    invoice_id: int,
    providers: Mapping[str, PaymentProvider],
    payment_choice: PaymentChoice,
    at: datetime,
    return_url: str = "",
) -> ProviderResult:
    """Pay an invoice's balance by ``payment_choice``; the outcome is recorded before it is returned.

    Where the client must approve elsewhere, the answer's ``approve_url`` leads there and ``return_url`` back. An
    earlier attempt that is not settled is looked up first: by the same means it goes on, by others it is given up.
    ``BusinessError`` with ``PAYMENT_PENDING`` if nobody knows yet, with ``SAVED_METHOD_ENDED`` for an account that
    is of no more use. ``KeyError`` for a method that is not offered.
    """
    provider = providers[payment_choice.method]
    earlier = get_unsettled(invoice_id, at)
    if earlier is not None:
        known = (_ask if _is_by(earlier, payment_choice) else _end)(earlier, providers, at)
        if known.status is AttemptStatus.CAPTURED or known.approve_url:
            return known
        if known.status in OPEN:
            raise BusinessError(Refusal.PAYMENT_PENDING)
    charge = start_attempt(invoice_id, payment_choice, return_url, at)
    return (
        ProviderResult(AttemptStatus.CAPTURED)
        if charge is None
        else _go_on(charge, provider.charge(charge), provider, at)
    )


def verify(invoice_id: int, providers: Mapping[str, PaymentProvider], at: datetime) -> ProviderResult | None:
    """Ask what became of the attempt that is not settled, and finish it if the client has approved; ``None`` when
    there is none. ``BusinessError`` with ``PAYMENT_PENDING`` while it is on its way."""
    charge = get_unsettled(invoice_id, at)
    return None if charge is None else _ask(charge, providers, at)


def give_up(invoice_id: int, providers: Mapping[str, PaymentProvider], at: datetime) -> None:
    """End the attempt that is not settled, unless it had succeeded; ``BusinessError`` with ``PAYMENT_PENDING`` if
    nobody knows. What its client may still approve is never captured."""
    charge = get_unsettled(invoice_id, at)
    if charge is not None and _end(charge, providers, at).status in OPEN:
        raise BusinessError(Refusal.PAYMENT_PENDING)


def follow_up(
    key: str, providers: Mapping[str, PaymentProvider], at: datetime, *, again: bool = False
) -> ProviderResult | None:
    """Ask what became of an attempt and see it through; the answer while it must be asked again, else ``None``.

    ``again`` asks also about one that was refused or given up: money may have come after all, and is then recorded,
    but nothing is taken for it. ``BusinessError`` with ``PAYMENT_PENDING`` while another asks. ``KeyError`` for a
    provider that is no longer there.
    """
    asked = get_for_follow_up(key, at, again)
    if asked is None:
        return None
    charge, is_over = asked
    provider = providers[charge.provider]
    result = provider.look_up(charge)
    if not is_over:
        result = _go_on(charge, result, provider, at)
        return result if result.status in OPEN else None
    record_result(key, result, at)
    return result if result.status in OPEN and not result.is_not_captured else None


def _is_by(charge: ChargeRequest, payment_choice: PaymentChoice) -> bool:
    """Whether a charge is paid by these very means."""
    asked = payment_choice.method, payment_choice.save_method, payment_choice.saved is not None
    return (charge.provider, charge.save_method, bool(charge.saved)) == asked


def _provider_of(charge: ChargeRequest, providers: Mapping[str, PaymentProvider]) -> PaymentProvider:
    if charge.provider not in providers:
        raise BusinessError(Refusal.PAYMENT_PENDING)  # no longer configured: only a person can tell
    return providers[charge.provider]


def _ask(charge: ChargeRequest, providers: Mapping[str, PaymentProvider], at: datetime) -> ProviderResult:
    provider = _provider_of(charge, providers)
    return _go_on(charge, provider.look_up(charge), provider, at)


def _end(charge: ChargeRequest, providers: Mapping[str, PaymentProvider], at: datetime) -> ProviderResult:
    """Give an attempt up unless it had succeeded; what is known of it then."""
    result = _provider_of(charge, providers).look_up(charge)
    if not result.is_not_captured:
        return _settle(charge, result, at)
    abandon(charge, at)
    return ProviderResult(AttemptStatus.REFUSED, result.provider_ref, reason=GIVEN_UP)


def _go_on(charge: ChargeRequest, result: ProviderResult, provider: PaymentProvider, at: datetime) -> ProviderResult:
    """Record an answer, and where the client has approved take the money."""
    if result.approval:
        charge = claim_capture(charge, result, at)
        result = provider.capture(charge)
    return _settle(charge, result, at)


def _settle(charge: ChargeRequest, result: ProviderResult, at: datetime) -> ProviderResult:
    """Record an answer, and have a lost one asked for again in a few seconds; a client who approves takes longer."""
    if not record_result(charge.key, result, at, charge.version) and not result.approve_url:
        outbox.reschedule_message(settle_message_key(charge), at + _SOON)
    return result
