"""What panels report of requests: stored once, then found by the worker when it asks again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from kajoom.gateways.panel_port import PanelCallback, PanelResult, PanelStatus
from kajoom.gateways.ports import InvalidSignature
from kajoom.models.outbox import lock_message, message_by_key
from kajoom.models.panel_callback import add_panel_callback, last_panel_callback
from kajoom.operations import outbox
from kajoom.operations.transaction import transactional

log = logging.getLogger(__name__)

ReadCallback = Callable[[Mapping[str, str], bytes, datetime], PanelCallback]


class CallbackOutcome(StrEnum):
    """What became of a message; only one that was ``RECEIVED`` is stored."""

    RECEIVED = "received"
    INVALID_SIGNATURE = "invalid_signature"
    NOT_EXPECTED = "not_expected"


def receive_callback(read: ReadCallback, headers: Mapping[str, str], body: bytes, at: datetime) -> CallbackOutcome:
    """Verify a message of a panel by ``read`` and store it; ``NOT_EXPECTED`` when no server sends any."""
    try:
        callback = read(headers, body, at)
    except LookupError:
        return CallbackOutcome.NOT_EXPECTED
    except InvalidSignature as error:
        log.warning("a message of a panel was refused: %s", error)
        return CallbackOutcome.INVALID_SIGNATURE
    _store(callback, at)
    return CallbackOutcome.RECEIVED


@transactional
def _store(callback: PanelCallback, at: datetime) -> None:
    """Store a new report, and make the message that asks due now, also while a worker waits for the answer to it.

    That worker has then lost its lease: what it records next is the same as what the report says, or nothing.
    """
    result = callback.result
    if not add_panel_callback(callback.server, callback.id, callback.key, result.status, result.reason, at):
        return
    found = message_by_key(callback.key.partition(":")[0])
    message = lock_message(found.id) if found is not None else None
    if message is not None and message.done_at is None:
        outbox.restart(message.kind, message.key, at, **message.ids)


@transactional(read_only=True)
def answer_to(server: str, key: str) -> PanelResult | None:
    """What a server has last reported of the request with this key, ``None`` as long as it has not."""
    row = last_panel_callback(server, key)
    return None if row is None else PanelResult(PanelStatus(row.status), row.reason)
