"""Amounts of money as billing systems and spreadsheets write them, in either language."""

from __future__ import annotations

import re

MAX_CENTS = 999_999_999
"""The largest amount of a price, a recurring amount or a charge before tax: its total fits a 32-bit column."""

_SPACES = re.compile(r"[\s']")  # also U+00A0 and U+202F, which group the digits in French, and Swiss apostrophes
_SIGN = re.compile(r"([A-Z]{2,3}\$?|\$(?:[A-Z]{2,3})?|€|£)?([-(]?[0-9.,]+\)?)([A-Z]{2,3}\$?|\$(?:[A-Z]{2,3})?|€|£)?")
_PLAIN = re.compile(r"\d{1,10}(?:\.\d{1,2})?", re.ASCII)
_SHORT = {"US": "USD", "CA": "CAD", "CAN": "CAD"}


def plain_amount(cell: str, currency: str) -> str:
    """An amount with a decimal point and no groups: "1234.50" of "1,234.50", "1 234,50 $" and "1.234,50".

    One comma or point is that of the decimals, where at most two digits follow it; a comma before three digits is
    ambiguous ("1,234"). Raises ``ValueError`` for that, and for the sign of another currency than ``currency``.
    """
    if _PLAIN.fullmatch(cell):
        return cell
    match = _SIGN.fullmatch(_SPACES.sub("", cell).upper())
    if not match:
        return cell
    for sign in (match[1], match[3]):
        code = (sign or "").replace("$", "")
        if code.isalpha() and code.isascii() and _SHORT.get(code, code) != currency:
            raise ValueError(f"not an amount in {currency}: {cell[:40]!r}")
    return _without_groups(match[2], cell)


def _without_groups(number: str, cell: str) -> str:
    comma, point = number.rfind(","), number.rfind(".")
    decimals, groups = (",", ".") if comma > point else (".", ",")
    if min(comma, point) >= 0:
        number = number.replace(groups, "")
    elif number.count(decimals) > 1:
        return number.replace(decimals, "") if re.fullmatch(r"-?\d{1,3}([.,]\d{3})+", number) else number
    elif decimals == "," and len(number) - comma == 4:
        raise ValueError(f"thousands or decimals? Write 1234 or 1234.00: {cell[:40]!r}")
    return number.replace(decimals, ".")
