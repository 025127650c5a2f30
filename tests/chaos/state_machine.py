"""All that clients, staff, workers and the calendar may do to three services, in any order, crashes included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.order import OrderEvent, OrderStatus, allows
from kajoom.domain.payment import GIVEN_UP, AttemptStatus, PaymentChoice
from kajoom.domain.quote import Quote, When
from kajoom.domain.refusal import BusinessError
from kajoom.gateways.ports import PanelResult, PanelStatus, ProviderResult
from kajoom.models.cancellation import Cancellation
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.payment import Attempt
from kajoom.models.saved_method import SavedMethod, saved_methods_of
from kajoom.models.service_snapshot import service_snapshot_of
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.daily import enqueue_day
from kajoom.operations.orders import cancellation, close, place, provisioning
from kajoom.operations.orders.place import Confirmation
from kajoom.operations.orders.quotes import Choice, quote_change
from kajoom.operations.payments import pay, receipts, refunds, saved_methods
from kajoom.operations.payments.credit import pay_with_credit
from tests import factories
from tests.chaos.actions import STAFF, catch_up
from tests.chaos.entry_points import Crash, Doors
from tests.chaos.invariants import broken, standing
from tests.operations.ledger_checks import rows
from tests.worker_runs import drain

Thing = TypeVar("Thing")
Nth = st.integers(min_value=0, max_value=5)
_PLANS = st.sampled_from(("base", "a", "b", "c"))
_CYCLES = st.sampled_from((BillingCycle.MONTHLY, BillingCycle.MONTHLY, BillingCycle.QUARTERLY, BillingCycle.ANNUALLY))
_WHENS = st.sampled_from((None, When.NOW, When.RENEWAL))
_ELSEWHERE = ProviderResult(AttemptStatus.PENDING, "ref", approve_url="https://paypal.example/approve")
_ANSWERS = st.sampled_from((
    None, _ELSEWHERE, ProviderResult(AttemptStatus.REFUSED), ProviderResult(AttemptStatus.PENDING),
    ProviderResult(AttemptStatus.UNKNOWN),
))  # fmt: skip
_ACCOUNTS = st.sampled_from(("another", "saved", "another, saved from now on"))
_OUTCOMES = (PanelStatus.UNKNOWN, PanelStatus.PENDING, PanelStatus.REFUSED)
_DEATHS = st.sampled_from((("provider", "before"), ("provider", "after"), ("panel", "before"), ("panel", "after"),
                           ("mailer", "before"), ("mailer", "after")))  # fmt: skip


class Life(RuleBasedStateMachine):
    """Three services of two clients, from the sixteenth of June on; ``begin`` gives each life an empty house."""

    begin: Callable[[], None]

    @initialize()
    def settle_in(self) -> None:
        """A catalogue, and nothing else, is what every life begins with."""
        type(self).begin()
        self.doors, self.numbers = Doors(), count(1)
        self.on, self.at = factories.ON, factories.AT
        holder = factories.client()
        rows_made = [factories.service(holder), factories.service(holder, "b"), factories.service(plan="base")]
        self.holdings = [(row.client_id, row.id) for row in rows_made]
        self.emails = [row.client.email for row in rows_made]
        self.seen: tuple[int, Choice, str] | None = None
        self.doors.provider.saved.add("account")
        account = SavedMethod(provider="null", token="account", label="an account", saved_at=factories.AT)
        account.client_id = holder.id
        db.session.add(account)
        db.session.commit()

    @rule(which=Nth, plan=_PLANS, cycle=_CYCLES, when=_WHENS, result=_ANSWERS, takes=st.booleans())
    def change(
        self, which: int, plan: str, cycle: BillingCycle, when: When | None, result: ProviderResult | None, takes: bool
    ) -> None:
        """A client sees a price, confirms it, and pays at once or leaves it for another time."""
        before = len(rows(Order))
        self.quote(which, plan, cycle, when)
        self.confirm(twice=False)
        if takes and len(rows(Order)) > before:
            self.pay(0, result, takes)

    @rule(which=Nth, plan=_PLANS, result=_ANSWERS, takes=st.booleans())
    def change_monthly(self, which: int, plan: str, result: ProviderResult | None, takes: bool) -> None:
        """The change most clients make: without changes there is little to be lost, so it is tried more often."""
        self.change(which, plan, BillingCycle.MONTHLY, None, result, takes)

    @rule(which=Nth, plan=_PLANS)
    def change_and_see_through(self, which: int, plan: str) -> None:
        """A change that meets no trouble of its own."""
        self.change(which, plan, BillingCycle.MONTHLY, When.NOW, None, takes=True)
        self.work(None, 0)

    @rule(which=Nth, plan=_PLANS, account=_ACCOUNTS, result=_ANSWERS, takes=st.booleans(), asks=st.booleans())
    def change_elsewhere(
        self, which: int, plan: str, account: str, result: ProviderResult | None, takes: bool, asks: bool
    ) -> None:
        """A change whose payment is approved at the provider's, or was beforehand by saving an account there."""
        before = len(rows(Order))
        self.quote(self._free(which), plan, BillingCycle.MONTHLY, When.NOW)
        self.confirm(twice=False)
        if len(rows(Order)) > before:
            self.pay(0, None if account == "saved" else _ELSEWHERE, takes, account)
            self.approve(result, takes, asks, 0)

    @rule(which=Nth, plan=_PLANS, cycle=_CYCLES, when=_WHENS)
    def quote(self, which: int, plan: str, cycle: BillingCycle, when: When | None) -> None:
        """A client looks at what a change would cost; what is due is never below nothing, nor above the total."""
        index = which % len(self.holdings)
        snapshot = service_snapshot_of(*self.holdings[index])
        assert snapshot is not None
        with self._refusable():
            priced: Quote = quote_change(snapshot, Choice(plan, cycle, when), self.on)
            assert priced.total.zero() <= priced.due_today <= priced.total
            assert sum((line.amount for line in priced.lines), priced.total.zero()) == priced.subtotal
            self.seen = index, Choice(plan, cycle, when), priced.digest

    @rule(twice=st.booleans())
    def confirm(self, twice: bool) -> None:
        """What was seen is confirmed, perhaps long after, perhaps by a double click."""
        if self.seen is None:
            return
        (index, choice, digest), self.seen = self.seen, None
        client_id, service_id = self.holdings[index]
        seen = Confirmation(digest, f"key-of-life-{next(self.numbers)}", acknowledged=True)
        placed = []
        for _ in range(1 + twice):
            with self._refusable():
                made = place.place_order(
                    client_id, service_id, choice, seen, locale="fr", on=self.on, at=self.at, days_to_pay=7
                )
                placed.append(made.reference)
        assert len(set(placed)) <= 1

    @rule(which=Nth, result=_ANSWERS, takes=st.booleans(), account=_ACCOUNTS)
    def pay(self, which: int, result: ProviderResult | None, takes: bool, account: str = "another") -> None:
        """Somebody pays an invoice; the provider takes the money or not, and says so or not."""
        found = self._nth([(each.id, each.client_id) for each in rows(Invoice) if each.balance], which)
        self._provider_says(result, takes)
        if found is not None:
            saved = self._nth(saved_methods_of(found[1]), 0) if account == "saved" else None
            payment_choice = PaymentChoice(
                "null", saved.id if saved else None, save_method=account.startswith("another,")
            )
            with self._refusable():
                pay.pay(found[0], self.doors.gateways().payments, payment_choice, self.at)

    @rule(result=_ANSWERS, takes=st.booleans(), asks=st.booleans(), which=Nth)
    def approve(self, result: ProviderResult | None, takes: bool, asks: bool, which: int) -> None:
        """Whoever was led away approves, perhaps a payment given up since; and comes back, or closes the page."""
        self.doors.provider.approved.update(self.doors.provider.ledger)
        number = self._nth([each.id for each in rows(Invoice) if each.balance], which)
        self._provider_says(None if result is _ELSEWHERE else result, takes)
        if asks and number is not None:
            with self._refusable():
                pay.verify(number, self.doors.gateways().payments, self.at)

    @rule(which=Nth, where=st.sampled_from(("here", "at the provider's")))
    def remove(self, which: int, where: str) -> None:
        """A client removes an account they saved, here or at the provider's, who does not say so."""
        method = self._nth(rows(SavedMethod), which)
        if method is not None and where == "here":
            with self._refusable():
                saved_methods.remove(method.client_id, method.id, self.at)
        elif method is not None:
            self.doors.provider.saved.discard(method.token)

    @rule(which=Nth, share=st.sampled_from(("0.5", "1", "2")))
    def record_payment(self, which: int, share: str) -> None:
        """Staff find money in the bank: too little, or too much; perhaps for a void invoice."""
        number = self._nth([each.number for each in rows(Invoice)], which)
        if number is not None:
            offline_payment = receipts.OfflinePayment("60.00" if share == "0.5" else f"{share}99.00", self.on, self.at,
                                f"slip-{next(self.numbers)}", "interac")  # fmt: skip
            with self._refusable():
                receipts.record_offline_payment(number, offline_payment, self.on, STAFF, self.at)

    @rule(which=Nth, amount=st.sampled_from(("12.34", "500.00", "-20.00")))
    def move_credit(self, which: int, amount: str) -> None:
        """Staff move a client's credit, and somebody puts what there is to an invoice."""
        with self._refusable():
            grant_credit(self.emails[which % len(self.emails)], amount, "life", self.at)
        number = self._nth([each.id for each in rows(Invoice) if each.balance], which)
        if number is not None:
            with self._refusable():
                pay_with_credit(number, self.at)

    @rule(which=Nth)
    def refund_invoice(self, which: int) -> None:
        """Staff send back the money of an invoice."""
        number = self._nth([each.number for each in rows(Invoice)], which)
        if number is not None:
            with self._refusable():
                refunds.refund_invoice(number, self.doors.gateways().payments, STAFF, self.at)

    @rule(which=Nth)
    def cancel(self, which: int) -> None:
        """A client cancels a change, and gives up a payment of it that they did not approve."""
        early = [each for each in rows(Order) if allows(each.status, OrderEvent.CANCELLED)]
        found = self._nth([(each.id, each.client_id, each.reference) for each in early], which)
        if found is not None:
            invoice = invoice_of_order(found[0])
            with self._refusable():
                if invoice is not None:
                    pay.give_up(invoice.id, self.doors.gateways().payments, self.at)
                close.cancel_order(*found[1:], self.on, self.at)

    @rule(which=Nth, done=st.booleans())
    def decide(self, which: int, done: bool) -> None:
        """A person does what waits for a person, and says so; or cannot do it."""
        waiting = [
            (each.reference, each.service.username, each.to_plan.package)
            for each in rows(Order)
            if each.status is OrderStatus.AWAITING_PROVISIONING and each.needs_person
        ]
        found = self._nth(waiting, which)
        if found is not None and done:
            self.doors.panel.packages[found[1]] = found[2]
            provisioning.mark_operational(found[0], STAFF, self.on, self.at)
        elif found is not None:
            provisioning.mark_refused(found[0], "full", STAFF, self.on, self.at)

    @rule(which=Nth, when=st.sampled_from(CancellationWhen), regrets=st.booleans())
    def end(self, which: int, when: CancellationWhen, regrets: bool) -> None:
        """A client asks for the end of a service, or thinks better of having asked."""
        found = self._nth([(each.client_id, each.reference) for each in rows(Cancellation)], which)
        holding, key = self.holdings[which % len(self.holdings)], f"end-{next(self.numbers)}"
        with self._refusable():
            if regrets and found is not None:
                cancellation.withdraw_cancellation(*found, self.at)
            elif which == 0:  # what ends is of no more use to this life
                cancellation.request_cancellation(
                    *holding, when, reason="", key=key, locale="fr", on=self.on, at=self.at
                )

    @rule(outcome=st.sampled_from((None, *_OUTCOMES)), minutes=st.sampled_from((0, 1, 3, 90)))
    def work(self, outcome: PanelStatus | None, minutes: int) -> None:
        """Time goes by, and a worker does what is due; the panel may not do as it is told the next time."""
        self.at += timedelta(minutes=minutes)
        if outcome is not None:
            self.doors.panel.results.append(PanelResult(outcome, "life"))
        with self._refusable():
            drain(self.doors.gateways(), self.at)

    @rule(days=st.sampled_from((1, 1, 2, 6)))
    def sleep(self, days: int) -> None:
        """Mornings come, one after the other, and each is worked off."""
        for _ in range(days):
            self.on, self.at = self.on + timedelta(days=1), self._morning(self.on + timedelta(days=1))
            with self._refusable():
                enqueue_day(self.on, self.at)
                drain(self.doors.gateways(), self.at)

    @rule(death=_DEATHS)
    def doom(self, death: tuple[str, str]) -> None:
        """Whoever asks this door next is cut off."""
        self.doors.mortal[death[0]].dies = death[1]

    @invariant()
    def nothing_is_broken(self) -> None:
        """What must be true at every moment, whoever was cut off."""
        if hasattr(self, "doors"):
            assert not (found := standing()), "\n".join(found)
            given_up = {each.key for each in rows(Attempt) if each.reason == GIVEN_UP}
            db.session.rollback()
            taken = {key for key, (_, said) in self.doors.provider.ledger.items() if said.status == "captured"}
            assert not given_up & taken, "what its client gave up was taken"

    def teardown(self) -> None:
        """Everybody catches up, and then all of it must be true."""
        if hasattr(self, "doors"):
            self.doors.clear()
            approve = partial(self.doors.provider.approved.update, self.doors.provider.ledger)
            at = catch_up(self.doors.gateways(), self.at + timedelta(minutes=5), approve)
            found = broken(self.doors.world(), at, ("null",))
            assert not found, "\n".join(found)

    def _free(self, which: int) -> int:
        """The place of a service that nothing hinders, if there is one."""
        snapshot = [service_snapshot_of(*holding) for holding in self.holdings]
        free = [n for n, each in enumerate(snapshot) if each is not None and each.blocked_reason(self.on) is None]
        return free[which % len(free)] if free else which

    def _provider_says(self, result: ProviderResult | None, takes: bool) -> None:
        """What the provider answers next, and whether it takes the money when it does not say."""
        self.doors.provider.takes_money = takes
        self.doors.provider.results.clear()
        if result is not None:
            self.doors.provider.results.append(result)

    @contextmanager
    def _refusable(self) -> Iterator[None]:
        """A refusal is an answer, and a process that was cut off says nothing."""
        try:
            yield
        except (BusinessError, Crash):
            db.session.rollback()

    def _morning(self, on: date) -> datetime:
        return max(self.at, factories.AT + (on - factories.ON))

    @staticmethod
    def _nth(things: list[Thing], which: int) -> Thing | None:
        db.session.rollback()
        return things[-1 - which % len(things)] if things else None
