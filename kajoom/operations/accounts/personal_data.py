"""Law 25: a client's copy of what is held about them, and the erasure of a client whom nothing is open with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kajoom.domain.audit import Act
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.audit import record_act
from kajoom.models.personal_data import erase_rows_of_client, open_matters_of, rows_of_client
from kajoom.models.saved_method import saved_methods_of
from kajoom.operations.accounts.access import lock_client_of
from kajoom.operations.accounts.sessions import end_sessions
from kajoom.operations.payments.saved_methods import end_saved_method
from kajoom.operations.transaction import transactional


@transactional
def export_client(email: str, actor: str, at: datetime) -> dict[str, Any]:
    """Every row that is held about a client, by table, without what opens their account; the export is audited.

    ``BusinessError`` with ``NO_CLIENT`` for an address that is no client's.
    """
    client = lock_client_of(email)
    record_act(Act.CLIENT_EXPORTED, actor, at, client_id=client.id)
    return {"exported_at": at.isoformat(), **rows_of_client(client.id)}


@transactional
def erase_client(email: str, actor: str, at: datetime) -> int:
    """Erase the person: who and where the client is, how they sign in, and what was written about them; returns the id.

    Documents, payments and account credit stay, as the law demands of the host; the e-mail address on them goes. Saved
    payment accounts end, and a worker deletes them at their provider. Raises ``BusinessError`` with ``NO_CLIENT``, and
    with ``STILL_OPEN`` when something is not closed: ``open`` in its details names all of it.
    """
    client = lock_client_of(email)
    matters = open_matters_of(client.id)
    if matters:
        raise BusinessError(StaffRefusal.STILL_OPEN, email=email, open=[" ".join(each) for each in matters])
    for method in saved_methods_of(client.id):
        end_saved_method(method, at, actor)
    end_sessions(client, at)
    erase_rows_of_client(client)
    record_act(Act.CLIENT_ERASED, actor, at, client_id=client.id)
    return client.id
