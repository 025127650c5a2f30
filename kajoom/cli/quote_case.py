"""A case is a change of plan written as one line of JSON; its answer is one line of JSON, whatever the line holds."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from enum import StrEnum
from typing import Any, NoReturn

from kajoom.cli.quote_fields import Fields, NotACase, shortened
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.quote import ChargePolicy, PricingInput, Quote, When, quote
from kajoom.domain.refusal import BusinessError
from kajoom.domain.terms import Terms

Answer = dict[str, Any]

_PROVINCE = re.compile(r"[A-Z]{2,3}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST = 1_000_000
_CYCLES = {cycle.months: cycle for cycle in BillingCycle if cycle.months} | {0: BillingCycle.ONE_TIME}


def answer_line(line: bytes) -> bytes:
    """The answer to one line, without an end of line; plain ASCII, so that no terminal or encoding spoils it."""
    try:
        case = json.loads(line.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        return json.dumps({"id": None, "error": f"not JSON: {shortened(str(error))}"}).encode()
    return json.dumps(answer(case)).encode()


def _not_a_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def answer(case: object) -> Answer:
    """What the change costs, why it is refused, or what is wrong with the case; its fields are in docs/pricing.md."""
    name: str | int | None = None
    try:
        if not isinstance(case, dict):
            raise NotACase("a case is an object")
        fields = Fields(case)
        name = fields.name
        return {"id": name, **_priced(fields)}
    except NotACase as error:
        return {"id": name, "error": str(error)}
    except OverflowError as error:
        return {"id": name, "error": str(error)}


def _priced(fields: Fields) -> Answer:
    on = fields.day("on")
    if on is None:
        raise NotACase("on: missing")
    when = fields.code("when", When)
    charge = fields.code("charge", ChargePolicy) or ChargePolicy.PRORATED
    service, target = _service(fields), _target(fields)
    try:
        return _told(quote(service, target, on, when, charge))
    except BusinessError as error:
        return _refused(error.code)


def _service(fields: Fields) -> PricingInput:
    currency = _currency(fields, "currency", "CAD")
    price, quantity = fields.amount("old_price", currency), _quantity(fields)
    cycle = _cycle(fields, "old_cycle_months")
    due = fields.day("next_due") if cycle.months else None
    if cycle.months and due is None:
        if price:
            raise NotACase("next_due: missing, and the service is paid each cycle")
        cycle = BillingCycle.FREE
    return PricingInput(
        terms=Terms("old", "case", cycle, price * quantity, quantity),
        due=due,
        anchor=fields.whole("anchor_day", str(due.day if due else 1), 1, 31),
        province=_province(fields),
        credit=fields.amount("credit", currency, "0"),
        unpaid=fields.owed("unpaid"),
    )


def _target(fields: Fields) -> Terms:
    currency = _currency(fields, "new_currency", _currency(fields, "currency", "CAD"))
    price, quantity = fields.amount("new_price", currency), _quantity(fields)
    return Terms("new", "case", _cycle(fields, "new_cycle_months"), price * quantity, quantity)


def _quantity(fields: Fields) -> int:
    return fields.whole("quantity", "1", 1, _MOST)


def _cycle(fields: Fields, key: str) -> BillingCycle:
    months = fields.whole(key, "", 0, 1200)
    if months not in _CYCLES:
        raise NotACase(f"{key}: no cycle of {months} months, but of {', '.join(map(str, sorted(_CYCLES)))}")
    return _CYCLES[months]


def _currency(fields: Fields, key: str, default: str) -> str:
    code = fields.text(key, default).upper()
    if not _CURRENCY.fullmatch(code):
        raise NotACase(f"{key}: a code of three letters: {shortened(code)!r}")
    return code


def _province(fields: Fields) -> str:
    """A code that is none of Canada's is a place outside it; a name, which could be Canada's, is not guessed at."""
    code = fields.text("province", "QC").upper()
    if not _PROVINCE.fullmatch(code):
        raise NotACase(f"province: a code of two letters: {shortened(code)!r}")
    return code


def _told(quoted: Quote) -> Answer:
    return {
        "decision": quoted.decision.value,
        "reason": None,
        "subtotal": str(quoted.subtotal),
        "taxes": [_named(tax.amount, name=tax.name.value) for tax in quoted.taxes],
        "total": str(quoted.total),
        "credit_used": str(quoted.credit_used),
        "due_today": str(quoted.due_today),
        "next_due": quoted.next_due.isoformat() if quoted.next_due else None,
        "lines": [_named(line.amount, code=line.code.value) for line in quoted.lines],
    }


def _named(amount: Money, **name: str) -> dict[str, str]:
    return {**name, "amount": str(amount)}


def _refused(code: StrEnum) -> Answer:
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
