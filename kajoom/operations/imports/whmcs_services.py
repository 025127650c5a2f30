"""Services of an export of WHMCS: hosting services, domains and add-ons, each a service here.

Its three tables count apart, so ids begin with the table: "hosting-101".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kajoom.operations.files.layout import Layout, Translated, label
from kajoom.operations.imports.whmcs_extras import OPTIONS, PROMOTION
from kajoom.operations.imports.whmcs_table import Cells, Sold, Table, first, is_on

_NO_TIME = re.compile(r"0000-00-00.*|00/00/0000.*")
_OPTIONAL = {"currency": ("currency",), "quantity": ("qty", "quantity"), "invoiced_until": ("nextinvoicedate",)}

Places = tuple[tuple[str, ...], tuple[str, ...]]
"""The columns with the key of what was sold, and those with its name."""

_PRODUCT: Places = (("packageid", "productid", "pid"), ("product", "productname", "name"))
_ENDING: Places = (("tld",), ())
_ADDON: Places = (("addonid",), ("name", "addon"))


def _read_service(table: str, cells: Cells, layout: Layout, sold: Sold, places: Places) -> Translated:
    """What hosting services, domains and add-ons have in common."""
    key = first(cells, "id")
    row = Translated({
        "external_id": f"{table}-{key}" if key else "",
        "client": first(cells, "userid", "clientid"),
        "status": first(cells, "domainstatus", "status"),
        "recurring": first(cells, "recurring", "recurringamount", "amount"),
        "registered_on": first(cells, "regdate", "registrationdate"),
        "next_due_date": first(cells, "nextduedate"),
        "payment_method": first(cells, "paymentmethod"),
    })  # fmt: skip
    row.cells |= {ours: first(cells, *theirs) for ours, theirs in _OPTIONAL.items() if set(theirs) & set(cells)}
    _read_plan(row, cells, layout.plans.get(table, {}), sold, places)
    return row


def _read_plan(row: Translated, cells: Cells, mapped: Mapping[str, str], sold: Sold, places: Places) -> None:
    """The plan that the map gives a key or a name, or the only one of the catalogue with this name."""
    keys, names = ([cells[name] for name in each if name in cells] for each in places)
    named = (sold.names.get(label(name), ()) for name in names)
    found = [mapped[label(cell)] for cell in (*keys, *names) if label(cell) in mapped]
    found += [plan for each in named if len(each) == 1 for plan in each]
    if found:
        row.cells["plan"] = found[0]
        return
    texts = [cell for cell in (*keys[:1], *names[:1]) if cell]
    place = next((name for each in places for name in each if name in cells), places[0][0])
    row.errors.append((place, f"no plan is mapped to {', '.join(dict.fromkeys(texts)) or 'an empty cell'}"))


def _read_hosting(cells: Cells, layout: Layout, sold: Sold) -> Translated:
    row = _read_service("hosting", cells, layout, sold, _PRODUCT)
    row.cells |= {
        "label": first(cells, "domain", "domainname"),
        "username": first(cells, "username"),
        "cycle": first(cells, "billingcycle"),
    }
    if "diskusage" in cells:
        unknown = _NO_TIME.fullmatch(first(cells, "lastupdate"))
        row.cells["disk_mb"] = "" if unknown else cells["diskusage"]
    return row


def _read_domain(cells: Cells, layout: Layout, sold: Sold) -> Translated:
    """A domain, whose term is a number of years; ``tld`` or the end of its name says which plan it is."""
    domain = first(cells, "domain", "domainname")
    ending = cells.get("tld") or f".{domain.partition('.')[2]}"
    row = _read_service("domain", {**cells, "tld": ending}, layout, sold, _ENDING)
    years = first(cells, "registrationperiod", "regperiod")
    row.cells |= {"label": domain, "cycle": f"{years} years" if years else ""}
    if is_on(cells.get("donotrenew", "")):
        row.notes.append(("donotrenew", "the client does not want it renewed: request its cancellation here"))
    return row


def _read_addon(cells: Cells, layout: Layout, sold: Sold) -> Translated:
    """An add-on as a service of its own, with the label of the service it belongs to."""
    row = _read_service("addon", cells, layout, sold, _ADDON)
    parent = first(cells, "hostingid", "serviceid")
    row.cells |= {"label": "", "parent": f"hosting-{parent}" if parent else "", "cycle": first(cells, "billingcycle")}
    return row


_SERVICE = {
    "external_id": ("id",),
    "client": ("userid", "clientid"),
    "status": ("domainstatus", "status"),
    "cycle": ("billingcycle",),
    "currency": ("currency",),
    "recurring": ("amount", "recurringamount", "recurring"),
    "quantity": ("qty", "quantity"),
    "registered_on": ("regdate", "registrationdate"),
    "next_due_date": ("nextduedate",),
    "payment_method": ("paymentmethod",),
    "label": ("domain", "domainname"),
    "invoiced_until": ("nextinvoicedate",),
}
_NEEDED = ("external_id", "client", "status", "cycle", "currency", "recurring", "registered_on", "payment_method")
HOSTING = Table(
    {
        **_SERVICE,
        "plan": ("packageid", "productid", "pid", "product"),
        "username": ("username",),
        "disk_mb": ("diskusage",),
    },
    _read_hosting,
    ("product", "productname", "name", "lastupdate", *PROMOTION, *OPTIONS),
    _NEEDED,
)
DOMAINS = Table(
    {**_SERVICE, "plan": ("tld", "domain"), "cycle": ("registrationperiod", "regperiod")},
    _read_domain,
    ("donotrenew",),
    _NEEDED,
)
ADDONS = Table(
    {**_SERVICE, "plan": ("addonid", "name", "addon"), "parent": ("hostingid", "serviceid")},
    _read_addon,
    ("name", "addon"),
    _NEEDED,
)
