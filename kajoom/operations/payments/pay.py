"""Being paid: a provider is asked with no transaction open, looked up before any retry, and believed once recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kajoom.domain.payment import GIVEN_UP, OPEN, AttemptStatus, Means
from kajoom.domain.refusal import Refusal, Refused
from kajoom.gateways.ports import Answer, Charge, PaymentProvider
from kajoom.operations import outbox
from kajoom.operations.payments.attempts import asked_about, begin, claim, drop, message_of, record, unsettled

_SOON = timedelta(seconds=5)


def pay(
    invoice_id: int, providers: Mapping[str, PaymentProvider], means: Means, at: datetime, return_url: str = ""
) -> Answer:
    """Pay an invoice's balance by ``means``; the outcome is recorded before it is returned.

    Where the client must approve elsewhere, the answer's ``approve_url`` leads there and ``return_url`` back. An
    earlier attempt that is not settled is looked up first: by the same means it goes on, by others it is given up.
    ``Refused`` with ``PAYMENT_PENDING`` if nobody knows yet, with ``SAVED_METHOD_ENDED`` for an account that is of no
    more use. ``KeyError`` for a method that is not offered.
    """
    provider = providers[means.method]
    earlier = unsettled(invoice_id, at)
    if earlier is not None:
        known = (_ask if _is_by(earlier, means) else _end)(earlier, providers, at)
        if known.status is AttemptStatus.CAPTURED or known.approve_url:
            return known
        if known.status in OPEN:
            raise Refused(Refusal.PAYMENT_PENDING)
    charge = begin(invoice_id, means, return_url, at)
    return Answer(AttemptStatus.CAPTURED) if charge is None else _go_on(charge, provider.charge(charge), provider, at)


def verify(invoice_id: int, providers: Mapping[str, PaymentProvider], at: datetime) -> Answer | None:
    """Ask what became of the attempt that is not settled, and finish it if the client has approved; ``None`` when
    there is none. ``Refused`` with ``PAYMENT_PENDING`` while it is on its way."""
    charge = unsettled(invoice_id, at)
    return None if charge is None else _ask(charge, providers, at)


def give_up(invoice_id: int, providers: Mapping[str, PaymentProvider], at: datetime) -> None:
    """End the attempt that is not settled, unless it had succeeded; ``Refused`` with ``PAYMENT_PENDING`` if nobody
    knows. What its client may still approve is never captured."""
    charge = unsettled(invoice_id, at)
    if charge is not None and _end(charge, providers, at).status in OPEN:
        raise Refused(Refusal.PAYMENT_PENDING)


def follow_up(
    key: str, providers: Mapping[str, PaymentProvider], at: datetime, *, again: bool = False
) -> Answer | None:
    """Ask what became of an attempt and see it through; the answer while it must be asked again, else ``None``.

    ``again`` asks also about one that was refused or given up: money may have come after all, and is then recorded,
    but nothing is taken for it. ``Refused`` with ``PAYMENT_PENDING`` while another asks. ``KeyError`` for a provider
    that is no longer there.
    """
    asked = asked_about(key, at, again)
    if asked is None:
        return None
    charge, is_over = asked
    provider = providers[charge.provider]
    answer = provider.look_up(charge)
    if not is_over:
        answer = _go_on(charge, answer, provider, at)
        return answer if answer.status in OPEN else None
    record(key, answer, at)
    return answer if answer.status in OPEN and not answer.is_untaken else None


def _is_by(charge: Charge, means: Means) -> bool:
    """Whether a charge is paid by these very means."""
    asked = means.method, means.saves, means.saved is not None
    return (charge.provider, charge.saves, bool(charge.saved)) == asked


def _provider_of(charge: Charge, providers: Mapping[str, PaymentProvider]) -> PaymentProvider:
    if charge.provider not in providers:
        raise Refused(Refusal.PAYMENT_PENDING)  # no longer configured: only a person can tell
    return providers[charge.provider]


def _ask(charge: Charge, providers: Mapping[str, PaymentProvider], at: datetime) -> Answer:
    provider = _provider_of(charge, providers)
    return _go_on(charge, provider.look_up(charge), provider, at)


def _end(charge: Charge, providers: Mapping[str, PaymentProvider], at: datetime) -> Answer:
    """Give an attempt up unless it had succeeded; what is known of it then."""
    answer = _provider_of(charge, providers).look_up(charge)
    if not answer.is_untaken:
        return _settle(charge, answer, at)
    drop(charge, at)
    return Answer(AttemptStatus.REFUSED, answer.provider_ref, reason=GIVEN_UP)


def _go_on(charge: Charge, answer: Answer, provider: PaymentProvider, at: datetime) -> Answer:
    """Record an answer, and where the client has approved take the money."""
    if answer.approval:
        charge = claim(charge, answer, at)
        answer = provider.capture(charge)
    return _settle(charge, answer, at)


def _settle(charge: Charge, answer: Answer, at: datetime) -> Answer:
    """Record an answer, and have a lost one asked for again in a few seconds; a client who approves takes longer."""
    if not record(charge.key, answer, at, charge.version) and not answer.approve_url:
        outbox.hasten(message_of(charge), at + _SOON)
    return answer
