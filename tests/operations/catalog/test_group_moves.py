"""Moves between groups in a catalogue file: who may go where, and what is wrong in them."""

import pytest

from kajoom.domain.catalog import PermittedMove
from kajoom.models.catalog import catalog
from tests.operations.catalog.catalog_text import DEMO, MOVES, VPS, errors_of, load

pytestmark = pytest.mark.slow

FILE = DEMO + VPS + MOVES


@pytest.fixture(autouse=True)
def _empty_database(empty_database: None) -> None:
    """The file is what fills the database."""


def test_plans_of_another_group_are_reached_by_a_person_unless_the_file_says_otherwise() -> None:
    assert load(FILE).errors == []
    plans = {plan.code: plan for plan in catalog().groups["hosting"].plans}
    assert plans["a"].moves["vps/b"] == PermittedMove(True, None)
    assert plans["base"].moves["vps/small"] == PermittedMove(False, {"fr": "1 heure", "en": "1 hour"})
    assert plans["a"].moves["b"].needs_person is False  # the plan of the same code in its own group
    assert [group.code for group in catalog().groups_from(plans["a"])] == ["hosting", "vps"]
    vps = catalog().groups["vps"].plans[0]
    assert not vps.moves  # a move is one way
    assert [group.code for group in catalog().groups_from(vps)] == ["vps"]


def test_loading_the_moves_again_changes_nothing_and_leaving_them_out_withdraws_them() -> None:
    load(FILE)
    assert not load(FILE).has_changes
    report = load(DEMO + VPS)
    assert report.changed == [f"groups.hosting.plans.{code}" for code in ("base", "a", "b", "c")]
    assert not any(plan.other_groups for plan in catalog().groups["hosting"].plans)


def test_group_may_be_after_the_one_that_leads_to_it() -> None:
    assert load(FILE).errors == []
    assert load(FILE.replace('from = "hosting/any"', 'from = ["hosting/a", "parking/any"]')).errors == []
    assert set(catalog().groups["parking"].plans[0].moves) >= {"vps/b", "vps/small"}


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('to = "vps/any"', 'to = "vps"', 'moves[1].to: not a plan like "hosting/base", or "hosting/any": \'vps\''),
        ('to = "vps/any"', 'to = "cloud/any"', "moves[1].to: no group 'cloud'"),
        ('to = "vps/any"', 'to = ["vps/b", "vps/c"]', "moves[1].to: no plan 'c' in the group 'vps'"),
        ('from = "hosting/base"', 'from = "hosting/z"', "moves[2].from: no plan 'z' in the group 'hosting'"),
        (
            'to = "vps/any"',
            'to = "hosting/b"',
            "moves[1].to: of the group 'hosting' too: its own moves are in [[groups.hosting.moves]]",
        ),
        ('to = "vps/any"', "to = 3", "moves[1].to[0]: a text in quotes expected"),
        ("needs_person = false\ndelay", "panel = false\ndelay", "moves[2].panel: unknown key"),
    ],
)
def test_wrong_move_is_named(old: str, new: str, error: str) -> None:
    assert FILE.count(old) == 1
    assert error in errors_of(FILE.replace(old, new))


def test_groups_that_share_no_currency_are_refused() -> None:
    text = FILE.replace("prices.CAD = { monthly", "prices.USD = { monthly")
    assert "moves[1].to: not sold in any currency of the plans that move there" in errors_of(text)


def test_price_of_a_plan_that_a_large_service_may_move_to_is_checked() -> None:
    assert load(FILE).errors == []
    assert catalog().highest_price("hosting", "CAD") == 350000  # plan C for a year
    assert load(FILE.replace('monthly = "200.00"', 'monthly = "9999.00"')).errors == []
    assert catalog().highest_price("hosting", "CAD") == 999900
    assert catalog().highest_price("domain", "CAD") == 2400
