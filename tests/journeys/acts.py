"""What clients and staff do in a simulated day, drawn at random: done with the program, and handed to the oracle."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.ports import ProviderResult
from tests.journeys.expectations import Invoice, Order, Quote, Service
from tests.journeys.former_host import FIRST_DAY
from tests.journeys.ledger import cancellation_of, id_of, number_of, reference_of, task_of
from tests.journeys.simulated_days import SimulatedHost, token
from tests.web.pages import hidden_fields, refusal_in

_PLANS = ("hebergement/perdrix", "hebergement/outarde", "vps/huard", "vps/harfang", "revente/revendeur-25",
          "revente/revendeur-75", "domaines/ca", "domaines/com")  # fmt: skip
_CYCLES = ("monthly", "annually", "semiannually")
_DONE = {302, 303}


class People:
    """The clients and the staff of a host. ``chance`` draws what each of them does."""

    def __init__(self, host: SimulatedHost, seed: int) -> None:
        self.host = host
        self.chance = random.Random(f"people {seed}")
        self._minutes = 0
        self._references = 0

    def spend_a_day(self) -> None:
        """Everyone does what they do on a day, from nine o'clock on."""
        self._minutes = 9 * 60
        for service in list(self.host.oracle.services.values()):
            invoice, order = service.unpaid, service.order
            if invoice is not None and self._happens(0.12):
                self._act(self.pay, invoice)
            if order is not None and order.is_open:
                self._act_on(order)
            elif self._happens(self._wish_to_change(service)):
                self._act(self.change_plan, service)
            self._end_or_not(service)
        self._correct_something()

    def _wish_to_change(self, service: Service) -> float:
        """How likely a client looks at other plans today: more often on the due date, seldom once it has ended."""
        if service.has_ended:
            return 0.01
        return 0.5 if service.due == self.host.day else 0.12

    def _end_or_not(self, service: Service) -> None:
        """Now and then a client asks for an end, or no longer wants it; staff do what is left to do."""
        if service.ending_on is not None and self._happens(0.08):
            self._act(self.withdraw, service)
        elif self._happens(0.012):
            self._act(self.cancel_service, service)
        elif not service.has_ended and self._happens(0.002):
            self._act(self.end_service, service)
        for kind in [each for each in service.tasks if each != "change"]:
            if self._happens(0.3):
                self._act(self.finish_task, service, kind)

    def _correct_something(self) -> None:
        """Staff give or take back credit, credit a part of an invoice, or send money back."""
        paid = [each for service in self.host.oracle.services.values() for each in service.invoices
                if each.status == "paid" and sum(each.lines) > sum(note.subtotal for note in each.notes)]  # fmt: skip
        noted = [each for service in self.host.oracle.services.values() for each in service.invoices
                 if each.notes and self.host.oracle.refundable(each) > 0]  # fmt: skip
        if self._happens(0.15):
            self._act(self.give_credit)
        if self._happens(0.15):
            self._act(self.set_terms)
        if paid and self._happens(0.1):
            self._act(self.correct, self.chance.choice(paid))
        if noted and self._happens(0.2):
            self._act(self.refund, self.chance.choice(noted))

    def _act_on(self, order: Order) -> None:
        """What may become of a change that is under way."""
        if order.status == "awaiting_payment" and order.invoice is not None and self._happens(0.3):
            self._act(self.pay, order.invoice)
        elif order.status in {"awaiting_payment", "scheduled"} and self._happens(0.04):
            self._act(self.cancel, order)
        elif order.status == "awaiting_provisioning" and self._happens(0.3):
            self._act(self.finish if self._happens(0.8) else self.refuse, order)

    def _happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def _act(self, act: Callable[..., None], *about: Any) -> None:
        """One act, and what the worker does a minute later and once what waits a few minutes is due."""
        self._minutes += 3
        self.host.set_time(*divmod(self._minutes, 60))
        act(*about)
        for minutes in (1, 12):
            self._minutes += minutes
            self.host.set_time(*divmod(self._minutes, 60))
            self.host.work()
        self.host.compare_facts(act.__name__)

    # Paying.

    def pay(self, invoice: Invoice) -> None:
        """A client pays an invoice by its method, in full, in part or too much; or from their account credit."""
        host, draw = self.host, self.chance.random()
        method = (invoice.order.method if invoice.order else "") or invoice.service.method
        if draw < 0.1 and host.oracle.balance(invoice.service):
            self._post(invoice, "credit")
            host.oracle.pay_with_credit(invoice, host.day)
        elif method == "paypal" and draw < 0.9:
            self._post(invoice, method)
            invoice.paid_by_provider += invoice.balance
            host.oracle.receive(invoice, invoice.balance, host.day)
        else:
            amount = invoice.balance
            if draw > 0.93:
                amount += self.chance.randint(1, 500)
            elif draw > 0.8:
                amount = self.chance.randint(1, amount)
            self.record(invoice, amount, method if method != "card" else "cheque")

    def record(self, invoice: Invoice, amount: int, method: str) -> None:
        """Staff record money that came by a method."""
        self._references += 1
        self.host.command(
            "staff", "received", self._number(invoice), "--amount", money(amount), "--on", self.host.day.isoformat(),
            "--reference", f"R{self._references}", "--method", method,
        )  # fmt: skip
        self.host.oracle.receive(invoice, amount, self.host.day)

    def give_credit(self) -> None:
        """Staff give a client credit."""
        service = self.chance.choice([each for each in self.host.oracle.services.values() if each.currency == "CAD"])
        balance = self.host.oracle.balance(service)
        amount = -self.chance.randint(1, balance) if balance and self._happens(0.4) else self.chance.randint(100, 3000)
        email = self.host.oracle.clients[service.client].email
        self.host.command("staff", "credit", email, "--amount", money(amount), "--reason", "Panne")
        self.host.oracle.give_credit(service, amount)

    def correct(self, invoice: Invoice) -> None:
        """Staff credit a part of an invoice, or all that is left of it."""
        left = sum(invoice.lines) - sum(note.subtotal for note in invoice.notes)
        amount = left if self._happens(0.3) else self.chance.randint(1, left)
        self._references += 1
        reason = f"Rabais oublié {self._references}"
        self.host.command("staff", "credit-note", self._number(invoice), "--amount", money(amount), "--reason", reason)
        self.host.oracle.correct(invoice, amount, self.host.day)

    def set_terms(self) -> None:
        """Staff agree with a client on another price from the next period, or from a day in some weeks."""
        host = self.host
        services = [each for each in host.oracle.services.values() if self._can_have_terms(each)]
        if not services:
            return
        service = self.chance.choice(services)
        since = service.due if self._happens(0.6) else host.day + timedelta(days=self.chance.randint(1, 40))
        amount = max(service.recurring + self.chance.choice((-150, -50, 75, 200)), 100)
        if since is None or since < host.day or amount == service.recurring:
            return
        price = "--price", money(amount), "--from", since.isoformat()
        host.command("staff", "terms", service.name, *price, "--reason", "Entente")
        host.oracle.set_terms(service, amount, since, host.day)

    def _can_have_terms(self, service: Service) -> bool:
        unpaid = service.unpaid
        is_free = service.order is None and service.ending_on is None and (unpaid is None or not unpaid.paid)
        return is_free and service.status in {"active", "suspended"} and service.months > 0 and service.recurring > 0

    def refund(self, invoice: Invoice) -> None:
        """Staff send back, by the provider, what an invoice gave as credit."""
        self.host.command("staff", "refund", self._number(invoice))
        self.host.oracle.refund(invoice)

    # Ends.

    def cancel_service(self, service: Service) -> None:
        """A client asks for the end of a service, unless that is refused."""
        host, when = self.host, self.chance.choice(("now", "period_end", "period_end"))
        refusal = host.oracle.cancellation_refusal(service)
        browser = host.browser(service.client)
        with host.app.app_context():
            path = f"/services/{id_of(service)}/cancellation"
        page = browser.get(f"{path}/review", query_string={"when": when}).text
        host.check(f"refusal to end {service.name}", refusal, refusal_in(page) or "")
        if refusal:
            return
        fields = {**hidden_fields(page, "panel"), "csrf_token": token(browser, path)}
        answer = browser.post(path, data=fields)
        assert answer.status_code in _DONE, (host.day, path, answer.status_code, answer.text)
        host.oracle.request_cancellation(service, when, host.day)

    def withdraw(self, service: Service) -> None:
        """The client withdraws the request."""
        browser = self.host.browser(service.client)
        with self.host.app.app_context():
            path = f"/cancellations/{cancellation_of(service)}"
        answer = browser.post(f"{path}/withdraw", data={"csrf_token": token(browser, path)})
        assert answer.status_code in _DONE, (self.host.day, path, answer.status_code, answer.text)
        self.host.oracle.withdraw_cancellation(service)

    def end_service(self, service: Service) -> None:
        """Staff end a service."""
        self.host.command("staff", "end", service.name, "--reason", "Entente du 3 juin")
        self.host.oracle.end(service, "terminated", self.host.day, self.host.day)

    def finish_task(self, service: Service, kind: str) -> None:
        """Staff have done what is to be done at a server, or decided what to do about an unpaid service."""
        if kind not in service.tasks:
            return
        with self.host.app.app_context():
            task = task_of(service, kind)
        self.host.command("staff", "done", task)
        if kind in {"suspend", "unsuspend"}:
            self.host.oracle.finish_suspension(service)
        else:
            self.host.oracle.close_task(service, kind)

    def _post(self, invoice: Invoice, method: str) -> None:
        number = self._number(invoice)
        browser = self.host.browser(invoice.service.client)
        form = {"csrf_token": token(browser, f"/invoices/{number}"), "method": method}
        answer = browser.post(f"/invoices/{number}/payment", data=form)
        assert answer.status_code in _DONE, (self.host.day, number, method, answer.status_code, answer.text)

    def _number(self, invoice: Invoice) -> str:
        with self.host.app.app_context():
            return number_of(invoice)

    # Changes of plan.

    def change_plan(self, service: Service) -> None:
        """A client chooses a plan, reads the review, and confirms it unless it is refused."""
        host, group = self.host, service.plan.partition("/")[0]
        plan = self.chance.choice([each for each in _PLANS if each.startswith(f"{group}/")] or [service.plan])
        cycle = self.chance.choice((*_CYCLES, service.cycle, service.cycle))
        when = self.chance.choice(("now", "now", "renewal"))
        method = self.chance.choice(host.oracle.methods_in_time(service, host.day) or [""])
        quote = host.oracle.quote(service, plan, cycle, when, host.day)
        browser = host.browser(service.client)
        with host.app.app_context():
            path = f"/services/{id_of(service)}/plan"
        choice = {"plan": plan.partition("/")[2], "cycle": cycle, "when": when, "method": method}
        page = browser.get(f"{path}/review", query_string=choice).text
        host.check(f"refusal of {service.name} to {plan} {cycle}", quote.refusal, refusal_in(page) or "")
        if quote.refusal:
            return
        host.check(f"review of {service.name} to {plan} {cycle} {when}", _figures(quote, page), _shown(page))
        self._confirm(browser, path, service, quote, method, page)

    def _confirm(self, browser: FlaskClient, path: str, service: Service, quote: Quote, method: str, page: str) -> None:
        host = self.host
        is_declined = method == "paypal" and quote.due_today and self._happens(0.25)
        if is_declined:
            host.provider.results.append(ProviderResult(AttemptStatus.REFUSED, reason="declined"))
        fields = {**hidden_fields(page, "review"), "csrf_token": token(browser, path), "acknowledged": "yes"}
        answer = browser.post(path, data=fields)
        assert answer.status_code in ({200, 402, 409, 422} if is_declined else _DONE), (answer.status_code, answer.text)
        order = host.oracle.place(service, quote, method if quote.due_today else "", host.day)
        if order.status == "awaiting_payment" and method == "paypal" and order.invoice is not None:
            if is_declined:
                host.oracle.write("change_requested", service)
            else:
                order.invoice.paid_by_provider += order.invoice.balance
                host.oracle.receive(order.invoice, order.invoice.balance, host.day)

    def cancel(self, order: Order) -> None:
        """A client cancels a change."""
        browser, reference = self.host.browser(order.service.client), self._reference(order)
        form = {"csrf_token": token(browser, f"/orders/{reference}")}
        answer = browser.post(f"/orders/{reference}/cancel", data=form)
        assert answer.status_code in _DONE, (self.host.day, reference, answer.status_code, answer.text)
        self.host.oracle.cancel(order, self.host.day)

    def finish(self, order: Order) -> None:
        """Staff have made a change, today or some days ago."""
        first = max(order.placed_on, order.paid_on or order.placed_on, order.quote.effective_on)
        in_force_on = first + timedelta(days=self.chance.randint(0, (self.host.day - first).days))
        self.host.command("staff", "done", self._reference(order), "--on", in_force_on.isoformat())
        self.host.panel.packages[order.service.username] = order.quote.plan.partition("/")[2]
        self.host.oracle.complete(order, in_force_on, self.host.day)

    def refuse(self, order: Order) -> None:
        """Staff cannot make a change."""
        self.host.command("staff", "refuse", self._reference(order), "--reason", "Le serveur est plein.")
        self.host.oracle.refuse(order, self.host.day)

    def _reference(self, order: Order) -> str:
        with self.host.app.app_context():
            return reference_of(order)


def _shown(page: str) -> dict[str, str]:
    """The machine values of the figures of a review."""
    names = "due-today|subtotal|total|credit-used|renewal-before|renewal-after|effective-on|gst|qst|hst"
    return dict(re.findall(rf'<(?:data|time) id="({names})"[^>]*?(?:value|datetime)="([^"]*)"', page))


def _figures(quote: Quote, page: str) -> dict[str, str]:
    """What a review must show of a quote, for those figures that it shows."""
    figures = {
        "due-today": money(quote.due_today),
        "subtotal": money(quote.subtotal),
        "total": money(quote.total),
        "credit-used": money(quote.credit_used),
        "renewal-before": money(quote.renewal_before),
        "renewal-after": money(quote.renewal_after),
        "effective-on": quote.effective_on.isoformat(),
        **{name.lower(): money(amount) for name, amount in quote.taxes},
    }
    return {name: value for name, value in figures.items() if name in _shown(page)}


def money(cents: int) -> str:
    """An amount as commands are given it."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def simulate(folder: Path, database_url: str, days: int, seed: int) -> Counter[str]:
    """Let so many days pass, and return how many figures of each kind were compared."""
    host = SimulatedHost(folder, database_url, seed, 24, FIRST_DAY)
    people = People(host, seed)
    try:
        for _ in range(days):
            host.begin_day()
            people.spend_a_day()
            host.end_day()
    finally:
        host.close()
    return host.compared
