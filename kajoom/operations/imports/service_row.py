"""A row of a host's services, and what can be wrong in it although each of its cells is valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, PlainValidator, ValidationInfo

from kajoom.domain.cycle import BillingCycle, add_months
from kajoom.domain.money import Money
from kajoom.domain.service import ServiceStatus
from kajoom.operations.email_address import parse_email
from kajoom.operations.files.amounts import MAX_CENTS
from kajoom.operations.files.cells import (
    STATUSES,
    Cents,
    Code,
    Currency,
    Cycle,
    Day,
    Name,
    Text,
    Usage,
    one_of,
    whole_number,
)

LONGEST = max(cycle.months for cycle in BillingCycle)
# Below both, no amount can be too large: a monthly service is paid 480 times in 40 years.
_SMALL, _MANY_YEARS = MAX_CENTS // 600, 40


def client_key(cell: str) -> str:
    """The client's external id, or the e-mail address as it is stored."""
    if "@" not in cell:
        return cell
    try:
        return cell.lower() if cell.isascii() else parse_email(cell)
    except ValueError:
        return cell.lower()


def _parse_payment_method(cell: str, info: ValidationInfo[Mapping[str, str]]) -> Any:
    return one_of(info.context)(cell)


class ServiceRow(BaseModel):
    """A row of a host's services: each field is a column, and ``client`` an external id or an e-mail address.

    ``recurring`` is for the whole quantity, before tax, ``options`` included and ``discount`` taken off. ``parent`` is
    the external id of the service that an add-on belongs to: an add-on without a label has that of its parent. The
    validation context holds the payment methods that a service may have, by the names that cells may use.
    """

    external_id: Name
    client: Annotated[str, Field(max_length=254), AfterValidator(client_key)]
    group: Code
    plan: Code
    label: Text = ""
    parent: Name = ""
    username: Name = ""
    server: Code = ""
    status: Annotated[ServiceStatus, PlainValidator(one_of(STATUSES))]
    cycle: Cycle
    currency: Currency = "CAD"
    recurring: Cents
    options: Cents = 0
    discount: Cents = 0
    quantity: Annotated[int, whole_number(1, 1_000_000)] = 1
    registered_on: Day
    next_due_date: Day | None = None
    paid_until: Day | None = None
    invoiced_until: Day | None = None
    anchor_day: Annotated[int | None, whole_number(1, 31)] = None
    payment_method: Annotated[str, PlainValidator(_parse_payment_method)]
    disk_mb: Usage = None
    mailboxes: Usage = None
    databases: Usage = None


def terms_errors(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong between the cycle, the amount and the dates of a row: the place and the reason."""
    cycle, due, anchor = values["cycle"], values.get("next_due_date"), values.get("anchor_day")
    if values.get("options", 0) > values["recurring"] + values.get("discount", 0):
        yield "options", f"{Money(values['options'])} is more than the amount they are part of"
    if not cycle.months:
        if cycle is BillingCycle.FREE and values["recurring"]:
            yield "recurring", f"a free service must cost 0.00, not {Money(values['recurring'])}"
    elif due is None:
        if values["recurring"] and not values["status"].has_ended:
            yield "next_due_date", "empty, and the service is paid each cycle"
    elif due < values["registered_on"]:
        yield "next_due_date", f"{due} is before the registration of {values['registered_on']}"
    elif anchor and add_months(due, 0, anchor) != due:
        yield "anchor_day", f"{due} is not the day {anchor} of its month, nor its last"


def amount_errors(
    values: Mapping[str, Any], highest: Mapping[tuple[str, str], int], on: date
) -> Iterator[tuple[str, str]]:
    """Amounts that a change of the service could come to and that would be too large for an invoice.

    That is the highest price of its group, for its quantity and for each cycle that is paid ahead.
    """
    quantity, due, months = values.get("quantity", 1), values.get("next_due_date"), values["cycle"].months
    price = highest.get((values["group"], values.get("currency", "CAD")), 0)
    options = values.get("options", 0) * LONGEST // (months or LONGEST)
    amount = max(price * quantity + options, values["recurring"])
    if amount <= _SMALL and (due is None or due.year - on.year < _MANY_YEARS):
        return
    if amount > MAX_CENTS:
        yield "quantity", f"{quantity} at {Money(price)}, the highest price of the group, is over {Money(MAX_CENTS)}"
    elif due and months and amount * (1 + (due - on).days // (28 * months)) > MAX_CENTS:
        yield "next_due_date", f"what is paid ahead until {due} is over {Money(MAX_CENTS)}"
