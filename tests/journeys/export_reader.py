"""How the oracle reads an export of WHMCS: each row as the service that it is, and what it changes of a known one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from tests.journeys.arithmetic import months_later, rounded
from tests.journeys.expectations import MONTHS, Person, Service

_STATUSES = {"Active": "active", "Suspended": "suspended", "Pending": "pending", "Pending Transfer": "pending",
             "Completed": "terminated", "Terminated": "terminated", "Cancelled": "cancelled",
             "Transferred Away": "cancelled"}  # fmt: skip
_CYCLES = {"Monthly": "monthly", "Quarterly": "quarterly", "Semi-Annually": "semiannually", "Annually": "annually",
           "One Time": "one_time", "Free Account": "free"}  # fmt: skip
_YEARS = {"1": "annually", "5": "five_years", "10": "ten_years"}
_PLANS = {"1": "hebergement/perdrix", "2": "hebergement/outarde", "10": "vps/huard", "11": "vps/harfang",
          "20": "revente/revendeur-25", "30": "certificats/standard", "40": "travaux/installation",
          ".ca": "domaines/ca", ".com": "domaines/com"}  # fmt: skip
_ADDONS = {"7": "ajouts/antivirus", "8": "ajouts/comptes-25"}
_PROVINCES = {"Quebec": "QC", "Québec": "QC", "PQ": "QC", "Ontario": "ON", "Nova Scotia": "NS"}
_METHODS = {"paypalcheckout": "paypal", "mailin": "cheque", "banktransfer": "bank_transfer", "stripe": "card"}
TABLES = {"services-1-hosting.csv": "hosting", "services-2-domains.csv": "domain", "services-3-addons.csv": "addon"}
_TERMS = ("plan", "cycle", "recurring", "quantity", "options", "discount")

Row = Mapping[str, str]
Prices = Mapping[tuple[str, str, str, str], int]
"""The catalogue's prices in cents, by group, plan, currency and cycle."""


def person_of(row: Row) -> Person:
    """The client of a row."""
    province = _PROVINCES.get(row["state"], row["state"]) if row["country"] == "CA" else ""
    return Person(row["email"].lower(), province, row["taxexempt"] == "1")


def service_of(table: str, row: Row, sold: Prices) -> Service:
    """The service of a row of hosting services, domains or add-ons."""
    plan = _ADDONS[row["addonid"]] if table == "addon" else _PLANS[row.get("packageid") or row["tld"]]
    cycle = _YEARS[row["registrationperiod"]] if table == "domain" else _CYCLES[row["billingcycle"]]
    amount = cents(row.get("amount") or row.get("recurringamount") or row["recurring"])
    quantity = int(row.get("qty", "1"))
    discount = rounded(Fraction(amount, 9)) if "10 %" in row.get("promo", "") else 0
    group, _, code = plan.partition("/")
    price = sold.get((group, code, row["currency"], cycle), 0) * quantity
    options = max(amount + discount - price, 0) if row.get("configoptions") else 0
    registered = date.fromisoformat(row.get("regdate") or row["registrationdate"])
    due = date.fromisoformat(row["nextduedate"]) if MONTHS[cycle] and row["nextduedate"] > "0001" else None
    explains = due is not None and months_later(due, 0, registered.day) == due
    status = _STATUSES[row.get("domainstatus") or row["status"]]
    method = row["paymentmethod"]
    service = Service(
        f"{table}-{row['id']}", row["userid"], row["currency"], status, plan, cycle, amount, quantity, options,
        discount, due, registered.day if due is None or explains else due.day, _usage(row),
        _METHODS.get(method, method), row.get("username", ""), in_file=status,
    )  # fmt: skip
    service.in_file_terms = {name: getattr(service, name) for name in _TERMS}
    return service


def update(ours: Service, theirs: Service) -> int:
    """Take over what a row says of a known service; the number of its values that are kept as they are here."""
    update_facts(ours, theirs)
    kept = _update_status(ours, theirs)
    if ours.has_ended:
        return kept
    if ours.has_history:
        kept += sum(_differs(ours, theirs, name) for name in _TERMS)
        return kept + int(theirs.due is not None and ours.due is not None and theirs.due > ours.due)
    for name in (*_TERMS, "due", "anchor"):
        setattr(ours, name, getattr(theirs, name))
    ours.in_file_terms = theirs.in_file_terms
    return kept


def _differs(ours: Service, theirs: Service, name: str) -> bool:
    """Whether a value of the file is another than ours: that of the periods to come, where staff have set it.

    A file that still says what it said before agrees as long as that is in force.
    """
    given, in_force = getattr(theirs, name), getattr(ours, name)
    last = ours.in_file_terms.get(name, given)
    coming = ours.next_terms[1] if name == "recurring" and ours.next_terms else in_force
    if given == coming or given == in_force == last:
        ours.in_file_terms[name] = given
        return False
    ours.in_file_terms.setdefault(name, given)
    return True


def update_facts(ours: Service, theirs: Service) -> None:
    """Take over what is always the file's."""
    ours.usage, ours.method, ours.username = theirs.usage, theirs.method, theirs.username


def _update_status(ours: Service, theirs: Service) -> int:
    if theirs.status == ours.status or (ours.has_ended and theirs.has_ended):
        ours.in_file = theirs.status
        return 0
    if ours.has_ended or theirs.status == ours.in_file:
        return 1
    ours.status = ours.in_file = theirs.status
    return 0


def _usage(row: Row) -> int | None:
    if row.get("lastupdate", "0000").startswith("0000"):
        return None
    return int(row["diskusage"])


def cents(text: str) -> int:
    """The cents of an amount like 153.90."""
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))
