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
from tests.journeys.ledger import id_of, number_of, reference_of
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
            elif self._happens(0.12):
                self._act(self.change_plan, service)
        if self._happens(0.15):
            self._act(self.give_credit)

    def _act_on(self, order: Order) -> None:
        """What may become of a change that is under way."""
        if order.status == "awaiting_payment" and order.invoice is not None and self._happens(0.3):
            self._act(self.pay, order.invoice)
        elif order.status in {"awaiting_payment", "scheduled"} and self._happens(0.06):
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
        amount = self.chance.randint(100, 3000)
        email = self.host.oracle.clients[service.client].email
        self.host.command("staff", "credit", email, "--amount", money(amount), "--reason", "Panne")
        self.host.oracle.give_credit(service, amount)

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
