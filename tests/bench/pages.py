"""The pages of the benchmark: ours for many services and plans, and those of django-plans that do the same."""

from __future__ import annotations

import re
from pathlib import Path

from tests.bench.load import Page
from tests.bench.rows import copies
from tests.bench.servers import Server, hidden_fields, read, read_as, sign_in

HTMX = ("HX-Request: true", "HX-Request-Type: partial")
COMPARED = (
    ("product page", "django-plans: plan"),
    ("product page", "django-plans: table of plans"),
    ("choice of a plan", "django-plans: table of plans"),
    ("preview", "django-plans: price of a change"),
)
"""Pages of ours, and those of django-plans that are most like them."""

_CYCLES = ("monthly", "quarterly", "annually")
_PLANS = ("base", "b", "c")


def bare(server: Server) -> Page:
    """The route that everything is compared with."""
    return Page("bare Flask route", server, ["/bare/"])


def hot_pages(server: Server, folder: Path, suffix: str = "") -> list[Page]:
    """The product page, of many services; and the price, of many services, plans and cycles."""
    services = copies(folder / f"{'embedded' if suffix else 'none'}.sqlite")
    return [
        Page(f"product page{suffix}", server, [f"/services/{service}" for service in services]),
        Page(f"preview{suffix}", server, _previews(server, services), HTMX),
    ]


def choice_of_a_plan(server: Server, folder: Path) -> Page:
    """The page of the plans, with each of them chosen on each cycle."""
    return Page("choice of a plan", server, _of_choices(folder, "/services/{}/plan?{}"))


def other_pages(server: Server, folder: Path) -> list[Page]:
    """The other pages of a client; the order's with what it asks for by itself."""
    browser = sign_in(server)
    orders = _links(read(browser, f"{server.address}/services"), "orders")
    invoices = _links(read(browser, f"{server.address}/invoices"), "invoices")
    polls = [poll for order in orders for poll in _polls(read(browser, server.address + order))]
    return [
        Page("review", server, _of_choices(folder, "/services/{}/plan/review?{}"), HTMX),
        Page("services", server, ["/services", "/services?page=2"]),
        Page("invoices", server, ["/invoices"]),
        Page("invoice", server, invoices),
        Page("order", server, orders),
        *([Page("order, unchanged", server, polls, HTMX)] if polls else []),
    ]


def peer_pages(server: Server) -> list[Page]:
    """What django-plans has: the client's plan, the table of plans, and the price of a change to each dearer plan."""
    changes = _links(read_as(server, "/plan/upgrade/"), "plan/order/upgrade/new")
    return [
        Page("django-plans: plan", server, ["/plan/account/"]),
        Page("django-plans: table of plans", server, ["/plan/upgrade/"]),
        Page("django-plans: price of a change", server, changes),
    ]


def _of_choices(folder: Path, path: str) -> list[str]:
    """An address for each service, plan and cycle."""
    choices = [f"plan={plan}&cycle={cycle}" for plan in _PLANS for cycle in _CYCLES]
    return [path.format(service, choice) for service in copies(folder / "none.sqlite") for choice in choices]


def _previews(server: Server, services: list[int]) -> list[str]:
    """What the form asks for when a client compares the plans on each cycle, with what it shows at each choice."""
    browser = sign_in(server)
    paths = []
    for service in services:
        path, asked = f"/services/{service}/plan", ""
        for choice in (f"plan={plan}&cycle={cycle}" for cycle in _CYCLES for plan in _PLANS):
            page = read(browser, f"{server.address}{path}?{choice}")
            when = re.search(r'name="when"[^>]*value="(\w+)" checked', page)
            before, asked = asked, hidden_fields(page)["asked"]
            paths.append(f"{path}?{choice}{f'&when={when[1]}' if when else ''}&asked={before or asked}")
    return paths


def _links(page: str, folder: str) -> list[str]:
    found = sorted(set(re.findall(rf'href="(/{folder}/[^"?#]+)"', page)))
    if not found:
        raise SystemExit(f"no link to /{folder}/")
    return found


def _polls(page: str) -> list[str]:
    return [poll.replace("&amp;", "&") for poll in re.findall(r'data-hx-get="(/orders/[^"]*seen=[^"]*)"', page)]
