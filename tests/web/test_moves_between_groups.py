"""The pages of a change to a plan of another group: the choice under the group's heading, the review, the order."""

from __future__ import annotations

import pytest

from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.operations.catalog.load import load_catalog
from tests.conftest import Browser
from tests.operations.catalog.catalog_text import DEMO, MOVES, VPS
from tests.web.conftest import NOON, Address
from tests.web.pages import hidden_fields, post, refusal_in, value_of

pytestmark = pytest.mark.slow


@pytest.fixture
def moves(address: Address) -> None:
    """The hosting plans of the demonstration may be left for virtual servers."""
    assert not load_catalog((DEMO + VPS + MOVES).encode(), NOON).errors


@pytest.mark.usefixtures("moves")
def test_plans_of_the_other_group_are_radios_under_its_heading(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}/plan").text
    assert page.index('id="group-hosting"') < page.index('id="plan-b"') < page.index('id="group-vps"')
    assert page.index('id="group-vps"') < page.index('id="plan-vps-X-b"')
    assert 'name="plan" id="pick-vps-X-b" value="vps/b"' in page
    assert "semiannually" in page  # a cycle of the virtual servers
    assert page.count("Vous payez seulement la différence") == 2  # each group says what it charges


@pytest.mark.usefixtures("moves")
def test_choice_review_and_confirmation_name_both_groups(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}/plan?plan=vps/b&cycle=monthly").text
    assert (value_of(page, "due-today"), refusal_in(page)) == ("57.49", None)  # 50.00, the whole difference, and taxes
    review = french.get(f"{address('hosting')}/plan/review?plan=vps/b&cycle=monthly").text
    assert "Forfait A (Hébergement Web)" in review
    assert "VPS 2 (Serveurs virtuels)" in review
    assert "3 jours ouvrables" in review
    assert "ne permettra pas de revenir ensuite à Hébergement Web" in review
    assert "Boîtes courriel" not in review.partition('id="what-changes"')[2].partition("</table>")[0]
    response = post(french, f"{address('hosting')}/plan", **hidden_fields(review, "review"))
    assert response.status_code == 303
    order = db.session.query(Order).order_by(Order.id.desc()).first()
    assert order is not None
    assert order.is_between_groups
    shown = french.get(response.location).text
    assert "Forfait A (Hébergement Web) → VPS 2 (Serveurs virtuels)" in shown


@pytest.mark.usefixtures("moves")
def test_preview_swaps_the_prices_of_both_groups(french: Browser, address: Address) -> None:
    fragment = french.fragment(f"{address('hosting')}/plan?plan=vps/small&cycle=monthly&asked=monthly.now").text
    assert '"#price-vps-X-small"' in fragment
    assert value_of(fragment, "due-today") == "0.00"


def test_page_of_a_group_without_such_moves_has_no_heading(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}/plan").text
    assert 'id="group-hosting"' not in page
    assert 'value="vps' not in page


@pytest.mark.usefixtures("moves")
def test_staff_may_give_a_service_a_plan_of_the_other_group(staff: Browser, address: Address) -> None:
    service = address("hosting").split("/")[2]
    page = staff.get(f"/staff/services/{service}/terms").text
    assert '<option value="vps/b">VPS 2 (' in page
    review = staff.get(f"/staff/services/{service}/terms/review?plan=vps/b").text
    assert "VPS 2 (" in review
