"""The oracle of changes of plan: priced as docs/pricing.md prices them, and billed as docs/billing.md bills them."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from tests.journeys.arithmetic import months_later, rounded
from tests.journeys.billing_oracle import BillingOracle
from tests.journeys.expectations import MONTHS, Invoice, Order, Quote, Service

NEEDS = {"paypal": 0, "interac": 2, "bank_transfer": 5, "cheque": 10}
"""How many days the money of each method needs."""

_DAYS_TO_PAY, _SPARE_DAYS = 7, 4
_WITH_MOVES = {"hebergement", "vps", "revente"}
_BY_A_PERSON = {"vps", "revente"}
_DISK = {"hebergement/perdrix": 10240, "hebergement/outarde": 25600, "revente/revendeur-25": 51200,
         "revente/revendeur-75": 153600}  # fmt: skip


class ChangeOracle(BillingOracle):
    """Billing and changes of plan."""

    # What a day does by itself.

    def open_orders(self) -> list[Order]:
        """The changes that are under way."""
        return [each for service in self.services.values() for each in service.orders if each.is_open]

    def expire_orders(self, day: date) -> None:
        """The changes that were not paid in time."""
        for order in self.open_orders():
            if order.status == "awaiting_payment" and order.expires_on is not None and order.expires_on < day:
                self._expire(order, day)

    def start_orders(self, day: date) -> None:
        """The scheduled changes whose day has come."""
        for order in self.open_orders():
            if order.status == "scheduled" and order.quote.effective_on <= day:
                self.start(order, day)

    def remind_of_orders(self, day: date) -> None:
        """The reminders of changes that expire soon."""
        for order in self.open_orders():
            self._remind_of_order(order, day)

    # Pricing.

    def quote(self, service: Service, plan: str, cycle: str, when: str, day: date) -> Quote:
        """Price a change on a day; ``when`` is the client's wish, "now" or "renewal"."""
        refusal = self._refusal(service, plan, cycle, day)
        if refusal:
            return Quote(plan, cycle, refusal)
        months, options, discount = MONTHS[cycle], service.options, service.discount
        if cycle != service.cycle:
            share = Fraction(months, service.months)
            options, discount = rounded(options * share), rounded(discount * share)
        recurring = max(self._price(service, plan, cycle) * service.quantity + options - discount, 0)
        decision, lines = self._decide(service, recurring, cycle, when, day)
        due = service.due or day
        restarts = decision == "now" and cycle != service.cycle
        next_due = months_later(day, months, day.day) if restarts else due
        taxes = tuple(self.taxes_of(service, sum(lines), day))
        total = sum(lines) + sum(amount for _, amount in taxes)
        before = self._with_taxes(service, service.amount_from(due), next_due)
        return Quote(
            plan, cycle, "", decision, recurring, options, discount,
            day if decision == "now" else due, next_due, day.day if restarts else service.anchor,
            lines, taxes, min(self._usable_credit(service), total),
            before, self._with_taxes(service, recurring, next_due), self._needs_person(service, plan),
        )  # fmt: skip

    def _refusal(self, service: Service, plan: str, cycle: str, day: date) -> str:
        """The first reason, in the order of the document, why there is no such change."""
        unpaid, group = service.unpaid, plan.partition("/")[0]
        must_pay = unpaid is not None and (
            unpaid.due_on < day or bool(unpaid.paid) or (unpaid.period is not None and unpaid.period[0] < day)
        )
        over = service.usage is not None and service.usage > _DISK.get(plan, service.usage)
        reasons = (
            (service.status != "active", "not_active"),
            (service.ending_on is not None, "cancellation_requested"),
            (service.order is not None, "change_under_way"),
            (must_pay, "unpaid_invoice"),
            (service.due is not None and service.due < day, "overdue"),
            ((plan, cycle) == (service.plan, service.cycle), "same_terms"),
            (group not in _WITH_MOVES, "not_permitted"),
            (self._price(service, plan, cycle) < 0, "cycle_not_offered"),
            (plan != service.plan and over, "over_limits"),
        )
        return next((name for applies, name in reasons if applies), "")

    def _price(self, service: Service, plan: str, cycle: str) -> int:
        """The catalogue's price, -1 where the plan is not sold so."""
        group, _, code = plan.partition("/")
        return self.sold.get((group, code, service.currency, cycle), -1)

    def _decide(
        self, service: Service, recurring: int, cycle: str, when: str, day: date
    ) -> tuple[str, tuple[int, ...]]:
        """The row of the decision table that applies, and the lines before tax."""
        due, months = service.due or day, MONTHS[cycle]
        if due == day:
            return "with_renewal", ()
        if months < service.months or when == "renewal":
            return "at_next_due", ()
        share = share_left(service.months, due, service.anchor, day)
        if months > service.months:
            unused = rounded(service.recurring * share)
            return ("at_next_due", ()) if unused > recurring else ("now", _nonzero(recurring, -unused))
        return "now", _nonzero(rounded(max(recurring - service.recurring, 0) * share))

    def _usable_credit(self, service: Service) -> int:
        """The account credit, with what the renewal gives back that a change voids."""
        unpaid = service.unpaid
        return self.balance(service) + (unpaid.credit + unpaid.paid if unpaid else 0)

    def _with_taxes(self, service: Service, amount: int, on: date) -> int:
        return amount + sum(tax for _, tax in self.taxes_of(service, amount, on))

    def _needs_person(self, service: Service, plan: str) -> bool:
        if plan != service.plan and plan.partition("/")[0] in _BY_A_PERSON:
            return True
        return service.usage is None and _DISK.get(plan, 0) < _DISK.get(service.plan, 0)

    def methods_in_time(self, service: Service, day: date) -> list[str]:
        """The methods whose money arrives before the due date."""
        due = service.due or date.max
        return [method for method, days in NEEDS.items() if day + timedelta(days=days) < due]

    # The life of a change.

    def place(self, service: Service, quote: Quote, method: str, day: date) -> Order:
        """A client confirms a change; what is due is to be paid by ``method``."""
        order = Order(service, quote, day, method, service.recurring, service.due, service.anchor)
        order.needs_person = quote.needs_person
        order.is_charged_by_day = quote.decision == "now" and quote.cycle == service.cycle and quote.subtotal > 0
        voided = service.unpaid
        if voided is not None:
            self.void(voided, day)
        if quote.due_today:
            last = day + timedelta(days=max(_DAYS_TO_PAY, NEEDS[method] + _SPARE_DAYS))
            order.expires_on = min(last, (service.due or date.max) - timedelta(days=1))
        order.status = _first_status(quote)
        service.orders.append(order)
        if quote.total:
            due_on = order.expires_on or day
            order.invoice = self.issue(service, "change", day, due_on, day, quote.lines, order=order)
            self.use_credit(order.invoice)
        self._begin(order, voided, day)
        return order

    def _begin(self, order: Order, voided: Invoice | None, day: date) -> None:
        if order.status == "awaiting_payment":
            if order.method != "paypal":
                self.write("change_requested", order.service)
        elif order.status == "awaiting_provisioning":
            self.provision(order, day)
        else:
            self.write("scheduled", order.service)
            if order.quote.decision == "with_renewal":
                self.start(order, day)
            elif voided is not None:
                self.issue_anew(order.service, day)

    def settle(self, invoice: Invoice, day: date) -> None:
        """What follows from an invoice that is paid in full: also the start of the change that it is for."""
        super().settle(invoice, day)
        order = invoice.order
        if order is None:
            return
        if invoice.kind == "change" and order.status == "awaiting_payment":
            order.status, order.paid_on = "awaiting_provisioning", day
            self.provision(order, day)
        elif invoice.kind == "renewal" and order.status == "scheduled" and order.quote.effective_on <= day:
            self.start(order, day)

    def start(self, order: Order, day: date) -> None:
        """The day of a scheduled change: it begins once its period is paid, or a person must look at it."""
        service, quote = order.service, order.quote
        if service.asked == "lifting":
            return
        over = service.usage is not None and service.usage > _DISK.get(quote.plan, service.usage)
        if service.status != "active" or service.ending_on is not None or (quote.plan != service.plan and over):
            order.status, order.needs_person, order.was_reviewed = "awaiting_provisioning", True, True
            self.write("needs_review", service)
            self.open_task(service, "change")
            self.replace_renewals(order, day)
            return
        of_order = [each for each in service.invoices if each.order is order and each.is_live_renewal]
        if not of_order:
            self.renew(service, day)
            of_order = [each for each in service.invoices if each.order is order and each.is_live_renewal]
        first = min(of_order, key=lambda each: each.period or (date.max, date.max), default=None)
        if first is not None and first.status == "paid" and order.status == "scheduled":
            order.status = "awaiting_provisioning"
            order.needs_person = order.needs_person or self._needs_person(service, quote.plan)
            self.provision(order, day)

    def provision(self, order: Order, day: date) -> None:
        """A person is asked to make the change, or the panel makes it at once."""
        if order.needs_person:
            self.write("person_on_it", order.service)
            self.open_task(order.service, "change")
        else:
            self.complete(order, day, day)

    def complete(self, order: Order, in_force_on: date, day: date) -> None:
        """The change is operational: the service has the new terms, and days not served are credited."""
        service, quote = order.service, order.quote
        order.status = "completed"
        self.close_task(service, "change")
        service.plan, service.cycle, service.recurring = quote.plan, quote.cycle, quote.recurring
        service.options, service.discount = quote.options, quote.discount
        service.next_terms = None
        if quote.decision == "now" and quote.next_due != order.due:
            service.due, service.anchor = quote.next_due, quote.anchor
        if order.is_charged_by_day and order.invoice is not None:
            unserved = self._charge(order, order.placed_on) - self._charge(order, in_force_on)
            if unserved > 0:
                self.credit_note(order.invoice, "days_not_served", day, unserved)
        self.write("operational", service)
        stale = service.unpaid
        if stale is not None and stale.order is not order:
            self.void(stale, day)
        self.issue_anew(service, day)

    def _charge(self, order: Order, on: date) -> int:
        """What the change costs before tax when it is in force from a day on."""
        if order.due is None or on >= order.due:
            return 0
        share = share_left(MONTHS[order.quote.cycle], order.due, order.old_anchor, on)
        return rounded((order.quote.recurring - order.before) * share)

    def cancel(self, order: Order, day: date) -> None:
        """The client cancels a change that is unpaid or scheduled."""
        order.status = "cancelled"
        if order.invoice is not None:
            self.void(order.invoice, day)
        self.replace_renewals(order, day)
        self.write("cancelled", order.service)

    def refuse(self, order: Order, day: date) -> None:
        """Staff cannot make a change: what was paid for it is credited."""
        order.status = "refused"
        self.close_task(order.service, "change")
        if order.invoice is not None:
            self.credit_note(order.invoice, "change_refused", day)
        self.replace_renewals(order, day)
        self.write("refused", order.service)

    def _expire(self, order: Order, day: date) -> None:
        order.status = "cancelled"
        if order.invoice is not None:
            self.void(order.invoice, day)
        self.issue_anew(order.service, day)
        self.write("expired", order.service)

    def _remind_of_order(self, order: Order, day: date) -> None:
        last = order.expires_on
        is_soon = last is not None and day <= last <= day + timedelta(days=2)
        if order.status == "awaiting_payment" and is_soon and not order.was_reminded:
            order.was_reminded = True
            self.write("reminder", order.service)

    def replace_renewals(self, order: Order, day: date) -> None:
        """Bill the current terms again: the renewals on those of the order are void, or credited once paid."""
        service = order.service
        for invoice in [each for each in reversed(service.invoices) if each.order is order and each.is_live_renewal]:
            if invoice.status != "paid":
                self.void(invoice, day)
                continue
            if invoice.period is not None and service.due == invoice.period[1]:
                service.due = invoice.period[0]
            invoice.is_replaced = True
            if self.credit_note(invoice, "renewal_replaced", day):
                self.write("credit_note", service)
        self.issue_anew(service, day)


def share_left(months: int, due: date, anchor: int, day: date) -> Fraction:
    """The part of a cycle that is left on a day, with the whole cycles that are paid ahead."""
    ahead = 0
    while months_later(due, -months * (ahead + 1), anchor) > day:
        ahead += 1
    start, end = (months_later(due, -months * cycles, anchor) for cycles in (ahead + 1, ahead))
    return Fraction((end - day).days, (end - start).days) + ahead


def _nonzero(*amounts: int) -> tuple[int, ...]:
    return tuple(amount for amount in amounts if amount)


def _first_status(quote: Quote) -> str:
    if quote.due_today:
        return "awaiting_payment"
    return "awaiting_provisioning" if quote.decision == "now" else "scheduled"
