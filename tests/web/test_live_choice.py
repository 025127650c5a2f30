"""Previews bring only what differs from what the form shows, and the page is then the same as one loaded whole."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from kajoom.domain.credit import CreditReason
from kajoom.models.client import Client, client_by_email
from kajoom.models.credit import CreditEntry
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.catalog.load import load_catalog
from tests.architecture.files import ROOT
from tests.conftest import Browser, set_time
from tests.operations.catalog.catalog_text import DEMO, MOVES, VPS
from tests.web.conftest import NOON, Address
from tests.web.live_choice import LiveChoice
from tests.web.pages import value_of

pytestmark = pytest.mark.slow

FIELDS = ("plan", "plan", "cycle", "when")
CATALOGUE = (ROOT / "demo" / "catalog.toml").read_text(encoding="utf-8")


def expect_whole(live: LiveChoice) -> None:
    """Expect the page to be the same as the one that its address gives."""
    assert live.shown() == LiveChoice(live.browser, live.address).shown(), live.address


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("state", ["hosting", "yearly", "over-limits", "free", "usage-unknown", "refused"])
def test_page_is_whole_after_any_sequence_of_choices(french: Browser, address: Address, state: str, seed: int) -> None:
    chance = random.Random(f"{state}{seed}")
    if seed:
        assert not load_catalog((DEMO + VPS + MOVES).encode(), NOON).errors  # plans of another group, on other cycles
    live = LiveChoice(french, f"{address(state)}/plan")
    for _ in range(8):
        name = chance.choice([name for name in FIELDS if live.choices(name)])
        live.choose(name, chance.choice(live.choices(name)))
        expect_whole(live)
        if chance.random() < 0.1:
            live.load()
            expect_whole(live)


@pytest.mark.parametrize("refused", ["plan=base&cycle=monthly", "plan=b&cycle=quarterly", "plan=zzz&cycle=monthly"])
def test_page_opened_on_a_refused_choice_becomes_whole(french: Browser, address: Address, refused: str) -> None:
    live = LiveChoice(french, f"{address('over-limits')}/plan?{refused}")
    for plan in [code for code in live.choices("plan") if code != live.chosen.get("plan")]:
        live.choose("plan", plan)
        expect_whole(live)


def test_prices_that_the_form_shows_are_not_sent_again(french: Browser, address: Address) -> None:
    live = LiveChoice(french, f"{address('hosting')}/plan?plan=b&cycle=monthly")
    assert sent_by(live, "plan", "c") == {"quote-bar", "saving", "status", "language"}
    assert sent_by(live, "plan", "base") == {"quote-bar", "saving", "when", "status", "language"}
    assert sent_by(live, "when", "now") == {"quote-bar", "status", "language"}
    assert sent_by(live, "cycle", "annually") == {"quote-bar", "price", "pick", "when", "status", "language"}


def sent_by(live: LiveChoice, name: str, value: str) -> set[str]:
    """The targets of what an answer brings besides ``#quote``, those of plans and cycles by their first word."""
    targets = re.findall(
        r'data-hx-target="#([a-z-]+)" data-hx-swap="(?:outerHTML|textContent)">', live.choose(name, value)
    )
    return {re.sub(r"^(price|pick|saving)-.*", r"\1", target) for target in targets}


def give_credit(app: Flask) -> None:
    """Give the client 20.00 of account credit."""
    client = client_by_email("fr@example.com")
    assert client is not None
    reason = CreditReason.GRANTED
    db.session.add(CreditEntry(key="gift", client_id=client.id, cents=2000, currency="CAD", reason=reason, at=NOON))
    db.session.commit()


def raise_prices(app: Flask) -> None:
    """Load a catalogue in which two plans cost more."""
    text = CATALOGUE.replace('monthly = "225.00"', 'monthly = "226.00"').replace(
        'monthly = "95.00"', 'monthly = "96.00"'
    )
    assert text != CATALOGUE
    assert not load_catalog(text.encode(), NOON).errors


def pass_a_day(app: Flask) -> None:
    """Move the clock to the next day."""
    set_time(app, NOON + timedelta(days=1))


def move_to_ontario(app: Flask) -> None:
    """Change the client's province, and so the taxes."""
    db.session.execute(update(Client).where(Client.email == "fr@example.com").values(province="ON"))
    db.session.commit()


def change_terms(app: Flask) -> None:
    """Change what the client pays now."""
    db.session.execute(update(Service).values(recurring_cents=14_000).where(Service.external_id == "demo-fr-hosting"))
    db.session.commit()


@pytest.mark.parametrize("change", [give_credit, raise_prices, pass_a_day, move_to_ontario, change_terms])
def test_form_that_is_out_of_date_is_sent_everything(
    app: Flask, french: Browser, address: Address, change: Callable[[Flask], None]
) -> None:
    live, other_tab = (LiveChoice(french, f"{address('hosting')}/plan?plan=b&cycle=monthly") for _ in range(2))
    change(app)
    for plan in ("c", "base"):
        live.choose("plan", plan)
        expect_whole(live)
    other_tab.choose("when", "renewal")
    expect_whole(other_tab)


def test_form_in_another_language_than_its_tab_is_sent_everything(french: Browser, address: Address) -> None:
    live = LiveChoice(french, f"{address('hosting')}/plan?plan=b&cycle=monthly")
    french.get(f"{address('hosting')}?lang=en")
    assert '<hx-partial data-hx-target="#price-base"' in live.choose("plan", "c")


@pytest.mark.parametrize("asked", ["", "monthly.now", "monthly.now.b", "monthly.now.b.0", "....", "x" * 200, "é"])
def test_form_that_does_not_say_what_it_shows_is_sent_everything(french: Browser, address: Address, asked: str) -> None:
    query = {"plan": "b", "cycle": "monthly", "when": "now", "asked": asked or "-"}
    answer = french.fragment(f"{address('hosting')}/plan", query_string=query).text
    assert value_of(answer, "due-today") == "41.72"
    for part in ("price-base", "price-c", "pick-base", "saving-annually"):
        assert f'data-hx-target="#{part}"' in answer
