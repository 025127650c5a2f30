"""The registry of payment methods: the built-in ones, to which the host's catalogue adds its own offline methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

LONGEST_NEEDS = 60
"""The most days that an offline method may need."""

_OFFLINE_NEEDS = 5
_SPARE_DAYS = 4

ACCOUNT_CREDIT = "credit"
"""The code of the client's account credit as a payment method."""


class PaymentMethodKind(StrEnum):
    """Who moves the money: a provider's gateway, the client and the host's staff, or nobody (account credit)."""

    PROVIDER = "provider"
    OFFLINE = "offline"
    ACCOUNT_CREDIT = "account_credit"


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """One way to pay.

    ``label``, ``phrase`` and ``instructions`` are texts in both languages, ``{"fr": …, "en": …}``; only the offline
    methods of the host's catalogue have instructions. ``phrase`` is the method within a sentence, after "pay …": "by
    cheque". ``is_assignable`` methods may be the usual one of an imported service. ``needs`` is how many days its money
    takes to arrive.
    """

    code: str
    kind: PaymentMethodKind
    label: Mapping[str, str]
    instructions: Mapping[str, str] = field(default_factory=dict)
    phrase: Mapping[str, str] = field(default_factory=dict)
    is_assignable: bool = True
    needs: int = 0

    @property
    def is_offline(self) -> bool:
        """Whether the client sends the money without a provider, and staff record it."""
        return self.kind is PaymentMethodKind.OFFLINE

    @property
    def how(self) -> Mapping[str, str]:
        """The method within a sentence: its phrase, or its label in brackets."""
        return self.phrase or {language: f"({text})" for language, text in self.label.items()}


_BUILT_IN = (
    PaymentMethod(
        "paypal",
        PaymentMethodKind.PROVIDER,
        {"fr": "PayPal", "en": "PayPal"},
        phrase={"fr": "avec PayPal", "en": "with PayPal"},
    ),
    PaymentMethod(
        "interac",
        PaymentMethodKind.OFFLINE,
        {"fr": "Virement Interac", "en": "Interac e-Transfer"},
        phrase={"fr": "par Virement Interac", "en": "by Interac e-Transfer"},
        needs=2,
    ),
    PaymentMethod(
        "cheque",
        PaymentMethodKind.OFFLINE,
        {"fr": "Chèque", "en": "Cheque"},
        phrase={"fr": "par chèque", "en": "by cheque"},
        needs=10,
    ),
    PaymentMethod(
        "bank_transfer",
        PaymentMethodKind.OFFLINE,
        {"fr": "Virement bancaire", "en": "Bank transfer"},
        phrase={"fr": "par virement bancaire", "en": "by bank transfer"},
        needs=5,
    ),
    PaymentMethod(
        ACCOUNT_CREDIT,
        PaymentMethodKind.ACCOUNT_CREDIT,
        {"fr": "Crédit au compte", "en": "Account credit"},
        phrase={"fr": "avec votre crédit au compte", "en": "with your account credit"},
    ),
    PaymentMethod(
        "card",
        PaymentMethodKind.PROVIDER,
        {"fr": "Carte de crédit", "en": "Credit card"},
        phrase={"fr": "par carte de crédit", "en": "by credit card"},
    ),
    PaymentMethod(
        "demonstration",
        PaymentMethodKind.PROVIDER,
        {"fr": "Paiement de démonstration", "en": "Demonstration payment"},
        phrase={"fr": "avec le paiement de démonstration", "en": "with the demonstration payment"},
        is_assignable=False,
    ),
)

BUILT_IN: Mapping[str, PaymentMethod] = {method.code: method for method in _BUILT_IN}
"""The methods that need no entry in the host's catalogue, by their code."""

WITHOUT_PROVIDER = frozenset({"card"})
"""The methods that a service may have had elsewhere, and with which nothing can be paid here."""

ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("banktransfer", "wire", "wire_transfer"), "bank_transfer"),
    **dict.fromkeys(("mailin", "check", "cheque_by_mail", "cheque_par_la_poste"), "cheque"),
    **dict.fromkeys(("paypalcheckout", "paypal_checkout", "paypalbilling", "paypalexpress", "paypal_ppcpv"), "paypal"),
    **dict.fromkeys(("stripe", "creditcard", "credit_card", "authorize", "moneris"), "card"),
    **dict.fromkeys(("interac_e_transfer", "etransfer", "e_transfer", "emt"), "interac"),
}
"""The code of a method by the names that other billing systems give it, in lower case with ``_`` between words."""


def offline_method(
    code: str,
    label: Mapping[str, str],
    instructions: Mapping[str, str],
    needs: int | None = None,
    phrase: Mapping[str, str] | None = None,
) -> PaymentMethod:
    """An offline method of the host's catalogue.

    Without a ``label`` or ``needs`` it has those of the built-in method, or else its code and five days. A method with
    a label of its own has a phrase only where the host writes one.
    """
    known = BUILT_IN.get(code)
    if phrase is None and known and not label:
        phrase = known.phrase
    if not label:
        label = known.label if known else {"fr": code, "en": code}
    if needs is None:
        needs = known.needs if known else _OFFLINE_NEEDS
    return PaymentMethod(code, PaymentMethodKind.OFFLINE, label, instructions, phrase or {}, needs=needs)


def arrives_before(due: date | None, needs: int, on: date) -> bool:
    """Whether money sent on the day ``on``, which needs ``needs`` days, arrives before ``due``; always without one."""
    return due is None or on + timedelta(days=needs) < due


def arrives_by(last_day: date, needs: int, on: date) -> bool:
    """Whether money sent on the day ``on``, which needs ``needs`` days, arrives on ``last_day`` at the latest."""
    return on + timedelta(days=needs) <= last_day


def last_day_to_pay(due: date | None, needs: int, on: date, days_to_pay: int) -> date:
    """The last day on which a change confirmed on the day ``on`` can be paid by a method that ``needs`` so many days.

    It is ``days_to_pay`` later, or four days after the money can arrive if that is longer; always before ``due``,
    because the price covers the days up to it.
    """
    last = on + timedelta(days=max(days_to_pay, needs + _SPARE_DAYS))
    return last if due is None else min(last, due - timedelta(days=1))
