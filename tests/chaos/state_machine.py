"""What clients, staff, workers and the calendar can do to three services, in any order, crashes included."""

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
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.gateways.ports import ProviderResult
from kajoom.models.cancellation import Cancellation
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.payment import Attempt
from kajoom.models.saved_method import SavedMethod, saved_methods_of
from kajoom.models.service_snapshot import service_snapshot_of
from kajoom.operations.billing import terms
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.billing.credit_notes import credit_invoice
from kajoom.operations.billing.typed_terms import TermsInput
from kajoom.operations.daily import enqueue_day
from kajoom.operations.orders import cancellation, close, place, provisioning
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.quotes import Choice, Quotes, quote_change
from kajoom.operations.payments import pay, receipts, refunds, saved_methods
from kajoom.operations.payments.credit import pay_with_credit
from tests import factories
from tests.chaos.actions import STAFF, catch_up
from tests.chaos.crashing_gateways import Crash, CrashingGateways
from tests.chaos.invariants import violations, violations_at_any_time
from tests.operations.ledger_checks import rows
from tests.worker_runs import drain

Item = TypeVar("Item")
Nth = st.integers(min_value=0, max_value=5)
PLANS = st.sampled_from(("base", "a", "b", "c"))
_CYCLES = st.sampled_from((BillingCycle.MONTHLY, BillingCycle.MONTHLY, BillingCycle.QUARTERLY, BillingCycle.ANNUALLY))
_WHENS = st.sampled_from((None, When.NOW, When.RENEWAL))
APPROVAL_NEEDED = ProviderResult(AttemptStatus.PENDING, "ref", approve_url="https://paypal.example/approve")
_RESULTS = st.sampled_from((
    None, APPROVAL_NEEDED, ProviderResult(AttemptStatus.REFUSED), ProviderResult(AttemptStatus.PENDING),
    ProviderResult(AttemptStatus.UNKNOWN),
))  # fmt: skip
_ACCOUNTS = st.sampled_from(("another", "saved", "another, saved from now on"))
_PANEL_FAILURES = (PanelStatus.UNKNOWN, PanelStatus.PENDING, PanelStatus.REFUSED)
_CRASHES = st.sampled_from((("provider", "before"), ("provider", "after"), ("panel", "before"), ("panel", "after"),
                           ("mailer", "before"), ("mailer", "after")))  # fmt: skip


class ClientArea(RuleBasedStateMachine):
    """Three services of two clients, from ``factories.ON``. ``restore`` empties the database before each sequence."""

    restore: Callable[[], None]

    @initialize()
    def create_services(self) -> None:
        """Create the services and one saved account; the database holds only the catalogue before."""
        type(self).restore()
        self.systems, self.numbers = CrashingGateways(), count(1)
        self.on, self.at = factories.ON, factories.AT
        holder = factories.client()
        services = [factories.service(holder), factories.service(holder, "b"), factories.service(plan="base")]
        self.owned = [(row.client_id, row.id) for row in services]
        self.emails = [row.client.email for row in services]
        self.reviewed: tuple[int, Choice, str] | None = None
        self.systems.provider.saved.add("account")
        account = SavedMethod(provider="fake", token="account", label="an account", saved_at=factories.AT)
        account.client_id = holder.id
        db.session.add(account)
        db.session.commit()

    @rule(which=Nth, plan=PLANS, cycle=_CYCLES, when=_WHENS, result=_RESULTS, captures=st.booleans())
    def change(
        self,
        which: int,
        plan: str,
        cycle: BillingCycle,
        when: When | None,
        result: ProviderResult | None,
        captures: bool,
    ) -> None:
        """A client sees a price, confirms it, and pays at once or later."""
        before = len(rows(Order))
        self.quote(which, plan, cycle, when)
        self.confirm(twice=False)
        if captures and len(rows(Order)) > before:
            self.pay(0, result, captures)

    @rule(which=Nth, plan=PLANS, result=_RESULTS, captures=st.booleans())
    def change_monthly(self, which: int, plan: str, result: ProviderResult | None, captures: bool) -> None:
        """The usual change, drawn more often: without changes there is little to check."""
        self.change(which, plan, BillingCycle.MONTHLY, None, result, captures)

    @rule(which=Nth, plan=PLANS)
    def change_and_complete(self, which: int, plan: str) -> None:
        """A change without faults of its own, worked off at once."""
        self.change(which, plan, BillingCycle.MONTHLY, When.NOW, None, captures=True)
        self.work(None, 0)

    @rule(which=Nth, plan=PLANS, account=_ACCOUNTS, result=_RESULTS, captures=st.booleans(), returns=st.booleans())
    def change_with_approval(
        self, which: int, plan: str, account: str, result: ProviderResult | None, captures: bool, returns: bool
    ) -> None:
        """A change whose payment is approved at the provider, or was approved earlier by saving an account."""
        before = len(rows(Order))
        self.quote(self._free(which), plan, BillingCycle.MONTHLY, When.NOW)
        self.confirm(twice=False)
        if len(rows(Order)) > before:
            self.pay(0, None if account == "saved" else APPROVAL_NEEDED, captures, account)
            self.approve(result, captures, returns, 0)

    @rule(which=Nth, plan=PLANS, cycle=_CYCLES, when=_WHENS)
    def quote(self, which: int, plan: str, cycle: BillingCycle, when: When | None) -> None:
        """A client looks at the price of a change; the amount due is never negative nor above the total."""
        index = which % len(self.owned)
        snapshot = service_snapshot_of(*self.owned[index], self.on)
        assert snapshot is not None
        with self._refusable():
            quote: Quote = quote_change(snapshot, Choice(plan, cycle, when))
            assert quote.total.zero() <= quote.due_today <= quote.total
            assert sum((line.amount for line in quote.lines), quote.total.zero()) == quote.subtotal
            self.reviewed = index, Choice(plan, cycle, when), quote.digest

    @rule(twice=st.booleans())
    def confirm(self, twice: bool) -> None:
        """The client confirms the reviewed price, perhaps long after, perhaps twice."""
        if self.reviewed is None:
            return
        (index, choice, digest), self.reviewed = self.reviewed, None
        client_id, service_id = self.owned[index]
        confirmation = Confirmation(digest, f"form-{next(self.numbers)}", acknowledged=True)
        placed = []
        for _ in range(1 + twice):
            with self._refusable():
                order = place.place_order(
                    client_id, service_id, choice, confirmation, locale="fr", on=self.on, at=self.at, days_to_pay=7
                )
                placed.append(order.reference)
        assert len(set(placed)) <= 1

    @rule(which=Nth, result=_RESULTS, captures=st.booleans(), account=_ACCOUNTS)
    def pay(self, which: int, result: ProviderResult | None, captures: bool, account: str = "another") -> None:
        """A client pays an invoice; the provider captures the money or not, and answers or not."""
        found = self._nth([(each.id, each.client_id) for each in rows(Invoice) if each.balance], which)
        self._set_provider_result(result, captures)
        if found is not None:
            saved = self._nth(saved_methods_of(found[1]), 0) if account == "saved" else None
            payment_choice = PaymentChoice(
                "fake", saved.id if saved else None, save_method=account.startswith("another,")
            )
            with self._refusable():
                pay.pay(found[0], self.systems.gateways().payments, payment_choice, self.at)

    @rule(result=_RESULTS, captures=st.booleans(), returns=st.booleans(), which=Nth)
    def approve(self, result: ProviderResult | None, captures: bool, returns: bool, which: int) -> None:
        """Clients approve their payments, perhaps abandoned ones; one comes back, or closes the page."""
        self.systems.provider.approved.update(self.systems.provider.ledger)
        number = self._nth([each.id for each in rows(Invoice) if each.balance], which)
        self._set_provider_result(None if result is APPROVAL_NEEDED else result, captures)
        if returns and number is not None:
            with self._refusable():
                pay.verify(number, self.systems.gateways().payments, self.at)

    @rule(which=Nth, where=st.sampled_from(("here", "at the provider")))
    def remove(self, which: int, where: str) -> None:
        """A client removes a saved account, here or at the provider, which sends no notice."""
        method = self._nth(rows(SavedMethod), which)
        if method is not None and where == "here":
            with self._refusable():
                saved_methods.remove(method.client_id, method.id, self.at)
        elif method is not None:
            self.systems.provider.saved.discard(method.token)

    @rule(which=Nth, share=st.sampled_from(("0.5", "1", "2")))
    def record_payment(self, which: int, share: str) -> None:
        """Staff record an offline payment: too little or too much, perhaps for a void invoice."""
        number = self._nth([each.number for each in rows(Invoice)], which)
        if number is not None:
            offline_payment = receipts.OfflinePayment("60.00" if share == "0.5" else f"{share}99.00", self.on, self.at,
                                f"deposit-{next(self.numbers)}", "interac")  # fmt: skip
            with self._refusable():
                receipts.record_offline_payment(number, offline_payment, self.on, STAFF, self.at)

    @rule(which=Nth, amount=st.sampled_from(("12.34", "500.00", "-20.00")))
    def move_credit(self, which: int, amount: str) -> None:
        """Staff add or remove account credit, and it is applied to an invoice."""
        with self._refusable():
            grant_credit(self.emails[which % len(self.emails)], amount, "test", self.at)
        number = self._nth([each.id for each in rows(Invoice) if each.balance], which)
        if number is not None:
            with self._refusable():
                pay_with_credit(number, self.at)

    @rule(which=Nth)
    def refund_invoice(self, which: int) -> None:
        """Staff refund an invoice."""
        number = self._nth([each.number for each in rows(Invoice)], which)
        if number is not None:
            with self._refusable():
                refunds.refund_invoice(number, self.systems.gateways().payments, STAFF, self.at)

    @rule(which=Nth, amount=st.sampled_from(("0.01", "5.00", "37.50")))
    def correct(self, which: int, amount: str) -> None:
        """Staff credit a part of a paid invoice, perhaps more than is left of it."""
        number = self._nth([each.number for each in rows(Invoice)], which)
        if number is not None:
            with self._refusable():
                credit_invoice(number, amount, f"correction {next(self.numbers)}", STAFF, self.on, self.at)

    @rule(
        which=Nth,
        price=st.sampled_from(("120.00", "165.00", "0", "")),
        days=st.sampled_from((0, 0, 9, 40)),
        first_day=st.sampled_from(("today", "due")),
    )
    def change_terms(self, which: int, price: str, days: int, first_day: str) -> None:
        """Staff change the price of a service from a day on, or its due date, or both."""
        due = (self.on + timedelta(days=days)).isoformat() if days else ""
        typed = TermsInput(price=price, due=due, first_day=first_day)
        with self._refusable():
            terms.change_terms(self.owned[which % len(self.owned)][1], typed, "test", STAFF, self.on, self.at)

    @rule(which=Nth)
    def cancel(self, which: int) -> None:
        """A client cancels a change and abandons a payment of it that was not approved."""
        cancellable = [each for each in rows(Order) if allows(each.status, OrderEvent.CANCELLED)]
        found = self._nth([(each.id, each.client_id, each.reference) for each in cancellable], which)
        if found is not None:
            invoice = invoice_of_order(found[0])
            with self._refusable():
                if invoice is not None:
                    pay.give_up(invoice.id, self.systems.gateways().payments, self.at)
                close.cancel_order(*found[1:], self.on, self.at)

    @rule(which=Nth, done=st.booleans())
    def decide(self, which: int, done: bool) -> None:
        """Staff carry out a change that waits for a person, or refuse it."""
        waiting = [
            (each.reference, each.service.username, each.to_plan.package)
            for each in rows(Order)
            if each.status is OrderStatus.AWAITING_PROVISIONING and each.needs_person
        ]
        found = self._nth(waiting, which)
        if found is not None and done:
            self.systems.panel.packages[found[1]] = found[2]
            provisioning.mark_operational(found[0], STAFF, self.on, self.at)
        elif found is not None:
            provisioning.mark_refused(found[0], "full", STAFF, self.on, self.at)

    @rule(which=Nth, when=st.sampled_from(CancellationWhen), withdraws=st.booleans())
    def cancel_service(self, which: int, when: CancellationWhen, withdraws: bool) -> None:
        """A client asks to cancel a service, or withdraws such a request."""
        found = self._nth([(each.client_id, each.reference) for each in rows(Cancellation)], which)
        owned, key = self.owned[which % len(self.owned)], f"cancellation-{next(self.numbers)}"
        with self._refusable():
            if withdraws and found is not None:
                cancellation.withdraw_cancellation(*found, self.at)
            elif which == 0:  # rarely: nothing more can be done to a cancelled service
                cancellation.request_cancellation(*owned, when, reason="", key=key, locale="fr", on=self.on, at=self.at)

    @rule(outcome=st.sampled_from((None, *_PANEL_FAILURES)), minutes=st.sampled_from((0, 1, 3, 90)))
    def work(self, outcome: PanelStatus | None, minutes: int) -> None:
        """Time passes and a worker acts on the messages that are due; the panel's next call may fail."""
        self.at += timedelta(minutes=minutes)
        if outcome is not None:
            self.systems.panel.results.append(PanelResult(outcome, "test"))
        with self._refusable():
            drain(self.systems.gateways(), self.at)

    @rule(days=st.sampled_from((1, 1, 2, 6)))
    def pass_days(self, days: int) -> None:
        """Days pass, each with its daily run."""
        for _ in range(days):
            self.on, self.at = self.on + timedelta(days=1), self._morning(self.on + timedelta(days=1))
            with self._refusable():
                enqueue_day(self.on, self.at)
                drain(self.systems.gateways(), self.at)

    @rule(crash=_CRASHES)
    def crash(self, crash: tuple[str, str]) -> None:
        """The process ends at the next call of a gateway."""
        self.systems.wrapped[crash[0]].crash = crash[1]

    @invariant()
    def rules_hold(self) -> None:
        """The rules that hold at every moment, also after a crash."""
        if hasattr(self, "systems"):
            assert not (found := violations_at_any_time()), "\n".join(found)
            abandoned = {each.key for each in rows(Attempt) if each.reason == GIVEN_UP}
            db.session.rollback()
            captured = {key for key, (_, result) in self.systems.provider.ledger.items() if result.status == "captured"}
            assert not abandoned & captured, "an abandoned payment was captured"

    def teardown(self) -> None:
        """All pending work is done without faults; then every rule must hold."""
        if hasattr(self, "systems"):
            self.systems.stop_failing()
            approve = partial(self.systems.provider.approved.update, self.systems.provider.ledger)
            at = catch_up(self.systems.gateways(), self.at + timedelta(minutes=5), approve)
            found = violations(self.systems.state(), at, ("fake",))
            assert not found, "\n".join(found)

    def _free(self, which: int) -> int:
        """The index of a service whose plan can be changed, if there is one."""
        snapshots = [service_snapshot_of(*owned, self.on) for owned in self.owned]
        quotes = [Quotes(each) if each is not None else None for each in snapshots]
        free = [n for n, each in enumerate(quotes) if each is not None and each.blocked_reason is None]
        return free[which % len(free)] if free else which

    def _set_provider_result(self, result: ProviderResult | None, captures: bool) -> None:
        """Set the provider's next answer, and whether it captures the money when its answer is lost."""
        self.systems.provider.takes_money = captures
        self.systems.provider.results.clear()
        if result is not None:
            self.systems.provider.results.append(result)

    @contextmanager
    def _refusable(self) -> Iterator[None]:
        """A refusal is a valid outcome, and so is a crash."""
        try:
            yield
        except (BusinessError, Crash):
            db.session.rollback()

    def _morning(self, on: date) -> datetime:
        return max(self.at, factories.AT + (on - factories.ON))

    @staticmethod
    def _nth(items: list[Item], which: int) -> Item | None:
        db.session.rollback()
        return items[-1 - which % len(items)] if items else None
