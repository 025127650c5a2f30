"""The registry of payment methods: the built-in ones, to which the host's catalogue adds its own offline methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

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

    ``label`` and ``instructions`` are texts in both languages, ``{"fr": …, "en": …}``; only the offline methods of
    the host's catalogue have instructions. ``is_assignable`` methods may be the usual one of an imported service.
    """

    code: str
    kind: PaymentMethodKind
    label: Mapping[str, str]
    instructions: Mapping[str, str] = field(default_factory=dict)
    is_assignable: bool = True

    @property
    def is_offline(self) -> bool:
        """Whether the client sends the money without a provider, and staff record it."""
        return self.kind is PaymentMethodKind.OFFLINE


_BUILT_IN = (
    PaymentMethod("paypal", PaymentMethodKind.PROVIDER, {"fr": "PayPal", "en": "PayPal"}),
    PaymentMethod("interac", PaymentMethodKind.OFFLINE, {"fr": "Virement Interac", "en": "Interac e-Transfer"}),
    PaymentMethod("cheque", PaymentMethodKind.OFFLINE, {"fr": "Chèque", "en": "Cheque"}),
    PaymentMethod("bank_transfer", PaymentMethodKind.OFFLINE, {"fr": "Virement bancaire", "en": "Bank transfer"}),
    PaymentMethod(ACCOUNT_CREDIT, PaymentMethodKind.ACCOUNT_CREDIT, {"fr": "Crédit au compte", "en": "Account credit"}),
    PaymentMethod(
        "card", PaymentMethodKind.PROVIDER, {"fr": "Carte de crédit", "en": "Credit card"}, is_assignable=False
    ),
    PaymentMethod(
        "demonstration",
        PaymentMethodKind.PROVIDER,
        {"fr": "Paiement de démonstration", "en": "Demonstration payment"},
        is_assignable=False,
    ),
)

BUILT_IN: Mapping[str, PaymentMethod] = {method.code: method for method in _BUILT_IN}
"""The methods that need no entry in the host's catalogue, by their code."""


def offline_method(code: str, label: Mapping[str, str], instructions: Mapping[str, str]) -> PaymentMethod:
    """An offline method of the host's catalogue; without a ``label`` it has the built-in one, or else its code."""
    if not label:
        label = BUILT_IN[code].label if code in BUILT_IN else {"fr": code, "en": code}
    return PaymentMethod(code, PaymentMethodKind.OFFLINE, label, instructions)
