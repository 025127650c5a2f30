"""Changes to a plan of another group: their price, who makes them, and what is written about them."""

from datetime import date

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.order import OrderStatus
from kajoom.domain.quote import ChargePolicy, Decision, When
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.catalog import Move, Plan, Price, ProductGroup
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.models.task import Task
from kajoom.operations.orders.provisioning import mark_operational
from kajoom.operations.orders.quotes import Quotes, suggested
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY, ON

pytestmark = pytest.mark.slow

HALF_YEAR = BillingCycle.SEMIANNUALLY
VPS_DELAY = {"fr": "3 jours ouvrables", "en": "3 business days"}


@pytest.fixture(autouse=True)
def _groups() -> None:
    """Virtual servers, to which hosting plans may move: "b" for 200.00, "small" for 80.00, and "large"."""
    vps = ProductGroup(code="vps", name=factories.translated("Serveurs"), delay=VPS_DELAY)
    plans = [_plan(vps, 0, "b", 20_000), _plan(vps, 1, "small", 8_000), _plan(vps, 2, "large", 90_000)]
    for code in ("base", "a"):
        row = factories.plan_row(code)
        row.moves += [Move(to_plan=plan, needs_person=True) for plan in plans[:2]]
    db.session.add_all([vps, *plans])
    factories.reload_catalogue()


def _plan(group: ProductGroup, level: int, code: str, cents: int) -> Plan:
    return Plan(
        group=group,
        code=code,
        name=factories.translated(f"VPS {code}"),
        title=factories.translated(f"VPS {code}"),
        description=factories.translated(code),
        level=level,
        limits={"disk_mb": 40_000},
        package=f"vps_{code}",
        prices=[Price(cycle=cycle, currency="CAD", cents=cents * cycle.months) for cycle in (MONTHLY, HALF_YEAR)],
    )


def test_upgrade_to_another_group_is_priced_as_any_other() -> None:
    service = factories.service()  # 150.00, 15 of 30 days left
    quote = factories.price(service, "vps/b")
    assert (quote.decision, str(quote.subtotal)) == (Decision.NOW, "25.00")
    assert [str(tax.amount) for tax in quote.taxes] == ["1.25", "2.49"]
    assert (str(quote.due_today), quote.next_due, quote.needs_person) == ("28.74", DUE, True)
    own = factories.price(service, "b")  # the plan of the same code in its own group
    assert (str(own.subtotal), own.needs_person, own.digest != quote.digest) == ("37.50", False, True)


def test_upgrade_is_charged_as_the_new_group_says() -> None:
    service = factories.service()
    db.session.query(ProductGroup).filter_by(code="vps").one().charge = ChargePolicy.FULL_PERIOD
    factories.reload_catalogue()
    assert str(factories.price(service, "vps/b").subtotal) == "50.00"
    assert str(factories.price(service, "b").subtotal) == "37.50"


def test_downgrade_to_another_group_waits_for_the_next_due_date() -> None:
    service = factories.service()
    quote = factories.price(service, "vps/small")
    assert (quote.decision, str(quote.due_today), quote.effective_on) == (Decision.AT_NEXT_DUE, "0.00", DUE)
    assert factories.price(service, "vps/small", when=When.NOW).must_acknowledge


def test_cycle_that_only_the_other_group_is_sold_on_is_offered() -> None:
    service = factories.service()
    assert factories.snapshot(service).cycles == (MONTHLY, BillingCycle.QUARTERLY, HALF_YEAR, ANNUALLY)
    quote = factories.price(service, "vps/small", HALF_YEAR)  # 480.00 less 75.00 that is not used
    assert (str(quote.subtotal), quote.next_due) == ("405.00", date(2026, 12, 16))
    assert factories.refusal(service, "b", HALF_YEAR) is Refusal.CYCLE_NOT_OFFERED
    assert factories.refusal(service, "vps/b", ANNUALLY) is Refusal.CYCLE_NOT_OFFERED


def test_options_and_discount_are_carried_to_the_other_group() -> None:
    service = factories.service(options_cents=1_000, discount_cents=500, recurring_cents=15_500)
    quote = factories.price(service, "vps/b")
    assert (str(quote.target.recurring), str(quote.subtotal)) == ("205.00", "25.00")


def test_only_permitted_plans_of_the_other_group_are_offered() -> None:
    listed = Quotes(factories.snapshot(factories.service())).offers(MONTHLY)
    assert [offer.name for offer in listed] == ["base", "a", "b", "c", "vps/b", "vps/small"]
    assert [offer.key for offer in listed[-2:]] == ["vps-X-b", "vps-X-small"]
    assert [offer.delay for offer in listed[-2:]] == [VPS_DELAY, VPS_DELAY]
    assert (offer := suggested(listed))
    assert offer.name == "b"
    (disk,) = [limit for limit in listed[-1].limits if limit.differs]
    assert (disk.resource, disk.after) == ("disk_mb", 40_000)  # nothing is said of mailboxes: no such plan limits them


@pytest.mark.parametrize(
    ("plan", "refused"),
    [
        ("vps/large", Refusal.NOT_PERMITTED),
        ("domains/domain", Refusal.NOT_PERMITTED),
        ("vps/none", Refusal.UNKNOWN_PLAN),
        ("cloud/b", Refusal.UNKNOWN_PLAN),
        ("hosting/a", Refusal.SAME_TERMS),
    ],
)
def test_other_plans_of_other_groups_are_refused(plan: str, refused: Refusal) -> None:
    assert factories.refusal(factories.service(), plan) is refused


def test_usage_over_the_limits_of_the_other_group_is_refused() -> None:
    service = factories.service(usage={"disk_mb": 41_000, "mailboxes": 3, "databases": 1}, plan="a")
    assert factories.refusal(service, "vps/b") is Refusal.OVER_LIMITS


def test_service_whose_group_has_no_move_of_its_own_may_leave_it() -> None:
    factories.plan_row("domain").moves = [Move(to_plan=factories.plan_row("small"), needs_person=True)]
    factories.reload_catalogue()
    service = factories.service(plan="domain")
    snapshot = factories.snapshot(service)
    assert snapshot.permits_changes
    assert (offer := suggested(Quotes(snapshot).offers(MONTHLY)))
    assert offer.name == "vps/small"


def test_move_is_carried_out_by_a_person_and_the_way_back_is_refused() -> None:
    service = factories.service()
    factories.credit(service.client, 10_000)
    order = factories.confirm(service, "vps/b")
    assert (order.status, order.delay) == (OrderStatus.AWAITING_PROVISIONING, VPS_DELAY)
    assert order.names[1] == {"fr": "VPS b (Serveurs)", "en": "VPS b (en) (Serveurs (en))"}
    params = factories.invoice_for(order).lines[0]["params"]
    assert (params["before"]["fr"], params["after"]["fr"]) == ("Forfait A (Hébergement Web)", "VPS b (Serveurs)")
    assert [task.order_id for task in db.session.query(Task)] == [order.id]
    assert not db.session.query(Message).filter_by(kind="provision").all()

    mark_operational(order.reference, "staff:t", ON, AT)
    moved = db.session.get_one(Service, service.id)
    assert (moved.plan.code, moved.plan.group.code, moved.recurring_cents) == ("b", "vps", 20_000)
    assert factories.refusal(moved, "hosting/a") is Refusal.NOT_PERMITTED
    assert factories.refusal(moved, "small") is Refusal.NOT_PERMITTED  # the group has no moves of its own


def test_form_sent_twice_is_one_order_and_not_that_of_the_plan_with_the_same_code() -> None:
    service = factories.service()
    order = factories.confirm(service, "vps/b", key="key-of-the-form-1")
    again = factories.confirm(service, "vps/b", key="key-of-the-form-1", digest=order.digest)
    assert again.id == order.id
    with pytest.raises(BusinessError) as refused:
        factories.confirm(service, "b", key="key-of-the-form-1", digest=order.digest)
    assert refused.value.code is Refusal.KEY_REUSED
