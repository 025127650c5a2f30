"""The oracle of the simulation: what the program must have written and sent, worked out from the documents alone.

It knows the files of the host, the day, and what clients and staff did, and imports nothing of the program. To billing
and changes of plan it adds how services end.
"""

from __future__ import annotations

from datetime import date

from tests.journeys.billing_oracle import SELLER
from tests.journeys.change_oracle import ChangeOracle
from tests.journeys.expectations import Invoice, Service
from tests.journeys.export_reader import update_facts


class Oracle(ChangeOracle):
    """All that is expected of a host's days."""

    def begin_day(self, day: date) -> None:
        """The daily run in its order, and the digest to the host's staff."""
        self.emails.clear()
        self.emails["staff_digest", SELLER, ""] += 1
        for service in self.services.values():
            if service.ending_on is not None and service.ending_on <= day:
                self.end(service, "cancelled", service.ending_on, day)
        self.expire_orders(day)
        self.start_orders(day)
        self.remind_of_orders(day)
        self.send_reminders(day)
        self.suspend_unpaid(day)
        self.issue_renewals(day)

    # Cancellation requests.

    def cancellation_refusal(self, service: Service) -> str:
        """Why a client cannot ask for the end of a service."""
        reasons = (
            (service.has_ended, "not_active"),
            (service.ending_on is not None, "cancellation_requested"),
            (service.order is not None, "change_under_way"),
        )
        return next((name for applies, name in reasons if applies), "")

    def request_cancellation(self, service: Service, when: str, day: date) -> None:
        """A client asks for the end of a service, "now" or at the end of the paid "period_end"."""
        ends_on = day if when == "now" or service.due is None else max(day, service.due)
        if ends_on <= day:
            self.end(service, "cancelled", day, day)
            return
        service.ending_on = ends_on
        unpaid = service.unpaid
        if unpaid is not None and unpaid.period is not None and unpaid.period[0] >= ends_on:
            self.void(unpaid, day)
        self.write("cancellation_received", service)

    def withdraw_cancellation(self, service: Service) -> None:
        """The client withdraws the request: the next day bills the service again."""
        service.ending_on = None
        self.write("cancellation_withdrawn", service)

    # The end of a service.

    def end(self, service: Service, status: str, on: date, day: date) -> None:
        """A service ends: its change is closed, what is invoiced for later periods is void or credited."""
        service.status, service.ending_on, service.asked, service.next_terms = status, None, "", None
        order = service.order
        if order is not None:
            self._close(service, day)
        later = [each for each in service.invoices if each.is_live_renewal and each.period and each.period[0] >= on]
        for invoice in reversed(later):
            self._undo(invoice, day)
        service.tasks.clear()
        self.open_task(service, "end")
        self.write("service_ended", service)

    def _close(self, service: Service, day: date) -> None:
        """Close the open change of a service that ends; nobody is written to about it apart."""
        order = service.order
        if order is None:
            return
        if order.status == "awaiting_provisioning":
            order.status = "refused"
            if order.invoice is not None:
                self.credit_note(order.invoice, "change_refused", day)
            self.replace_renewals(order, day)
            return
        order.status = "cancelled"
        if order.invoice is not None:
            self.void(order.invoice, day)

    def _undo(self, invoice: Invoice, day: date) -> None:
        if invoice.status != "paid":
            self.void(invoice, day)
            return
        if invoice.period is not None and invoice.service.due == invoice.period[1]:
            invoice.service.due = invoice.period[0]
        invoice.is_replaced = True
        self.credit_note(invoice, "service_ended", day)

    def end_by_file(self, ours: Service, theirs: Service, day: date) -> None:
        """The host's file ends a service on the day it is read."""
        update_facts(ours, theirs)
        ours.in_file = theirs.status
        self.end(ours, theirs.status, day, day)

    # What staff agree on and correct.

    def set_terms(self, service: Service, amount: int, since: date, day: date) -> None:
        """Staff set another recurring amount for the periods that begin on ``since`` or later."""
        service.next_terms, service.has_terms_by_staff = (since, amount), True
        unpaid = service.unpaid
        is_replaced = unpaid is not None and unpaid.period is not None and unpaid.period[0] >= since
        if unpaid is not None and is_replaced:
            self.void(unpaid, day)
            if unpaid.was_decided:
                self.close_task(service, "unpaid")
        if is_replaced or (service.due is not None and service.due <= day):
            self.renew(service, day)
        self.write("terms_changed", service)

    def correct(self, invoice: Invoice, amount: int, day: date) -> None:
        """Staff credit a part of a paid invoice."""
        if self.credit_note(invoice, "corrected", day, amount):
            self.write("credit_note", invoice.service)

    def refundable(self, invoice: Invoice) -> int:
        """What of the credit that an invoice gave can go back by the provider that took its money."""
        given = sum(note.total for note in invoice.notes) - invoice.refunded
        return min(given, self.balance(invoice.service), invoice.paid_by_provider - invoice.refunded)

    def refund(self, invoice: Invoice) -> None:
        """Staff send it back."""
        amount = self.refundable(invoice)
        invoice.refunded += amount
        self.move_credit(invoice.service, -amount)
        self.write("refunded", invoice.service)

    def finish_suspension(self, service: Service) -> None:
        """A person has suspended or restored a service."""
        if service.asked == "suspending":
            self.close_task(service, "suspend")
            self.suspend(service)
        else:
            self.close_task(service, "unsuspend")
            self.lift(service)
