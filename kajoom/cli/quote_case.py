"""Cases of ``flask quote``: a change of plan as one line of JSON, answered with one line of JSON whatever it holds."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, Field, PlainValidator, ValidationError, ValidationInfo, model_validator

from kajoom.cli.quote_fields import (
    Amount,
    AnchorDay,
    Charge,
    Currency,
    Cycle,
    Day,
    Exempt,
    Id,
    Province,
    Quantity,
    Registered,
    Timing,
    Unpaid,
    is_blank,
    parse_date,
    shorten,
)
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.quote import ChargePolicy, PricingInput, Quote, quote
from kajoom.domain.refusal import BusinessError
from kajoom.domain.tax import ALL_TAXES, Taxation, UnknownTaxRate
from kajoom.domain.terms import Extras, Terms
from kajoom.operations.files.validation import REASONS, describe_errors

Answer = dict[str, Any]

_PRICE_FIELDS = ("old_price", "quantity", "options", "discount")
_REASONS = {**REASONS, "model_type": "a case is an object"}


def _parse_next_due(value: object, info: ValidationInfo) -> date | None:
    """The next due date of a service that is paid each cycle; not read for one that is paid once."""
    cycle: BillingCycle | None = info.data.get("old_cycle_months")
    if cycle is None or not cycle.months:
        return None
    if value is not None:
        return parse_date(value)
    given = {name: info.data[name] for name in _PRICE_FIELDS if name in info.data}
    if len(given) == len(_PRICE_FIELDS) and _is_paid(**given):
        raise ValueError("missing, and the service is paid each cycle")
    return None


def _is_paid(old_price: Money, quantity: int, options: Money, discount: Money) -> bool:
    """Whether anything is billed each cycle."""
    return bool(Extras(options.cents, discount.cents).added_to(old_price * quantity))


class Case(BaseModel):
    """A case, its fields described in docs/pricing.md: an error is that of the first wrong field in this order."""

    id: Id | None = None
    on: Day
    when: Timing | None = None
    charge: Charge = ChargePolicy.PRORATED
    currency: Currency = "CAD"
    old_price: Amount
    quantity: Quantity = 1
    old_cycle_months: Cycle
    options: Amount = Money(0)
    discount: Amount = Money(0)
    next_due: Annotated[date | None, PlainValidator(_parse_next_due), Field(validate_default=True)] = None
    anchor_day: AnchorDay | None = None
    province: Province = "QC"
    registered: Registered = ALL_TAXES
    exempt: Exempt = False
    credit: Amount = Money(0)
    unpaid: Unpaid = False
    new_currency: Currency | None = None
    new_price: Amount
    new_cycle_months: Cycle

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, case: Any) -> Any:
        """Null and blank text are the same as an absent field."""
        if not isinstance(case, dict):
            return case
        return {key: value for key, value in case.items() if not is_blank(value)}

    def service(self) -> PricingInput:
        """The service that is to be changed; one without a due date is free."""
        cycle = self.old_cycle_months
        if cycle.months and self.next_due is None:
            cycle = BillingCycle.FREE
        recurring = self._extras().added_to(self.old_price * self.quantity)
        return PricingInput(
            terms=self._terms("old", recurring, cycle, self.currency),
            due=self.next_due,
            anchor=self.anchor_day or (self.next_due.day if self.next_due else 1),
            taxation=Taxation(self.province, self.registered, self.exempt),
            credit=Money(self.credit.cents, self.currency),
            unpaid=self.unpaid,
        )

    def target(self) -> Terms:
        """The terms that the change leads to, with the options and the discount that it carries over."""
        extras = self._extras().carried(self.old_cycle_months, self.new_cycle_months)
        recurring = extras.added_to(self.new_price * self.quantity)
        return self._terms("new", recurring, self.new_cycle_months, self.new_currency or self.currency)

    def _extras(self) -> Extras:
        return Extras(self.options.cents, self.discount.cents)

    def _terms(self, plan: str, recurring: Money, cycle: BillingCycle, currency: str) -> Terms:
        return Terms(plan, "case", cycle, Money(recurring.cents, currency), self.quantity)


def answer_line(line: bytes) -> bytes:
    """The answer to one line, without an end of line, in ASCII so that no terminal or encoding changes it."""
    try:
        case = json.loads(line.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return json.dumps({"id": None, "error": f"not JSON: {shorten(str(error))}"}).encode()
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
    except (OverflowError, UnknownTaxRate) as error:
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
