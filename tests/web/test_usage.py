"""What the panel measured is shown with its time, measured again while the client chooses, and limits the choice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from kajoom.models.catalog import Plan
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from tests.conftest import Browser
from tests.operations.ledger_checks import nothing_written
from tests.web.conftest import NOON, Address
from tests.web.pages import hidden_fields, post

MINUTE = timedelta(minutes=1)
ALL = {"disk_mb": 1_000, "mailboxes": 3, "databases": 1}
SPACE = "\N{NO-BREAK SPACE}"


def measure(path: str, minutes: int = 0, **amounts: int) -> None:
    """Store what the panel measured of a service, so many minutes before noon."""
    values: dict[str, Any] = {"measured_usage": amounts, "measured_at": NOON - minutes * MINUTE}
    db.session.execute(update(Service).where(Service.id == int(path.rpartition("/")[2])).values(values))
    db.session.commit()


def open_page(browser: Browser, path: str) -> None:
    """Get a page, and do what is done once it has been sent."""
    response = browser.get(path)
    assert response.status_code == 200
    response.close()


def queued() -> list[str]:
    """The keys of the measures that are queued."""
    db.session.rollback()
    return list(db.session.scalars(select(Message.key).where(Message.kind == "usage")))


def test_product_page_says_when_the_usage_was_measured(french: Browser, address: Address) -> None:
    measure(address("hosting"), 95, **ALL)
    page = french.get(address("hosting")).text
    assert f'Mesuré <time datetime="2022-10-17T14:25:00+00:00">aujourd’hui à 10{SPACE}h{SPACE}25</time></p>' in page


def test_product_page_names_what_the_panel_does_not_measure(french: Browser, address: Address) -> None:
    measure(address("hosting"), disk_mb=2_048)
    page = french.get(address("hosting")).text
    assert "2\N{NO-BREAK SPACE}Go" in page
    assert f"Espace disque{SPACE}: mesuré <time" in page


def test_usage_of_the_file_has_no_time_and_an_old_measure_does_not_count(french: Browser, address: Address) -> None:
    assert "esuré <time" not in french.get(address("hosting")).text
    measure(address("hosting"), 8 * 24 * 60, disk_mb=99_999_999)
    assert "esuré <time" not in french.get(address("hosting")).text


def test_opening_the_choice_queues_one_measure(french: Browser, address: Address) -> None:
    path = address("hosting")
    for _ in range(2):
        open_page(french, f"{path}/plan")
    number = path.rpartition("/")[2]
    assert [key.rpartition("-")[0] for key in queued()] == [f"usage-{number}"]


@pytest.mark.parametrize(
    "path", ["/plan?plan=b&cycle=monthly&asked=monthly.now", "/plan/review?plan=b&cycle=monthly", ""]
)
def test_other_pages_queue_no_measure(french: Browser, address: Address, path: str) -> None:
    with nothing_written():
        open_page(french, address("hosting") + path)


def test_recent_measure_is_not_repeated(french: Browser, address: Address) -> None:
    measure(address("hosting"), 2, **ALL)
    with nothing_written():
        open_page(french, address("hosting") + "/plan")
    measure(address("hosting"), 3, **ALL)
    open_page(french, address("hosting") + "/plan")
    assert len(queued()) == 1
    with nothing_written():
        open_page(french, address("hosting") + "/plan")


def test_measure_decides_which_plans_can_be_chosen(french: Browser, address: Address) -> None:
    path = address("hosting")
    review = french.get(path + "/plan/review?plan=base&cycle=monthly").text
    measure(path, 2, **{**ALL, "disk_mb": 9_999_999})
    page = french.get(path + "/plan").text
    assert "Utilisation mesurée <time" in page
    assert "Pour une nouvelle mesure" in page
    answer = post(french, path + "/plan", **hidden_fields(review, "review"))
    assert (answer.status_code, 'data-refusal="over_limits"' in answer.text) == (409, True)


def test_change_that_waits_for_its_usage_says_what_to_free_and_is_measured_again(
    french: Browser, address: Address
) -> None:
    path = address("over-limits")
    review = french.get(path + "/plan/review?plan=c&cycle=monthly").text
    order = post(french, path + "/plan", **hidden_fields(review, "review")).headers["Location"]
    values = {"status": "awaiting_provisioning", "needs_person": True, "review_reason": "over_limits"}
    base = select(Plan.id).where(Plan.code == "base").scalar_subquery()
    reference = order.rpartition("/")[2]
    db.session.execute(update(Order).where(Order.reference == reference).values(to_plan_id=base, delay=None, **values))
    db.session.commit()
    measure(path, 10, disk_mb=11_264, mailboxes=15)

    page = french.get(order)
    text = page.text.replace(SPACE, " ")
    assert "Ce changement est en attente : votre utilisation dépasse ce que le nouveau forfait permet." in text
    assert "Espace disque. Utilisation : 11 Go · Limite : 10 Go · À libérer : 1 Go" in text
    assert "mesuré <time" in text
    assert "une action de votre part est requise" in french.get(path).text
    page.close()
    assert len(queued()) == 1
