"""More events of the state machine: what happens while an approval stands open, and captures held for review."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.payment import OPEN, PaymentChoice
from kajoom.domain.quote import When
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.payment import Attempt
from kajoom.models.service import Service
from kajoom.operations.orders import cancellation, close, end_service
from kajoom.operations.payments import pay, receipts
from tests.chaos.actions import STAFF
from tests.chaos.claim_checks import watch_claims
from tests.chaos.state_machine import APPROVAL_NEEDED, PLANS, ClientArea, Nth
from tests.operations.ledger_checks import rows
from tests.worker_runs import drain

_EVENTS = st.sampled_from(("part", "whole", "too much", "cancelled", "ended by the client", "ended by staff", "days"))
_WAYS = st.sampled_from(("returns", "presses pay", "worker"))


class ClientAreaWithOpenApprovals(ClientArea):
    """The same services; ``wrong_claims`` are the captures that were claimed for an amount that was not owed."""

    wrong_claims: list[str]

    @initialize()
    def begin_watching(self) -> None:
        """Check every claim from now on."""
        self.wrong_claims = []
        self._watch = ExitStack()
        self._watch.enter_context(watch_claims(self.wrong_claims.append))

    @rule(which=Nth, plan=PLANS, meanwhile=_EVENTS, way=_WAYS)
    def change_approved_late(self, which: int, plan: str, meanwhile: str, way: str) -> None:
        """A client goes to approve a change; something happens before they do, in the tab that was left open."""
        before = len(rows(Order))
        self.quote(self._free(which), plan, BillingCycle.MONTHLY, When.NOW)
        self.confirm(twice=False)
        if len(rows(Order)) > before:
            self.pay(0, APPROVAL_NEEDED, captures=True)
            self.invoice_changes(0, meanwhile)
            self._approve_in(way)

    @rule(which=Nth, meanwhile=_EVENTS, way=_WAYS)
    def renewal_approved_late(self, which: int, meanwhile: str, way: str) -> None:
        """The same with an invoice that is open already, for example a renewal."""
        self.pay(which, APPROVAL_NEEDED, captures=True)
        self.invoice_changes(0, meanwhile)
        self._approve_in(way)

    @rule(which=Nth, meanwhile=_EVENTS)
    def invoice_changes(self, which: int, meanwhile: str) -> None:
        """What an invoice owes changes: staff record money, its order is cancelled, its service ends, days pass."""
        open_attempts = [each for each in rows(Attempt) if each.status in OPEN]
        found = self._nth([(each.invoice_id, each.invoice.client_id) for each in open_attempts], which)
        if found is None:
            return
        invoice = db.session.get_one(Invoice, found[0])
        number, balance, service_id = invoice.number, invoice.balance, invoice.service_id
        name = db.session.get_one(Service, service_id).external_id
        reference = invoice.order.reference if invoice.order is not None else ""
        db.session.rollback()
        with self._refusable():
            match meanwhile:
                case "part" | "whole" | "too much":
                    cents = {"part": balance.cents // 2, "whole": balance.cents}.get(meanwhile, balance.cents + 500)
                    self._receive(number, f"{cents // 100}.{cents % 100:02d}")
                case "cancelled" if reference:
                    close.cancel_order(found[1], reference, self.on, self.at)
                case "ended by the client":
                    key = f"cancellation-{next(self.numbers)}"
                    cancellation.request_cancellation(
                        found[1], service_id, CancellationWhen.NOW, reason="", key=key, locale="fr",
                        on=self.on, at=self.at,
                    )  # fmt: skip
                case "ended by staff" if which % 3 == 0:  # rarely: nothing more can be done to an ended service
                    end_service.end_service_as_staff(name, "test", STAFF, self.on, self.at)
                case "days":
                    self.pass_days(2)

    @rule(which=Nth, days=st.sampled_from((1, 2, 6)), is_completed=st.booleans())
    def capture_held_for_review(self, which: int, days: int, is_completed: bool) -> None:
        """The provider holds captured money for days, during which staff may record the same money."""
        self.systems.provider.reviews_captures = True
        self.pay(which, APPROVAL_NEEDED, captures=True)
        self.approve(None, captures=True, returns=True, which=which)
        self.systems.provider.reviews_captures = False
        self.pass_days(days)
        if is_completed:
            self.systems.provider.under_review.clear()

    @invariant()
    def claims_are_owed(self) -> None:
        """Nothing is captured beyond what its invoice owed when the capture was claimed."""
        if hasattr(self, "wrong_claims"):
            assert not self.wrong_claims, "\n".join(self.wrong_claims)

    def teardown(self) -> None:
        """As without these events; the watch ends with the sequence."""
        try:
            super().teardown()
            self.claims_are_owed()
        finally:
            if hasattr(self, "_watch"):
                self._watch.close()

    def _receive(self, number: str, amount: str) -> None:
        reference = f"transfer-{next(self.numbers)}"
        offline_payment = receipts.OfflinePayment(amount, self.on, self.at, reference, "interac")
        receipts.record_offline_payment(number, offline_payment, self.on, STAFF, self.at)

    def _approve_in(self, way: str) -> None:
        """The client approves, and returns, presses the button to pay again, or closes the page."""
        self.systems.provider.approved.update(self.systems.provider.ledger)
        attempts = [(each.invoice_id, each.provider) for each in rows(Attempt)]
        found = self._nth(attempts, 0)
        if found is None:
            return
        self._set_provider_result(APPROVAL_NEEDED if way == "presses pay" else None, captures=True)
        with self._refusable():
            if way == "returns":
                pay.verify(found[0], self.systems.gateways().payments, self.at)
            elif way == "presses pay":
                pay.pay(found[0], self.systems.gateways().payments, PaymentChoice("fake"), self.at)
            else:
                drain(self.systems.gateways(), self.at + timedelta(minutes=2))
