"""An account is saved because its client asked for it, and ended because they did or it is honoured no more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kajoom.gateways.ports import PaymentProvider, SavedAccount
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.payment import Attempt
from kajoom.models.saved_method import SavedMethod, saved_methods_by_token, saved_methods_of
from kajoom.operations import outbox
from kajoom.operations.transaction import transactional


def keep(attempt: Attempt, saved: SavedAccount, at: datetime) -> None:
    """Within the commit under way, note the account that was saved with a payment; another one of the client's at the
    same provider ends. The client is locked by the caller."""
    client_id = attempt.invoice.client_id
    for method in saved_methods_of(client_id):
        if method.provider == attempt.provider:
            if method.token == saved.token:
                attempt.saved_method = method
                return
            end(method, at)
    db.session.flush()  # one at a time, says the index
    attempt.saved_method = SavedMethod(
        client_id=client_id, provider=attempt.provider, token=saved.token, label=saved.label, saved_at=at
    )


def end(method: SavedMethod, at: datetime) -> None:
    """Within the commit under way, let an account be of no more use, and have its provider forget it."""
    if method.ended_at is None:
        method.ended_at = at
        outbox.enqueue("forget", f"forget-{method.id}", at, saved_method=method.id)


@transactional
def remove(client_id: int, method_id: int, at: datetime) -> None:
    """Remove an account of the client's own, once however often it is asked; ``LookupError`` for anybody else's."""
    method = db.session.get(SavedMethod, method_id)
    if method is None or method.client_id != client_id:
        raise LookupError(method_id)
    lock_client(client_id)
    end(method, at)


def forget(method_id: int, providers: Mapping[str, PaymentProvider]) -> None:
    """Have the provider of an ended account forget it, unless another client pays with the same.

    ``ProviderUnavailable`` when that cannot be done now, ``KeyError`` when the provider is no longer there.
    """
    provider, token = _name_of(method_id)
    if token and not _is_of_use(provider, token):
        providers[provider].delete_saved_account(token)
    _blank(method_id)


def check(method_id: int, providers: Mapping[str, PaymentProvider], at: datetime) -> None:
    """End an account that its provider has forgotten; ``ProviderUnavailable`` and ``KeyError`` as in ``forget``."""
    provider, token = _name_of(method_id)
    if token and not providers[provider].has_saved_account(token):
        _lost(method_id, at)


@transactional
def _name_of(method_id: int) -> tuple[str, str]:
    method = db.session.get_one(SavedMethod, method_id)
    return method.provider, method.token


@transactional
def _is_of_use(provider: str, token: str) -> bool:
    return bool(saved_methods_by_token(provider, token))


@transactional
def _blank(method_id: int) -> None:
    db.session.get_one(SavedMethod, method_id).token = ""


@transactional
def _lost(method_id: int, at: datetime) -> None:
    method = db.session.get_one(SavedMethod, method_id)
    lock_client(method.client_id)
    end(method, at)
