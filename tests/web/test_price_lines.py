"""What the lines of a price and the next renewal say of products that do not recur: paid once, and free."""

from __future__ import annotations

import html
from typing import Any

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import LineCode
from kajoom.models.catalog import CatalogVersion, Plan, Price
from kajoom.models.db import db
from kajoom.worker.email_samples import AT, SELLER, sample
from kajoom.worker.emails import write
from tests.conftest import Browser
from tests.web.conftest import Address
from tests.web.demo_rows import service_in
from tests.web.pages import value_of


def sell(plan: str, cycle: BillingCycle, cents: int) -> None:
    """Sell a plan of the demonstration's first group on a cycle."""
    row = db.session.query(Plan).filter_by(code=plan).filter(Plan.group.has(code="hosting")).one()
    row.prices.append(Price(cycle=cycle, currency="CAD", cents=cents))
    db.session.query(CatalogVersion).one().version += 1
    db.session.commit()


def change(code: str, **columns: Any) -> None:
    """Set columns of the first service of the demonstration."""
    row = service_in(code)
    for name, value in columns.items():
        setattr(row, name, value)
    db.session.commit()


def text_of(browser: Browser, path: str) -> str:
    return html.unescape(browser.get(path).text)


def test_line_of_a_product_paid_once_speaks_of_no_period(french: Browser, address: Address) -> None:
    sell("b", BillingCycle.ONE_TIME, 22_500)
    change("hosting", cycle=BillingCycle.ONE_TIME, next_due_date=None)

    page = text_of(french, f"{address('hosting')}/plan/review?plan=b&cycle=one_time")
    assert value_of(page, "subtotal") == "75.00"
    assert "différence de prix, payée une seule fois" in page
    assert "période entière" not in page
    assert "Prochain renouvellement" not in page


def test_line_of_a_recurring_upgrade_speaks_of_a_full_period(french: Browser, address: Address) -> None:
    page = text_of(french, f"{address('hosting')}/plan/review?plan=b&cycle=monthly")
    assert "différence pour une période entière" in page
    assert "une seule fois" not in page


@pytest.mark.parametrize(
    ("lang", "text"), [("fr", "Différence de prix, payée une seule fois"), ("en", "Difference in price, paid once")]
)
def test_line_of_an_email_for_a_product_paid_once_speaks_of_no_period(lang: str, text: str, french: Browser) -> None:
    context = sample("change_requested", lang)
    line = context.invoice.lines[0]  # type: ignore[union-attr]
    once = {"code": LineCode.DIFFERENCE, "cents": 3629, "params": {**line["params"], "start": None, "days": None}}
    context.invoice.lines = [once]  # type: ignore[union-attr]

    body = write("change_requested", context, "key", AT, SELLER).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text in body
    assert "pour la période à venir : Forfait" not in body


def test_move_to_a_free_plan_has_no_due_date_and_no_renewal_afterwards(french: Browser, address: Address) -> None:
    sell("base", BillingCycle.FREE, 0)
    page = text_of(french, f"{address('hosting')}/plan/review?plan=base&cycle=free")
    assert value_of(page, "effective-on") == "2022-11-01"
    assert 'id="next-due"' not in page
    assert 'id="renewal-after"' not in page
    assert "Au prochain renouvellement" not in page
