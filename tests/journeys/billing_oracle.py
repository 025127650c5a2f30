"""The oracle of billing: renewals, reminders, payments, account credit, and the e-mails about them.

It is written from docs/billing.md and imports nothing of the program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.journeys.arithmetic import Tax, months_later, taxes_on
from tests.journeys.expectations import MONTHS, CreditNote, Invoice, Order, Person, Service
from tests.journeys.export_reader import TABLES, Prices, Row, person_of, service_of, update

SELLER = "facturation@riviere.example"
RENEWAL_DAYS = timedelta(days=14)
_WEEK = timedelta(days=7)


@dataclass
class BillingOracle:
    """All that is expected. ``emails`` are those of the day, by kind, recipient and service.

    ``sold`` has the catalogue's prices. Renewals are issued from ``renewals_from``.
    """

    sold: Prices
    renewals_from: date
    suspend_days: int
    terminate_days: int
    clients: dict[str, Person] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    credit: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    emails: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    notes: int = 0

    # What the host's files do.

    def read_clients(self, rows: Iterable[Row]) -> None:
        """Take over the clients of the file."""
        for row in rows:
            self.clients[row["id"]] = person_of(row)

    def read_services(self, name: str, rows: Iterable[Row], day: date) -> dict[int, int]:
        """Take over a file of services; how many of its values are kept as they are here, by line."""
        kept = {}
        for line, row in enumerate(rows, start=2):
            theirs = service_of(TABLES[name], row, self.sold)
            ours = self.services.setdefault(theirs.name, theirs)
            if ours is theirs:
                continue
            if theirs.has_ended and not ours.has_ended:
                self.end_by_file(ours, theirs, day)
            elif number := update(ours, theirs):
                kept[line] = number
        return kept

    def end_by_file(self, ours: Service, theirs: Service, day: date) -> None:
        """The host's file ends a service."""
        raise NotImplementedError

    # What a day does by itself.

    def send_reminders(self, day: date) -> None:
        """The reminders of renewals, each once."""
        for service in self.services.values():
            invoice = service.unpaid
            if invoice is not None and not service.has_ended:
                self._remind(invoice, day)

    def _remind(self, invoice: Invoice, day: date) -> None:
        due, sent = invoice.due_on, invoice.reminders
        is_soon = day < due <= day + timedelta(days=3) and invoice.issued_on <= day - timedelta(days=3)
        if is_soon and "reminder" not in sent:
            self._notice("reminder", invoice, day)
        first = sent.get("overdue")
        if due < day and first is None:
            self._notice("overdue", invoice, day)
        if due <= day - _WEEK and first and first <= day - timedelta(days=6) and "second_reminder" not in sent:
            self._notice("second_reminder", invoice, day)

    def _notice(self, kind: str, invoice: Invoice, day: date) -> None:
        invoice.reminders[kind] = day
        self.write(kind, invoice.service)
        if kind != "reminder":
            self.announce_suspension(invoice, day)

    def announce_suspension(self, invoice: Invoice, day: date) -> bool:
        """The client of a service that runs is told the day of its suspension, once; whether they are now."""
        if invoice.suspends_on is not None or not invoice.service.is_running:
            return False
        soonest = day + timedelta(days=3)
        invoice.suspends_on = max(invoice.due_on + timedelta(days=self.suspend_days), soonest)
        return True

    def suspend_unpaid(self, day: date) -> None:
        """The suspensions whose day has come, and the tasks to decide about what stays unpaid."""
        for service in self.services.values():
            invoice = service.unpaid
            if invoice is None or service.has_ended:
                continue
            if "overdue" in invoice.reminders and self.announce_suspension(invoice, day):
                self.write("second_reminder", service)
            if service.is_running and invoice.suspends_on is not None and invoice.suspends_on <= day:
                self.ask_to_suspend(service)
            if invoice.due_on <= day - timedelta(days=self.terminate_days) and not invoice.was_decided:
                invoice.was_decided = True
                self.open_task(service, "unpaid")

    def ask_to_suspend(self, service: Service) -> None:
        """The panel suspends an account at once; where there is none it is a task for staff."""
        if service.username:
            self.suspend(service)
        else:
            service.asked = "suspending"
            self.open_task(service, "suspend")

    def suspend(self, service: Service) -> None:
        """A service is suspended, and its client written to."""
        service.status, service.asked = "suspended", ""
        self.write("suspended", service)

    def ask_to_lift(self, service: Service) -> None:
        """What was suspended is restored; what a person has not suspended yet is only withdrawn."""
        if service.asked == "suspending":
            service.asked = ""
            self.close_task(service, "suspend")
        elif service.username:
            self.lift(service)
        else:
            service.asked = "lifting"
            self.open_task(service, "unsuspend")
            self.write("lift_late", service)

    def lift(self, service: Service) -> None:
        """A service is restored, and its client written to."""
        service.status, service.asked = "active", ""
        self.write("suspension_lifted", service)

    def issue_renewals(self, day: date) -> None:
        """The renewals that are due within two weeks, in the order of their due dates."""
        until = day + RENEWAL_DAYS
        soon = [(each.due, each) for each in self.services.values() if each.due is not None and each.due <= until]
        for _, service in sorted(soon, key=lambda each: each[0]):
            self.renew(service, day)

    def renew(self, service: Service, day: date) -> None:
        """Issue the next renewal if there is one, and those behind it as long as account credit pays them."""
        while (due := service.due) is not None and self._is_renewed(service, due, day):
            order = self.order_of_next_period(service)
            amount = order.quote.recurring if order else service.amount_from(due)
            cycle = order.quote.cycle if order else service.cycle
            period = due, months_later(due, MONTHS[cycle], service.anchor)
            due_on = max(due, day)
            invoice = self.issue(service, "renewal", day, due_on, due_on, [amount], period, order)
            self.write("renewal_invoice", service)
            self.use_credit(invoice)
            if invoice.status != "paid":
                return
            self.advance(invoice, day)
            if service.due is None or service.due > day:
                return

    def _is_renewed(self, service: Service, due: date, day: date) -> bool:
        open_order, order = service.order, self.order_of_next_period(service)
        if open_order is not None and open_order.quote.decision == "now":
            return False
        is_billed = service.status in {"active", "suspended"} and bool(order or (service.recurring and service.months))
        is_ours = order is not None or day >= self.renewals_from
        ends = service.ending_on is not None and service.ending_on <= due
        return is_billed and is_ours and not ends and service.unpaid is None

    def order_of_next_period(self, service: Service) -> Order | None:
        """The scheduled change whose terms the next renewal has."""
        order = service.order
        return order if order is not None and order.quote.decision != "now" and not order.was_reviewed else None

    def issue(
        self,
        service: Service,
        kind: str,
        day: date,
        due_on: date,
        taxed_on: date,
        lines: Sequence[int],
        period: tuple[date, date] | None = None,
        order: Order | None = None,
    ) -> Invoice:
        """Issue an invoice, whose taxes are those of the day ``taxed_on``."""
        taxes = self.taxes_of(service, sum(lines), taxed_on)
        invoice = Invoice(service, kind, day, due_on, taxed_on, list(lines), taxes, period, order)
        service.invoices.append(invoice)
        return invoice

    def taxes_of(self, service: Service, amount: int, on: date) -> list[Tax]:
        """The taxes that the client of a service pays on an amount."""
        person = self.clients[service.client]
        return [] if person.is_exempt else taxes_on(amount, person.province, on)

    # What becomes of an invoice.

    def receive(self, invoice: Invoice, amount: int, day: date) -> None:
        """Money for an invoice; what it does not ask for becomes account credit."""
        applied = min(amount, invoice.balance)
        if amount > applied:
            self.move_credit(invoice.service, amount - applied)
            self.write("payment_late", invoice.service)
            self.write("staff_notice", invoice.service, SELLER)
        if not applied:
            return
        invoice.paid += applied
        if invoice.balance:
            self.write("payment_partial", invoice.service)
        else:
            self.settle(invoice, day)

    def pay_with_credit(self, invoice: Invoice, day: date) -> None:
        """A client applies what account credit they have."""
        self.use_credit(invoice)
        if invoice.status == "paid":
            self.settle(invoice, day)

    def settle(self, invoice: Invoice, day: date) -> None:
        """What follows from an invoice that is paid in full."""
        invoice.status = "paid"
        if invoice.kind == "renewal":
            self.advance(invoice, day)
            if invoice.service.due is not None and invoice.service.due <= day:
                self.renew(invoice.service, day)
            self.write("payment_received", invoice.service)

    def advance(self, invoice: Invoice, day: date) -> None:
        """A renewal that is paid moves the due date on, and lifts the suspension once its period has begun."""
        service = invoice.service
        if invoice.period is not None and service.due == invoice.period[0]:
            service.due = invoice.period[1]
            if invoice.order is None and service.next_terms and service.next_terms[0] <= invoice.period[0]:
                service.recurring, service.next_terms = service.next_terms[1], None
        if invoice.was_decided:
            self.close_task(service, "unpaid")
        is_suspended = service.asked == "suspending" or (service.status == "suspended" and not service.asked)
        if is_suspended and invoice.period is not None and invoice.period[0] <= day:
            self.ask_to_lift(service)

    def void(self, invoice: Invoice, day: date) -> None:
        """Void an invoice; what was paid or credited on it becomes account credit."""
        invoice.status, invoice.voided_on = "void", day
        if invoice.credit + invoice.paid:
            self.move_credit(invoice.service, invoice.credit + invoice.paid)

    def issue_anew(self, service: Service, day: date) -> None:
        """Issue the renewal of a period whose earlier one was void or replaced, or which has begun."""
        due = service.due
        again = [each for each in service.invoices if each.kind == "renewal" and not each.is_live_renewal]
        if due is not None and (due <= day or any(each.period and each.period[0] == due for each in again)):
            self.renew(service, day)

    def credit_note(self, invoice: Invoice, reason: str, day: date, amount: int | None = None) -> CreditNote | None:
        """Credit a paid invoice, all that is left of it or ``amount`` before tax; ``None`` when nothing is left."""
        if invoice.status != "paid":
            return None
        left = sum(invoice.lines) - sum(note.subtotal for note in invoice.notes)
        taxes_left = {
            name: tax - sum(dict(note.taxes).get(name, 0) for note in invoice.notes) for name, tax in invoice.taxes
        }
        credited = left if amount is None else min(amount, left)
        if credited <= 0:
            return None
        taxes = self.taxes_of(invoice.service, credited, invoice.taxed_on) if credited < left else []
        rated = dict(taxes)
        taxes = [(name, min(rated.get(name, tax), tax)) for name, tax in taxes_left.items()]
        self.notes += 1
        note = CreditNote(self.notes, reason, day, credited, taxes)
        invoice.notes.append(note)
        self.move_credit(invoice.service, note.total)
        return note

    # Account credit and e-mails.

    def give_credit(self, service: Service, amount: int) -> None:
        """Staff give credit to the client of a service."""
        self.move_credit(service, amount)
        self.write("credit_granted", service, about="")

    def balance(self, service: Service) -> int:
        """The account credit of the client of a service."""
        return sum(self.credit.get((service.client, service.currency), []))

    def use_credit(self, invoice: Invoice) -> None:
        """Apply account credit to an invoice, after its taxes."""
        amount = min(self.balance(invoice.service), invoice.balance)
        if amount > 0:
            invoice.credit += amount
            self.move_credit(invoice.service, -amount)
        if not invoice.balance:
            invoice.status = "paid"

    def move_credit(self, service: Service, amount: int) -> None:
        """Add a movement to the account credit of the client of a service."""
        self.credit.setdefault((service.client, service.currency), []).append(amount)

    def write(self, kind: str, service: Service, to: str = "", about: str | None = None) -> None:
        """Expect an e-mail today, to the client of a service unless ``to`` is given."""
        recipient = to or self.clients[service.client].email
        self.emails[kind, recipient, service.name if about is None else about] += 1

    # Tasks of staff.

    def open_task(self, service: Service, kind: str) -> None:
        """Expect a task, and the e-mail to staff about it."""
        service.tasks.append(kind)
        self.write("staff_task", service, SELLER)

    def close_task(self, service: Service, kind: str) -> None:
        """Expect that a task of this kind is closed, if there was one."""
        if kind in service.tasks:
            service.tasks.remove(kind)
