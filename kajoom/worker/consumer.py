"""Handling messages one at a time: lease, act through a gateway with no transaction open, record the outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime

from flask import current_app

from kajoom import clock
from kajoom.domain.priority import Turns
from kajoom.domain.refusal import BusinessError
from kajoom.domain.staff_input import one_line
from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.gateways.ports import MailDelayed, MailRefused, ProviderUnavailable
from kajoom.models.db import begin_mode, db
from kajoom.models.lease import LeasedMessage
from kajoom.models.renewal import RenewalCursor
from kajoom.operations import daily, outbox
from kajoom.operations.billing import suspension_result
from kajoom.operations.orders import provisioning, removal
from kajoom.operations.orders.readings import may_change
from kajoom.operations.payments import pay, reconciliation, refunds, saved_methods
from kajoom.worker.email_staff import parts_to_write
from kajoom.worker.emails import email_for_message
from kajoom.worker.hosting import carry_out_suspension, remove_account
from kajoom.worker.provisioning import PanelUnavailable, carry_out
from kajoom.worker.still_pending import StillPending
from kajoom.worker.usage import measure

log = logging.getLogger(__name__)


_EXPECTED = (StillPending, MailDelayed, MailRefused, PanelUnavailable, ProviderUnavailable)


def handle(
    gateways: Gateways,
    message: LeasedMessage,
    at: datetime,
    turns: Turns,
    next_at: Callable[[], datetime | None],
) -> LeasedMessage | None:
    """Handle a message, and return the next one, which is leased in the commit that marks this one as done.

    ``turns`` are those of this worker.
    ``next_at``, called then, says when the next one is to be due, or ``None`` to lease none. None is leased either when
    nothing is due, or when the message could not be handled.
    """
    ids = {"message_id": message.id, "kind": message.kind, "attempt": message.attempts}
    try:
        with begin_mode(read_only=True):  # rendering an e-mail takes a while: writers need not wait for it
            is_sent = bool(_HANDLERS[message.kind](gateways, message, at))
    except Exception as error:
        # An error of one message must not stop the others.
        db.session.rollback()
        if not isinstance(error, _EXPECTED):
            log.exception("message failed", extra=ids)
        _record_error(message, error, at)
        return None
    following = outbox.mark_done(message.id, message.lease_token, at, next_at(), turns, is_sent=is_sent)
    log.info("message done", extra=ids)
    return following


def _record_error(message: LeasedMessage, error: Exception, at: datetime) -> None:
    """Retry the message later, or mark it as dead, and log which."""
    lease, reason = (message.id, message.lease_token, at), _describe(error)
    is_pending, is_dead = isinstance(error, StillPending), isinstance(error, MailRefused)
    if is_dead:
        outbox.dead_letter(*lease, reason)
    else:
        is_dead = outbox.retry_later(*lease, reason, is_pending=is_pending)
    ids = {"message_id": message.id, "kind": message.kind, "attempt": message.attempts, "reason": reason}
    if is_dead:
        log.error("message dead", extra=ids)
    else:
        log.log(logging.INFO if is_pending else logging.WARNING, "message retried later", extra=ids)


def _send(gateways: Gateways, message: LeasedMessage, at: datetime) -> bool:
    """Send an e-mail, and return whether there was something to send.

    One to several of the staff becomes a message for each, so that none is sent twice.
    """
    parts = parts_to_write(message.ids)
    if parts:
        db.session.rollback()
        outbox.split_email(message.key, message.ids, parts, at)
        return False
    email = email_for_message(message.ids, message.key, at)
    db.session.rollback()
    if email is not None:
        gateways.mailer.send(email)
        log.info("e-mail sent", extra={"message_id": message.id, "email": message.ids["email"]})
    return email is not None


def _provision(gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    order_id = message.ids["order"]
    change = provisioning.package_change_of(order_id)
    if change is None:
        return
    panel = gateways.panel_of(change.account.server)
    result = carry_out(panel, change, lambda reading: may_change(order_id, reading, at))
    if result is not None and not provisioning.record_panel_result(order_id, result, at):
        raise _not_done(result)


def _suspend(gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    service_id = message.ids["service"]
    request = suspension_result.suspension_request_of(service_id)
    if request is None:
        return
    result = carry_out_suspension(gateways.panel_of(request.account.server), request)
    if not suspension_result.record_suspension_result(service_id, request.no, result, at):
        raise _not_done(result)


def _remove(gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    service_id = message.ids["service"]
    account = removal.account_to_remove(service_id)
    if account is None:
        return
    result = remove_account(gateways.panel_of(account.server), account, message.key)
    if not removal.record_removal(service_id, result, at):
        raise _not_done(result)


def _not_done(result: PanelResult) -> Exception:
    """What says that the panel must be asked again; one that gave no answer counts as failing."""
    outcome = PanelUnavailable if result.status is PanelStatus.UNKNOWN else StillPending
    return outcome(f"{result.status} {result.reason}".strip())


def _settle(gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    """Look an attempt up; until its outcome is known the message never dies, also without its provider's settings."""
    try:
        result = pay.follow_up(message.ids["attempt"], gateways.payments_in_worker(), at, again="again" in message.ids)
    except BusinessError as error:
        raise StillPending(error.code.value) from None
    except KeyError as error:
        raise StillPending(f"{error} is not configured") from None
    if result is not None:
        raise StillPending(f"{result.status} {result.reason}".strip())


def _refund(gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    asked = refunds.open_refund_of(message.ids["refund"])
    if asked is None:
        return
    provider, money = asked
    result = gateways.payments[provider].refund(money)
    if not refunds.record_refund_result(money.key, result, at):
        raise StillPending(f"{result.status} {result.reason}".strip())


def _forget(gateways: Gateways, message: LeasedMessage, _at: datetime) -> None:
    saved_methods.forget(message.ids["saved_method"], gateways.payments)


def _check(gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    saved_methods.check(message.ids["saved_method"], gateways.payments, at)


def _reconcile(gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    silent = reconciliation.reconcile(gateways.payments, date.fromisoformat(message.ids["on"]), at)
    if silent:  # a failure: staff must hear of a report that PayPal does not give
        raise ProviderUnavailable(f"{', '.join(silent)} could not be asked")


def _run_day(_gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    on = date.fromisoformat(message.ids["on"])
    daily.run_day(on, at)
    daily.enqueue_renewal_batch(on, at)
    daily.delete_old_rows(at)


def _renew(_gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    """Issue one batch and queue the next behind the messages already due: many renewals delay no client's change."""
    ids = message.ids
    on = date.fromisoformat(ids["on"])
    after = RenewalCursor(date.fromisoformat(ids["due"]), ids["service"]) if "due" in ids else None
    last = daily.issue_renewal_batch(on, at, current_app.config["DAILY_RENEWAL_DAYS"], after)
    if last is not None:
        daily.enqueue_renewal_batch(on, at, last)


def _do_item(_gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    ids = message.ids
    due = date.fromisoformat(ids["due"]) if "due" in ids else None
    daily.run_item(daily.Item(ids["what"], ids["row"], due), date.fromisoformat(ids["on"]), at)


def _start(_gateways: Gateways, message: LeasedMessage, at: datetime) -> None:
    provisioning.start_due_order(message.ids["order"], clock.local(at).date(), at)


_HANDLERS: dict[str, Callable[[Gateways, LeasedMessage, datetime], bool | None]] = {
    "email": _send,
    "provision": _provision,
    "suspension": _suspend,
    "terminate": _remove,
    "settle": _settle,
    "refund": _refund,
    "forget": _forget,
    "check": _check,
    "reconcile": _reconcile,
    "day": _run_day,
    "renewals": _renew,
    "item": _do_item,
    "start": _start,
    "usage": lambda gateways, message, at: measure(gateways, message.ids, at),
}


def _describe(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}")
