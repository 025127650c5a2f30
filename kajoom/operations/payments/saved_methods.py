"""Payment accounts saved at a provider for later payments: at most one for each client and provider."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kajoom.domain.audit import APPLICATION, Act
from kajoom.domain.order import CLIENT
from kajoom.domain.payment import SAVED_METHOD_ENDED, PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import PaymentProvider, ProviderResult
from kajoom.models.audit import record_act
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Attempt
from kajoom.models.saved_method import SavedMethod, saved_methods_by_token, saved_methods_of
from kajoom.operations import outbox
from kajoom.operations.transaction import transactional


def get_chargeable(invoice: Invoice, payment_choice: PaymentChoice) -> SavedMethod | None:
    """The saved account to charge; ``BusinessError`` with ``SAVED_METHOD_ENDED`` if the client may not use it."""
    if payment_choice.saved is None:
        return None
    method = db.session.get(SavedMethod, payment_choice.saved)
    if (
        method is None
        or method.ended_at
        or (method.client_id, method.provider) != (invoice.client_id, payment_choice.method)
    ):
        raise BusinessError(Refusal.SAVED_METHOD_ENDED)
    return method


def attach(attempt: Attempt, result: ProviderResult, at: datetime) -> None:
    """Save the account that an attempt was paid with, once its provider has named it.

    In the current transaction, with the client locked; another account at that provider ends.
    """
    if not attempt.awaits_saved_method or result.saved is None:
        return
    client_id, saved = attempt.invoice.client_id, result.saved
    for method in saved_methods_of(client_id):
        if method.provider == attempt.provider:
            if method.token == saved.token:
                attempt.saved_method = method
                return
            end_saved_method(method, at, CLIENT)
    db.session.flush()  # the unique index allows one at a time
    attempt.saved_method = SavedMethod(
        client_id=client_id, provider=attempt.provider, token=saved.token, label=saved.label, saved_at=at
    )
    record_act(Act.PAYMENT_ACCOUNT_SAVED, CLIENT, at, client_id=client_id, subject=attempt)


def detach(attempt: Attempt, result: ProviderResult, at: datetime) -> None:
    """Stop charging the saved account, which is tried once only: the client must approve the payment after all."""
    if attempt.saved_method is not None and result.reason == SAVED_METHOD_ENDED:
        end_saved_method(attempt.saved_method, at)
    attempt.saved_method = None


def end_saved_method(method: SavedMethod, at: datetime, actor: str = APPLICATION) -> None:
    """End an account's use in the current transaction, and enqueue its deletion at the provider."""
    if method.ended_at is None:
        method.ended_at = at
        record_act(Act.PAYMENT_ACCOUNT_ENDED, actor, at, client_id=method.client_id, subject=method)
        outbox.enqueue("forget", f"forget-{method.id}", at, saved_method=method.id)


@transactional
def remove(client_id: int, method_id: int, at: datetime) -> None:
    """Remove one of the client's saved accounts; doing it twice is harmless. ``LookupError`` for anybody else's."""
    method = db.session.get(SavedMethod, method_id)
    if method is None or method.client_id != client_id:
        raise LookupError(method_id)
    lock_client(client_id)
    end_saved_method(method, at, CLIENT)


def forget(method_id: int, providers: Mapping[str, PaymentProvider]) -> None:
    """Delete an ended account at its provider, unless another client pays with the same one.

    ``ProviderUnavailable`` when the provider cannot do it now, ``KeyError`` when it is no longer configured.
    """
    provider, token = _provider_and_token(method_id)
    if token and not _is_used(provider, token):
        providers[provider].delete_saved_account(token)
    _clear_token(method_id)


def check(method_id: int, providers: Mapping[str, PaymentProvider], at: datetime) -> None:
    """End an account that its provider no longer has; ``ProviderUnavailable`` and ``KeyError`` as in ``forget``."""
    provider, token = _provider_and_token(method_id)
    if token and not providers[provider].has_saved_account(token):
        _end_missing(method_id, at)


@transactional(read_only=True)
def _provider_and_token(method_id: int) -> tuple[str, str]:
    method = db.session.get_one(SavedMethod, method_id)
    return method.provider, method.token


@transactional(read_only=True)
def _is_used(provider: str, token: str) -> bool:
    return bool(saved_methods_by_token(provider, token))


@transactional
def _clear_token(method_id: int) -> None:
    db.session.get_one(SavedMethod, method_id).token = ""


@transactional
def _end_missing(method_id: int, at: datetime) -> None:
    method = db.session.get_one(SavedMethod, method_id)
    lock_client(method.client_id)
    end_saved_method(method, at)
