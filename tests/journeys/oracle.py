"""The oracle of the simulation: what the program must have written and sent, worked out from the documents alone.

It knows the files of the host, the day, and what clients and staff did. It imports nothing of the program.
Amounts are whole cents before tax unless they are called a total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from tests.journeys.arithmetic import Tax, months_later, rounded, taxes_on

SELLER = "facturation@riviere.example"
RENEWAL_DAYS = 14
_WEEK = timedelta(days=7)

_STATUSES = {"Active": "active", "Suspended": "suspended", "Pending": "pending", "Pending Transfer": "pending",
             "Completed": "terminated", "Terminated": "terminated", "Cancelled": "cancelled",
             "Transferred Away": "cancelled"}  # fmt: skip
_ENDED = {"terminated", "cancelled"}
_CYCLES = {"Monthly": "monthly", "Quarterly": "quarterly", "Semi-Annually": "semiannually", "Annually": "annually",
           "One Time": "one_time", "Free Account": "free"}  # fmt: skip
_YEARS = {"1": "annually", "5": "five_years", "10": "ten_years"}
MONTHS = {"monthly": 1, "quarterly": 3, "semiannually": 6, "annually": 12, "five_years": 60, "ten_years": 120,
          "one_time": 0, "free": 0}  # fmt: skip
_PLANS = {"1": "hebergement/perdrix", "2": "hebergement/outarde", "10": "vps/huard", "11": "vps/harfang",
          "20": "revente/revendeur-25", "30": "certificats/standard", "40": "travaux/installation",
          ".ca": "domaines/ca", ".com": "domaines/com"}  # fmt: skip
_ADDONS = {"7": "ajouts/antivirus", "8": "ajouts/comptes-25"}
_PROVINCES = {"Quebec": "QC", "Québec": "QC", "PQ": "QC", "Ontario": "ON", "Nova Scotia": "NS"}
_TABLES = {"services-1-hosting.csv": "hosting", "services-2-domains.csv": "domain", "services-3-addons.csv": "addon"}
_TERMS = ("plan", "cycle", "recurring", "quantity", "options", "discount")

Row = Mapping[str, str]


@dataclass
class Person:
    """A client, as documents and taxes need them."""

    email: str
    province: str
    is_exempt: bool


@dataclass
class Invoice:
    """An invoice that must exist. ``lines`` are amounts before tax."""

    service: Service
    kind: str
    issued_on: date
    due_on: date
    lines: list[int]
    taxes: list[Tax]
    period: tuple[date, date] | None = None
    credit: int = 0
    paid: int = 0
    status: str = "open"
    voided_on: date | None = None
    reminders: dict[str, date] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """What is asked, taxes included."""
        return sum(self.lines) + sum(amount for _, amount in self.taxes)

    @property
    def balance(self) -> int:
        """What is left to pay."""
        return 0 if self.status == "void" else self.total - self.credit - self.paid


@dataclass
class Service:
    """A service as it must stand. ``in_file`` is the status that the host's file last gave."""

    name: str
    client: str
    currency: str
    status: str
    plan: str
    cycle: str
    recurring: int
    quantity: int
    options: int
    discount: int
    due: date | None
    anchor: int
    usage: int | None
    method: str
    username: str
    in_file: str = ""
    invoices: list[Invoice] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        """Whether the service has ended."""
        return self.status in _ENDED

    @property
    def has_history(self) -> bool:
        """Whether its terms are no longer those of the host's file."""
        return bool(self.invoices)

    @property
    def unpaid(self) -> Invoice | None:
        """Its renewal that is to be paid."""
        return next((each for each in self.invoices if each.kind == "renewal" and each.status == "open"), None)

    def next_due(self, due: date) -> date:
        """The due date one cycle after ``due``."""
        return months_later(due, MONTHS[self.cycle], self.anchor)


@dataclass
class Oracle:
    """All that is expected. ``emails`` are those of the day, by kind, recipient and service.

    ``sold`` has the catalogue's prices by group, plan, currency and cycle. Renewals are issued from ``renewals_from``.
    """

    sold: Mapping[tuple[str, str, str, str], int]
    renewals_from: date
    clients: dict[str, Person] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    credit: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    emails: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    # What the host's files do.

    def read_clients(self, rows: Iterable[Row]) -> None:
        """Take over the clients of the file."""
        for row in rows:
            province = _PROVINCES.get(row["state"], row["state"]) if row["country"] == "CA" else ""
            self.clients[row["id"]] = Person(row["email"].lower(), province, row["taxexempt"] == "1")

    def read_services(self, name: str, rows: Iterable[Row]) -> dict[int, int]:
        """Take over a file of services; how many of its values are kept as they are here, by line."""
        kept = {}
        for line, row in enumerate(rows, start=2):
            theirs = self._service_of(_TABLES[name], row)
            ours = self.services.setdefault(theirs.name, theirs)
            if ours is not theirs and (number := _update(ours, theirs)):
                kept[line] = number
        return kept

    def _service_of(self, table: str, row: Row) -> Service:
        plan = _ADDONS[row["addonid"]] if table == "addon" else _PLANS[row.get("packageid") or row["tld"]]
        cycle = _YEARS[row["registrationperiod"]] if table == "domain" else _CYCLES[row["billingcycle"]]
        amount = cents(row.get("amount") or row.get("recurringamount") or row["recurring"])
        quantity, discount = int(row.get("qty", "1")), 0
        if "10 %" in row.get("promo", ""):
            discount = rounded(Fraction(amount, 9))
        price = self.sold.get((*plan.split("/"), row["currency"], cycle), 0) * quantity  # type: ignore[arg-type]
        options = max(amount + discount - price, 0) if row.get("configoptions") else 0
        registered = date.fromisoformat(row.get("regdate") or row["registrationdate"])
        due = date.fromisoformat(row["nextduedate"]) if MONTHS[cycle] and row["nextduedate"] > "0001" else None
        explains = due is not None and months_later(due, 0, registered.day) == due
        status = _STATUSES[row.get("domainstatus") or row["status"]]
        return Service(
            f"{table}-{row['id']}", row["userid"], row["currency"], status, plan, cycle, amount, quantity, options,
            discount, due, registered.day if due is None or explains else due.day, _usage(row),
            row["paymentmethod"], row.get("username", ""), in_file=status,
        )  # fmt: skip

    # What a day does by itself.

    def begin_day(self, day: date) -> None:
        """The daily run, and the digest to the host's staff."""
        self.emails.clear()
        self.emails["staff_digest", SELLER, ""] += 1
        for service in self.services.values():
            self._remind(service, day)
        until = day + timedelta(days=RENEWAL_DAYS)
        for service in [each for each in self.services.values() if each.due is not None and each.due <= until]:
            self._renew(service, day)

    def _remind(self, service: Service, day: date) -> None:
        invoice = service.unpaid
        if invoice is None or service.has_ended:
            return
        due, issued, notices = invoice.due_on, invoice.issued_on, invoice.reminders
        if day < due <= day + timedelta(days=3) and issued <= day - timedelta(days=3) and "reminder" not in notices:
            self._notice("reminder", invoice, day)
        was_told = notices.get("overdue")
        if due < day and was_told is None:
            self._notice("overdue", invoice, day)
        if due <= day - _WEEK and was_told and was_told <= day - timedelta(days=6) and "second_reminder" not in notices:
            self._notice("second_reminder", invoice, day)

    def _notice(self, kind: str, invoice: Invoice, day: date) -> None:
        invoice.reminders[kind] = day
        self.write(kind, invoice.service)

    def _renew(self, service: Service, day: date) -> None:
        """Issue the next renewal if there is one, and those behind it as long as account credit pays them."""
        while service.due is not None and self._is_renewed(service, day):
            due, end = service.due, service.next_due(service.due)
            invoice = self._issue(service, "renewal", day, max(due, day), [service.recurring], (due, end))
            self.write("renewal_invoice", service)
            self.use_credit(invoice)
            if invoice.status != "paid":
                return
            self._advance(invoice, day)
            if service.due > day:
                return

    def _is_renewed(self, service: Service, day: date) -> bool:
        is_billed = service.status in {"active", "suspended"} and service.recurring > 0 and MONTHS[service.cycle] > 0
        return is_billed and day >= self.renewals_from and service.unpaid is None

    def _issue(
        self, service: Service, kind: str, day: date, due: date, lines: list[int], period: tuple[date, date] | None
    ) -> Invoice:
        person = self.clients[service.client]
        taxes = [] if person.is_exempt else taxes_on(sum(lines), person.province, due)
        invoice = Invoice(service, kind, day, due, lines, taxes, period)
        service.invoices.append(invoice)
        return invoice

    # What clients and staff do.

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
            self._settle(invoice, day)

    def pay_with_credit(self, invoice: Invoice, day: date) -> None:
        """A client applies what account credit they have."""
        self.use_credit(invoice)
        if invoice.status == "paid":
            self._settle(invoice, day)

    def give_credit(self, service: Service, amount: int) -> None:
        """Staff give credit to the client of a service."""
        self.move_credit(service, amount)
        self.write("credit_granted", service, about="")

    def _settle(self, invoice: Invoice, day: date) -> None:
        invoice.status = "paid"
        if invoice.kind == "renewal":
            self._advance(invoice, day)
            if invoice.service.due is not None and invoice.service.due <= day:
                self._renew(invoice.service, day)
        self.write("payment_received", invoice.service)

    def _advance(self, invoice: Invoice, day: date) -> None:
        service = invoice.service
        if invoice.period is not None and service.due == invoice.period[0]:
            service.due = invoice.period[1]
        if service.status == "suspended" and invoice.period is not None and invoice.period[0] <= day:
            service.status = "active"
            self.write("suspension_lifted", service)

    # Account credit and e-mails.

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


def _update(ours: Service, theirs: Service) -> int:
    """Take over what a row says of a known service; the number of its values that are kept as they are here."""
    ours.usage, ours.method, ours.username = theirs.usage, theirs.method, theirs.username
    kept: int = 0
    if theirs.status == ours.status or (ours.has_ended and theirs.has_ended):
        ours.in_file = theirs.status
    elif ours.has_ended or theirs.status == ours.in_file:
        kept += 1
    else:
        ours.status = ours.in_file = theirs.status
    if ours.has_ended:
        return kept
    if ours.has_history:
        kept += sum(bool(getattr(ours, name) != getattr(theirs, name)) for name in _TERMS)
        return kept + int(theirs.due is not None and ours.due is not None and theirs.due > ours.due)
    for name in (*_TERMS, "due", "anchor"):
        setattr(ours, name, getattr(theirs, name))
    return kept


def _usage(row: Row) -> int | None:
    if row.get("lastupdate", "0000").startswith("0000"):
        return None
    return int(row["diskusage"])


def cents(text: str) -> int:
    """The cents of an amount like 153.90."""
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))
