"""What the browser sends, read strictly: each field once, of a known value, or refused before anything is done."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import When
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.operations.orders.place import Confirmation
from kajoom.operations.orders.quotes import Choice

Fields = MultiDict[str, str]
Code = TypeVar("Code", bound=StrEnum)

_PLAN = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_KEY = re.compile(r"[0-9A-Za-z_-]{16,64}", re.ASCII)
_REASON_LENGTH = 2000


def one(fields: Fields, name: str) -> str | None:
    """The value of a field, ``None`` when it is missing or empty; ``UNREADABLE`` when it is repeated."""
    values = fields.getlist(name)
    if len(values) > 1 or any("\0" in value for value in values):
        raise BusinessError(Refusal.UNREADABLE)
    return values[0] if values and values[0] else None


def plan_chosen(fields: Fields) -> str | None:
    """The code of the plan chosen, if one was."""
    plan = one(fields, "plan")
    if plan is not None and not _PLAN.fullmatch(plan):
        raise BusinessError(Refusal.UNKNOWN_PLAN)
    return plan


def cycle_chosen(fields: Fields) -> BillingCycle | None:
    """The billing cycle chosen, if one was."""
    return _code(fields, "cycle", BillingCycle)


def when_chosen(fields: Fields) -> When | None:
    """When the change was asked for, if it was said."""
    return _code(fields, "when", When)


def whole_choice(fields: Fields) -> Choice:
    """A choice of which nothing may be missing but ``when``."""
    plan, cycle = plan_chosen(fields), cycle_chosen(fields)
    if plan is None or cycle is None:
        raise BusinessError(Refusal.UNREADABLE)
    return Choice(plan, cycle, when_chosen(fields))


def seen(fields: Fields) -> Confirmation:
    """What the confirmation says was seen."""
    return Confirmation(one(fields, "digest") or "", form_key(fields), one(fields, "acknowledged") == "yes")


def form_key(fields: Fields) -> str:
    """The one-use key of a form."""
    key = one(fields, "key")
    if key is None or not _KEY.fullmatch(key):
        raise BusinessError(Refusal.UNREADABLE)
    return key


def end_chosen(fields: Fields) -> CancellationWhen | None:
    """When a service is to end, if it was said."""
    return _code(fields, "when", CancellationWhen)


def reason_given(fields: Fields) -> str:
    """Why a client leaves, if they say so: at most 2,000 characters."""
    return (one(fields, "reason") or "").strip()[:_REASON_LENGTH]


def _code(fields: Fields, name: str, codes: type[Code]) -> Code | None:
    value = one(fields, name)
    try:
        return codes(value) if value is not None else None
    except ValueError:
        raise BusinessError(Refusal.UNREADABLE) from None
