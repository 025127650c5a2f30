"""What staff type: amounts and reasons, bounded as the database and the pages need them."""

from __future__ import annotations

from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal

_LARGEST_CENTS = 2**31 - 1
"""The largest integer of PostgreSQL's columns of cents."""
_REASON_LENGTH = 500


def parse_amount(text: str, currency: str) -> Money:
    """The amount, positive or negative, of a decimal number with a point; ``BusinessError`` with ``NOT_AN_AMOUNT``."""
    try:
        amount = Money.parse(text, currency)
    except ValueError as error:
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=text[:40]) from error
    if not 0 < abs(amount.cents) <= _LARGEST_CENTS:
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=text[:40])
    return amount


def parse_positive_amount(text: str, currency: str) -> Money:
    """The amount above zero of a decimal number with a point; ``BusinessError`` with ``NOT_AN_AMOUNT``."""
    amount = parse_amount(text, currency)
    if amount < amount.zero():
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=text[:40])
    return amount


def check_reason(text: str) -> str:
    """The reason on one line; ``BusinessError`` with ``NO_REASON`` for an empty, too long or unprintable one."""
    reason = " ".join(text.split())
    if not reason or len(reason) > _REASON_LENGTH or not reason.isprintable():
        raise BusinessError(StaffRefusal.NO_REASON, reason=reason[:40])
    return reason
