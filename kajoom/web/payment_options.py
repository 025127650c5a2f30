"""The ways to pay that a page offers: the providers of this application, saved accounts, credit, offline methods."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from flask import current_app

from kajoom.domain.catalog import Catalog
from kajoom.domain.money import Money
from kajoom.domain.payment_method import (
    BUILT_IN,
    PaymentMethod,
    PaymentMethodKind,
    arrives_before,
    arrives_by,
    last_day_to_pay,
)
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.i18n.formats import current_formats
from kajoom.models.catalog import catalog
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.order_page import InvoiceRow, OrderRow
from kajoom.models.saved_method import SavedMethod, saved_methods_of
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.payments.pay import Providers


@dataclass(frozen=True, slots=True)
class PaymentOptions:
    """The ways to pay an invoice.

    ``providers`` are the codes of the payment providers, the client's usual one first, and ``can_save`` those that
    can save the client's account. ``saved`` has the saved accounts by their provider. ``credit`` is the account credit
    that can be applied. ``offline`` are the host's offline methods, the ``expanded`` ones first. ``too_late`` is the
    one chosen for a change once money sent by it no longer arrives in time: the client may have sent it already.
    """

    providers: list[str] = field(default_factory=list)
    can_save: Collection[str] = ()
    saved: Mapping[str, SavedMethod] = field(default_factory=dict)
    credit: Money | None = None
    offline: list[PaymentMethod] = field(default_factory=list)
    expanded: Collection[PaymentMethod] = ()
    too_late: Collection[PaymentMethod] = ()


class WayToPay(NamedTuple):
    """A method by which a change can be paid in time, and the last day on which it can be paid by it."""

    method: PaymentMethod
    last_day: date


def ways_to_pay(service: ServiceSnapshot, days_to_pay: int) -> Sequence[WayToPay]:
    """The methods whose money arrives before the service's due date if a change is confirmed on the snapshot's day.

    The first one is the client's default: see ``offered_methods``.
    """
    return _ways_to_pay(service, days_to_pay, tuple(payment_providers()))


@lru_cache(maxsize=128)
def _ways_to_pay(service: ServiceSnapshot, days_to_pay: int, providers: tuple[str, ...]) -> tuple[WayToPay, ...]:
    """The same, kept for the last services: a client who chooses a plan reads the same one at each request."""
    return tuple(
        WayToPay(method, last_day_to_pay(service.due, method.needs, service.on, days_to_pay))
        for method in _offered_methods(service, providers)
        if arrives_before(service.due, method.needs, service.on)
    )


def offered_methods(service: ServiceSnapshot) -> list[PaymentMethod]:
    """The methods that the host offers, the client's usual one first.

    Providers come before offline methods, but after them for a client who pays offline and is not to be charged
    without asking.
    """
    return _offered_methods(service, payment_providers())


def _offered_methods(service: ServiceSnapshot, codes: Collection[str]) -> list[PaymentMethod]:
    usual, current = service.payment_method, service.catalog
    first = usual_provider(usual, current)
    providers = [_provider_method(code) for code in sorted(codes, key=lambda code: code != first)]
    offline = sorted(current.offline, key=lambda method: method.code != usual)
    return [*providers, *offline] if first else [*offline, *providers]


def is_too_late_to_pay(service: ServiceSnapshot, ways: Sequence[WayToPay]) -> bool:
    """Whether the money of none of the host's methods arrives before the service's due date; ``ways`` are those."""
    return not ways and bool(offered_methods(service))


def chosen_method(requested: str | None, service: ServiceSnapshot) -> str:
    """The code of the method a client pays a change with: the ``requested`` one, or else their default.

    Where no method is fast enough it is the usual one. ``BusinessError`` with ``UNREADABLE`` for one not offered.
    """
    offered = offered_methods(service)
    if requested and requested not in {method.code for method in offered}:
        raise BusinessError(Refusal.UNREADABLE)
    in_time = (way.method for way in ways_to_pay(service, 0))
    default = next(in_time, None) or next(iter(offered), None)
    return requested or (default.code if default else "")


def _provider_method(code: str) -> PaymentMethod:
    return BUILT_IN.get(code) or PaymentMethod(code, PaymentMethodKind.PROVIDER, {"fr": code, "en": code})


def payment_options(
    invoice: Invoice | InvoiceRow | None,
    order: Order | OrderRow | None,
    usual: str,
    current: Catalog,
    credit: Money,
    on: date,
) -> PaymentOptions:
    """The ways to pay an invoice on the day ``on``; none without a balance.

    ``order`` is the change that the invoice is for, ``None`` for a renewal: of its offline methods only those are left
    whose money still arrives by its last day to pay, and the one that was chosen for it. ``usual`` is the code of the
    service's payment method, ``credit`` the client's account credit.
    """
    if invoice is None or not invoice.balance:
        return PaymentOptions()
    chosen = (order.payment_method if order else "") or usual
    last_day = order.expires_on if order else None
    slow = [each for each in current.offline if last_day and not arrives_by(last_day, each.needs, on)]
    first = usual_provider(chosen, current)
    providers = sorted(payment_providers(), key=lambda code: code != first)
    offered = [each for each in current.offline if each.code == chosen or each not in slow]
    expanded = [method for method in current.offline_for(chosen, providers) if method in offered]
    return PaymentOptions(
        providers=providers,
        can_save=providers_that_save(),
        saved=saved_accounts_of(invoice.client_id),
        credit=min(credit, invoice.balance),
        offline=sorted(offered, key=lambda method: method not in expanded),
        expanded=expanded,
        too_late=[method for method in offered if method in slow],
    )


def payment_providers() -> Providers:
    """The payment providers that this application is configured with, by their code."""
    providers: Providers = current_app.extensions["kajoom"].payments
    return providers


def limited_providers() -> Providers:
    """The same providers as this request may wait for each, three seconds in all: to be made once for a request."""
    providers: Providers = current_app.extensions["kajoom"].payments_in_request()
    return providers


def providers_that_save() -> set[str]:
    """The codes of the providers that can save a client's account for later payments."""
    return {code for code, provider in payment_providers().items() if provider.can_save}


def usual_provider(method: str, current: Catalog) -> str | None:
    """The provider that a client pays with unless they choose another: their own ``method``, or else the first one.

    ``None`` for a client who pays offline: no provider charges them unless they ask for it.
    """
    registered = current.payment_methods.get(method)
    if registered is not None and registered.is_offline:
        return None
    providers = payment_providers()
    return method if method in providers else next(iter(providers), None)


def saved_accounts_of(client_id: int) -> dict[str, SavedMethod]:
    """A client's saved accounts that can be charged now, by the code of their provider."""
    can_save = providers_that_save()
    if not can_save:
        return {}
    return {saved.provider: saved for saved in saved_methods_of(client_id) if saved.provider in can_save}


def payment_method_label(code: str, current: Catalog | None = None) -> str:
    """The name of a method in the language of the page, or the code of one that the catalogue no longer has.

    The catalogue, which only offline methods need, is read from the database unless it is given as ``current``.
    """
    method = _registered_method(code, current)
    return current_formats().localized(method.label) if method is not None else code


def payment_method_phrase(code: str, current: Catalog | None = None) -> str:
    """The method within a sentence in the language of the page, "by cheque": see ``payment_method_label``."""
    method = _registered_method(code, current)
    return current_formats().localized(method.how) if method is not None else f"({code})"


def _registered_method(code: str, current: Catalog | None) -> PaymentMethod | None:
    method = BUILT_IN.get(code)
    if method is None or method.is_offline:
        method = (current or catalog()).payment_methods.get(code)
    return method
