"""Costs of a page that do not depend on the machine: SQL statements, and bytes sent to the browser."""

from __future__ import annotations

import pytest
from sqlalchemy import Table, insert, select

from kajoom.models.catalog import Plan, Price
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.service import Service, service_by_external_id
from tests.catalog_cache import forget_catalog
from tests.conftest import Browser, Statements
from tests.web.conftest import Address
from tests.web.live_choice import LiveChoice

MANY = 30


def _repeat(table: Table, row_id: int, *names: str, **changed: object) -> None:
    """Insert 30 copies of a row, with distinct values in the columns ``names`` and the values of ``changed``."""
    row = dict(db.session.execute(select(table).where(table.c.id == row_id)).mappings().one())
    del row["id"]
    rows = [{**row, **changed, **{name: f"{row[name]}-{n}" for name in names}} for n in range(MANY)]
    db.session.execute(insert(table), rows)


def _grow(service: Service) -> None:
    """Add 30 services to the client, 30 orders to the service, and 30 plans to its group."""
    _repeat(Service.metadata.tables["service"], service.id, "external_id")
    refused = db.session.scalars(select(Order.id).where(Order.status == "refused")).first()
    assert refused is not None
    _repeat(Order.metadata.tables["order"], refused, "reference", "key", service_id=service.id)
    _repeat(Plan.metadata.tables["plan"], service.plan_id, "code")
    plans = db.session.scalars(select(Plan.id).where(Plan.code.startswith(f"{service.plan.code}-"))).all()
    prices = [{"plan_id": plan, "cycle": service.cycle, "currency": "CAD", "cents": 999_00} for plan in plans]
    db.session.execute(insert(Price), prices)
    db.session.commit()
    forget_catalog()


@pytest.fixture(params=["as the demonstration is", "grown"])
def hosting(request: pytest.FixtureRequest, address: Address) -> str:
    """The path of a service, with the data of the demonstration and with much more."""
    if request.param == "grown":
        service = service_by_external_id("demo-fr-hosting")
        assert service is not None
        _grow(service)
    return address("hosting")


def test_product_page_runs_three_statements_whatever_the_data(
    french: Browser, hosting: str, statements: Statements
) -> None:
    french.get(hosting)  # the catalogue is cached after the first request
    with statements() as executed:
        assert french.get(hosting).status_code == 200
    assert len(executed) == 3, "\n\n".join(executed)


def test_preview_runs_two_statements_whatever_the_data(french: Browser, hosting: str, statements: Statements) -> None:
    live = LiveChoice(french, f"{hosting}/plan?plan=b&cycle=monthly")
    for name, value in (("when", "renewal"), ("plan", "c"), ("cycle", "annually")):
        with statements() as executed:
            live.choose(name, value)
        assert len(executed) == 2, "\n\n".join(executed)


def test_preview_of_the_same_prices_is_small(french: Browser, address: Address) -> None:
    live = LiveChoice(french, f"{address('hosting')}/plan?plan=b&cycle=monthly")
    assert len(live.choose("when", "renewal").encode()) < 4_500


@pytest.mark.parametrize("state", ["scheduled", "unpaid-renewal", "cancelling"])
def test_product_page_takes_three_statements_in_every_state(
    french: Browser, address: Address, statements: Statements, state: str
) -> None:
    page = address(state)
    french.get(page)
    with statements() as executed:
        french.get(page)
    assert len(executed) == 3, "\n\n".join(executed)


def test_product_page_is_small(french: Browser, address: Address) -> None:
    assert len(french.get(address("scheduled")).data) < 20_000
