"""What clients and staff do in a simulated day, drawn at random: done with the program, and handed to the oracle."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from tests.journeys.former_host import FIRST_DAY
from tests.journeys.ledger import number_of
from tests.journeys.oracle import Invoice
from tests.journeys.simulated_days import SimulatedHost, token

_METHODS = {"paypal": "paypal", "paypalcheckout": "paypal", "interac": "interac", "mailin": "cheque",
            "banktransfer": "bank_transfer", "stripe": "cheque"}  # fmt: skip


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
            invoice = service.unpaid
            if invoice is not None and self.chance.random() < 0.12:
                self._next_act()
                self.pay(invoice)
                self._let_the_worker_act()
        if self.chance.random() < 0.15:
            self._next_act()
            self.give_credit()
            self._let_the_worker_act()

    def pay(self, invoice: Invoice) -> None:
        """A client pays an invoice by the method of its service, in full, in part or too much; or from their credit."""
        host, draw = self.host, self.chance.random()
        if draw < 0.1 and host.oracle.balance(invoice.service):
            self._post(invoice, "credit")
            host.oracle.pay_with_credit(invoice, host.day)
        elif (method := _METHODS[invoice.service.method]) == "paypal" and draw < 0.9:
            self._post(invoice, method)
            host.oracle.receive(invoice, invoice.balance, host.day)
        else:
            amount = invoice.balance
            if draw > 0.93:
                amount += self.chance.randint(1, 500)
            elif draw > 0.8:
                amount = self.chance.randint(1, amount)
            self.record(invoice, amount, method)

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
        assert answer.status_code in {302, 303}, (self.host.day, number, method, answer.status_code, answer.text)

    def _number(self, invoice: Invoice) -> str:
        with self.host.app.app_context():
            return number_of(invoice)

    def _next_act(self) -> None:
        self._minutes += 3
        self.host.set_time(*divmod(self._minutes, 60))

    def _let_the_worker_act(self) -> None:
        """A minute later, and once what waits a few minutes is due."""
        for minutes in (1, 12):
            self._minutes += minutes
            self.host.set_time(*divmod(self._minutes, 60))
            self.host.work()


def money(cents: int) -> str:
    """An amount as commands are given it."""
    return f"{cents // 100}.{cents % 100:02d}"


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
