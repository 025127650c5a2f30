"""Cases of ``flask quote``: a change of plan as one line of JSON, answered with one line of JSON whatever it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, Field, PlainValidator, ValidationError, ValidationInfo, model_validator

from kajoom.domain.cycle import BillingCycle, parse_day
from kajoom.domain.money import Money
from kajoom.domain.quote import ChargePolicy, PricingInput, Quote, When, quote
from kajoom.domain.refusal import BusinessError
from kajoom.domain.terms import Terms
from kajoom.operations.files.validation import REASONS, describe_errors

Answer = dict[str, Any]

_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})
_JSON_TYPES = {dict: "an object", list: "a list", bool: "true or false"}
_CYCLES = {cycle.months: cycle for cycle in BillingCycle if cycle.months} | {0: BillingCycle.ONE_TIME}
_REASONS = {**REASONS, "model_type": "a case is an object"}


def _shorten(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:120]}…"


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _parse_id(value: object) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("text or a whole number")
    return value


def _parse_text(value: object) -> str:
    """Text, or a number as it was written."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"text expected, not {_JSON_TYPES.get(type(value), 'this')}")
    return str(value).strip()


def _parse_amount(value: object) -> Money:
    try:
        amount = Money.parse(_parse_text(value))
    except ValueError as error:
        raise ValueError(_shorten(str(error))) from None
    if amount.cents < 0:
        raise ValueError(f"less than nothing: {amount}")
    return amount


def _parse_day(value: object) -> date:
    return parse_day(_parse_text(value))


def _parse_unpaid(value: object) -> bool:
    """Whether something is unpaid: a boolean, yes or no, or the amount itself."""
    text = str(value).lower() if isinstance(value, bool) else _parse_text(value).lower()
    return text in _YES if text in _YES | _NO else bool(_parse_amount(value))


def _whole_number(least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        text = _parse_text(value)
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}: {_shorten(text)!r}")
        return int(text)

    return parse


def _parse_cycle(value: object) -> BillingCycle:
    months = _whole_number(0, 1200)(value)
    if months not in _CYCLES:
        raise ValueError(f"no cycle of {months} months, but of {', '.join(map(str, sorted(_CYCLES)))}")
    return _CYCLES[months]


def _letters(pattern: str, count: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        code = _parse_text(value).upper()
        if not re.fullmatch(pattern, code):
            raise ValueError(f"a code of {count} letters: {_shorten(code)!r}")
        return code

    return parse


def _one_of(codes: type[StrEnum]) -> Callable[[object], StrEnum]:
    def parse(value: object) -> StrEnum:
        text = _parse_text(value)
        if text not in set(codes):
            raise ValueError(f"one of {', '.join(codes)}: {_shorten(text)!r}")
        return codes(text)

    return parse


def _parse_next_due(value: object, info: ValidationInfo) -> date | None:
    """The next due date of a service that is paid each cycle; not read for one that is paid once."""
    cycle: BillingCycle | None = info.data.get("old_cycle_months")
    if cycle is None or not cycle.months:
        return None
    if value is None and info.data.get("old_price"):
        raise ValueError("missing, and the service is paid each cycle")
    return _parse_day(value) if value is not None else None


Amount = Annotated[Money, PlainValidator(_parse_amount)]
Day = Annotated[date, PlainValidator(_parse_day)]
Cycle = Annotated[BillingCycle, PlainValidator(_parse_cycle)]
Currency = Annotated[str, PlainValidator(_letters("[A-Z]{3}", "three"))]
# A code that is none of Canada's provinces is a place outside Canada; a name could be either, and is refused.
Province = Annotated[str, PlainValidator(_letters("[A-Z]{2,3}", "two"))]


class Case(BaseModel):
    """A case, its fields described in docs/pricing.md: an error is that of the first wrong field in this order."""

    id: Annotated[str | int | None, PlainValidator(_parse_id)] = None
    on: Day
    when: Annotated[When | None, PlainValidator(_one_of(When))] = None
    charge: Annotated[ChargePolicy, PlainValidator(_one_of(ChargePolicy))] = ChargePolicy.PRORATED
    currency: Currency = "CAD"
    old_price: Amount
    quantity: Annotated[int, PlainValidator(_whole_number(1, 1_000_000))] = 1
    old_cycle_months: Cycle
    next_due: Annotated[date | None, PlainValidator(_parse_next_due), Field(validate_default=True)] = None
    anchor_day: Annotated[int | None, PlainValidator(_whole_number(1, 31))] = None
    province: Province = "QC"
    credit: Amount = Money(0)
    unpaid: Annotated[bool, PlainValidator(_parse_unpaid)] = False
    new_currency: Currency | None = None
    new_price: Amount
    new_cycle_months: Cycle

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, case: Any) -> Any:
        """Null and blank text are the same as an absent field."""
        if not isinstance(case, dict):
            return case
        return {key: value for key, value in case.items() if not _is_blank(value)}

    def service(self) -> PricingInput:
        """The service that is to be changed; one without a due date is free."""
        cycle = self.old_cycle_months
        if cycle.months and self.next_due is None:
            cycle = BillingCycle.FREE
        return PricingInput(
            terms=self._terms("old", self.old_price, cycle, self.currency),
            due=self.next_due,
            anchor=self.anchor_day or (self.next_due.day if self.next_due else 1),
            province=self.province,
            credit=Money(self.credit.cents, self.currency),
            unpaid=self.unpaid,
        )

    def target(self) -> Terms:
        """The terms that the change leads to."""
        return self._terms("new", self.new_price, self.new_cycle_months, self.new_currency or self.currency)

    def _terms(self, plan: str, price: Money, cycle: BillingCycle, currency: str) -> Terms:
        return Terms(plan, "case", cycle, Money(price.cents * self.quantity, currency), self.quantity)


def answer_line(line: bytes) -> bytes:
    """The answer to one line, without an end of line, in ASCII so that no terminal or encoding changes it."""
    try:
        case = json.loads(line.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return json.dumps({"id": None, "error": f"not JSON: {_shorten(str(error))}"}).encode()
    return json.dumps(answer(case)).encode()


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def answer(data: object) -> Answer:
    """What the change costs, why it is refused, or the first thing that is wrong with the case."""
    case_id = data.get("id") if isinstance(data, dict) else None
    try:
        case = Case.model_validate(data)
        return {"id": case_id, **_price(case)}
    except ValidationError as error:
        place, reason = describe_errors(error, _REASONS)[0]
        return {"id": None if place == "id" else case_id, "error": f"{place}: {reason}" if place else reason}
    except OverflowError as error:
        return {"id": case_id, "error": str(error)}


def _price(case: Case) -> Answer:
    try:
        return _describe_quote(quote(case.service(), case.target(), case.on, case.when, case.charge))
    except BusinessError as error:
        return _describe_refusal(error.code)


def _describe_quote(quoted: Quote) -> Answer:
    return {
        "decision": quoted.decision.value,
        "reason": None,
        "subtotal": str(quoted.subtotal),
        "taxes": [{"name": tax.name.value, "amount": str(tax.amount)} for tax in quoted.taxes],
        "total": str(quoted.total),
        "credit_used": str(quoted.credit_used),
        "due_today": str(quoted.due_today),
        "next_due": quoted.next_due.isoformat() if quoted.next_due else None,
        "lines": [{"code": line.code.value, "amount": str(line.amount)} for line in quoted.lines],
    }


def _describe_refusal(code: StrEnum) -> Answer:
    return {
        "decision": "refused",
        "reason": code.value,
        "subtotal": None,
        "taxes": [],
        "total": None,
        "credit_used": None,
        "due_today": None,
        "next_due": None,
        "lines": [],
    }
