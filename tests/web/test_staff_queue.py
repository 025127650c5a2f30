"""What staff do on the page of the open tasks: claim, release, done, can’t be done, ask the panel again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.domain.service import ServiceStatus
from kajoom.domain.staff import StaffRole
from kajoom.domain.task import TaskKind
from kajoom.models.audit import AuditRow
from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import message_by_key
from kajoom.models.task import Task
from kajoom.operations.accounts.staff import StaffDetails, create_staff
from kajoom.operations.orders.provisioning import flag_for_review
from kajoom.operations.tasks import open_task
from kajoom.operations.transaction import transactional
from tests.conftest import Browser, Statements
from tests.web.conftest import NOON
from tests.web.demo_rows import TODAY, order_status, reference_of, service_in
from tests.web.pages import refusal_in

pytestmark = pytest.mark.slow


@pytest.fixture
def by_hand() -> str:
    """The reference of a change that a person makes."""
    return reference_of("waiting-person")


@pytest.fixture
def at_panel(by_hand: str) -> str:
    """The reference of a change that the panel refused, so that it may be asked again."""
    order = db.session.scalars(select(Order).where(Order.reference == by_hand)).one()
    order.delay, order.review_reason = None, ReviewReason.PANEL_REFUSED
    db.session.commit()
    return by_hand


@pytest.fixture
def end_task() -> int:
    """The id of a task that is about no order."""
    service = service_in("hosting")
    transactional(open_task)(TaskKind.END, "end-test", NOON, service_id=service.id, reason="client")
    return db.session.scalars(select(Task.id).where(Task.key == "end-test")).one()


def act(staff: Browser, path: str, *, fragment: bool = False, **fields: str) -> TestResponse:
    """Post an act, as its form does or as htmx does."""
    data = {"csrf_token": staff.token("/account"), **fields}
    return staff.fragment(path, method="POST", data=data) if fragment else staff.post(path, data=data)


def fields_of(page: str, path: str) -> dict[str, str]:
    """The hidden fields of the form that posts to an address."""
    form = page.partition(f'action="{path}"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def acts_recorded() -> list[tuple[str, str]]:
    """The acts of staff in the audit, with their actors."""
    db.session.rollback()
    rows = db.session.scalars(select(AuditRow).where(AuditRow.actor.like("staff:%")).order_by(AuditRow.id))
    return [(row.act, row.actor) for row in rows]


def staff_actor() -> str:
    member = client_by_email("staff@example.com")
    assert member is not None
    return f"staff:{member.id}"


def row_of(page: str, reference: str) -> str:
    """The row of a change."""
    return re.split(r'<li [^>]*data-order="' + reference, page)[1].partition("</li>")[0]


def test_row_shows_what_to_do_for_whom_and_what_was_paid(staff: Browser, by_hand: str) -> None:
    order = db.session.scalars(select(Order).where(Order.reference == by_hand)).one()
    expected = (
        order.service.label, order.from_plan.name["en"], order.to_plan.name["en"], order.to_plan.package,
        order.service.username, order.client.name, order.delay["en"] if order.delay else "", "2022-10-17", "Invoice ",
    )  # fmt: skip
    row = row_of(staff.get("/staff?lang=en").text, by_hand)
    assert [text for text in expected if text not in row] == []


def test_done_makes_the_change_operational_and_the_next_page_says_so_once(staff: Browser, by_hand: str) -> None:
    path = f"/staff/orders/{by_hand}/done"
    response = staff.post(path, data=fields_of(staff.get("/staff").text, path))

    assert (response.status_code, response.headers["Location"]) == (303, "/staff")
    assert order_status(by_hand) == "completed"
    assert message_by_key(f"operational-{by_hand}") is not None
    assert acts_recorded()[-1] == ("change_done", staff_actor())
    page = staff.get("/staff?lang=en").text
    assert page.count(f"{by_hand} is operational. The client was sent an e-mail.") == 1
    assert f'data-order="{by_hand}"' not in page
    assert "is operational" not in staff.get("/staff").text


def test_row_leaves_by_htmx_with_an_announcement(staff: Browser, by_hand: str) -> None:
    staff.get("/staff?lang=en")
    response = act(staff, f"/staff/orders/{by_hand}/done", fragment=True)

    assert response.status_code == 200
    assert response.text.count('<div id="queue"') == 1
    assert f'data-order="{by_hand}"' not in response.text
    assert re.search(rf'data-hx-target="#status"[^>]*>{by_hand} is operational', response.text)
    assert response.text.count(" autofocus") == 1
    assert "<html" not in response.text


def test_second_person_reads_that_it_is_done_and_nothing_is_doubled(staff: Browser, by_hand: str) -> None:
    path = f"/staff/orders/{by_hand}/done"
    fields = fields_of(staff.get("/staff?lang=en").text, path)
    staff.post(path, data=fields)
    recorded = acts_recorded()

    for answer in (staff.post(path, data=fields), act(staff, path), act(staff, path, fragment=True)):
        assert answer.status_code == 409
        assert refusal_in(answer.text) == "too_late"
        assert f"{by_hand} is already operational. Nothing more was done." in answer.text
        assert 'id="queue"' in answer.text
    assert act(staff, f"/staff/orders/{by_hand}/refuse", reason="Too late").status_code == 409
    assert acts_recorded() == recorded


@pytest.mark.parametrize("act_name", ["done", "refuse", "retry"])
def test_change_that_is_no_longer_as_it_was_shown_is_not_acted_on(staff: Browser, at_panel: str, act_name: str) -> None:
    version = db.session.scalars(select(Order.version).where(Order.reference == at_panel)).one()
    answer = act(staff, f"/staff/orders/{at_panel}/{act_name}", version=str(version - 1), reason="No room")
    assert (answer.status_code, refusal_in(answer.text)) == (409, "changed_since")
    assert order_status(at_panel) == "awaiting_provisioning"
    assert acts_recorded() == []


def test_done_on_a_past_day_credits_the_days_before(staff: Browser, by_hand: str) -> None:
    order = db.session.scalars(select(Order).where(Order.reference == by_hand)).one()
    placed = order.placed_at.date()
    assert placed <= TODAY
    assert act(staff, f"/staff/orders/{by_hand}/done", on=TODAY.isoformat()).status_code == 303
    assert order_status(by_hand) == "completed"


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2022-10-18", "not_yet"),
        ("2020-01-01", "before_order"),
        ("17/10/2022", "not_a_day"),
        ("2022-02-30", "not_a_day"),
        ("\N{ARABIC-INDIC DIGIT TWO}022-10-17", "not_a_day"),
    ],
)
@pytest.mark.parametrize("fragment", [False, True])
def test_wrong_day_is_refused_at_its_field(staff: Browser, by_hand: str, day: str, code: str, fragment: bool) -> None:
    answer = act(staff, f"/staff/orders/{by_hand}/done", on=day, fragment=fragment)
    assert (answer.status_code, refusal_in(answer.text)) == (422, code)
    row = row_of(answer.text, by_hand)
    assert f'value="{day}"' in row
    assert 'aria-invalid="true"' in row
    assert f'href="#on-{by_hand}"' in answer.text
    assert order_status(by_hand) == "awaiting_provisioning"


def test_refusal_asks_a_reason_and_credits_what_was_paid(staff: Browser, by_hand: str) -> None:
    path = f"/staff/orders/{by_hand}/refuse"
    page = staff.get(f"{path}?lang=en").text
    assert "becomes account credit" in page
    assert "The client’s language is French." in page
    assert 'name="outcome"' not in page  # a person makes this one: there is no panel to ask
    fields = fields_of(page, path)

    fragment = staff.fragment(path, method="POST", data=fields)
    assert (fragment.status_code, refusal_in(fragment.text), "<html" in fragment.text) == (422, "no_reason", False)
    assert fragment.text.count('<section id="refuse"') == 1
    empty = staff.post(path, data={**fields, "reason": "  "})
    assert (empty.status_code, refusal_in(empty.text)) == (422, "no_reason")
    long = staff.post(path, data={**fields, "reason": "a" * 501})
    assert (long.status_code, "a" * 501 in long.text) == (422, True)
    done = staff.post(path, data={**fields, "reason": "Le serveur est plein."})

    assert (done.status_code, done.headers["Location"]) == (303, "/staff")
    assert order_status(by_hand) == "refused"
    order = db.session.scalars(select(Order).where(Order.reference == by_hand)).one()
    assert order.staff_note == "Le serveur est plein."
    assert ("change_refused", staff_actor()) in acts_recorded()
    assert f"{by_hand} is refused." in staff.get("/staff").text
    again = staff.get(path)
    assert (again.status_code, refusal_in(again.text), 'name="reason"' in again.text) == (409, "too_late", False)


def test_panel_is_asked_again_instead_of_a_refusal(staff: Browser, at_panel: str) -> None:
    path = f"/staff/orders/{at_panel}/refuse"
    page = staff.get(path).text
    assert page.count('name="outcome"') == 2
    fields = {**fields_of(page, path), "outcome": "retry", "reason": "Quota raised on s1"}

    assert staff.post(path, data=fields).status_code == 303

    assert order_status(at_panel) == "awaiting_provisioning"
    assert message_by_key(f"provision-{at_panel}") is not None
    note = db.session.scalars(select(Task.note).join(Order).where(Order.reference == at_panel)).one()
    assert note == "Quota raised on s1"
    assert staff.post(path, data=fields).status_code == 409


def test_panel_is_asked_again_from_the_row_once(staff: Browser, at_panel: str) -> None:
    path = f"/staff/orders/{at_panel}/retry"
    fields = fields_of(staff.get("/staff").text, path)
    assert staff.post(path, data=fields).status_code == 303
    assert staff.post(path, data=fields).status_code == 409
    assert [name for name, _ in acts_recorded()] == ["change_retried"]


def test_change_for_a_person_has_no_panel_to_ask(staff: Browser, by_hand: str) -> None:
    assert f"/staff/orders/{by_hand}/retry" not in staff.get("/staff").text
    answer = act(staff, f"/staff/orders/{by_hand}/retry")
    assert (answer.status_code, refusal_in(answer.text)) == (409, "for_a_person")


@pytest.mark.parametrize("kind", ["order", "task"])
def test_claim_shows_who_works_on_a_task_and_nobody_needs_it(
    staff: Browser, by_hand: str, end_task: int, kind: str
) -> None:
    path = f"/staff/orders/{by_hand}" if kind == "order" else f"/staff/tasks/{end_task}"
    staff.get("/staff?lang=en")
    for _ in range(2):
        assert act(staff, f"{path}/claim").status_code == 303
    assert "You are working on it." in staff.get("/staff").text
    assert [name for name, _ in acts_recorded()] == ["task_claimed"]

    create_staff(StaffDetails("lea@example.com", StaffRole.AGENT, "Léa Roy"), NOON)
    colleague = client_by_email("lea@example.com")
    assert colleague is not None
    db.session.query(Task).filter(Task.claimed_by != "").update({"claimed_by": f"staff:{colleague.id}"})
    db.session.commit()
    assert "Léa Roy is working on it." in staff.get("/staff").text
    refused = act(staff, f"{path}/claim")
    assert (refused.status_code, refusal_in(refused.text)) == (409, "task_claimed")
    assert "Léa Roy is already working on" in refused.text

    assert act(staff, f"{path}/release").status_code == 303
    assert "is working on it" not in staff.get("/staff").text.replace("nobody is working on it", "")
    db.session.query(Task).filter(Task.closed_at.is_(None)).update({"claimed_by": f"staff:{colleague.id}"})
    db.session.commit()
    assert act(staff, f"{path}/done").status_code == 303


def test_task_about_no_order_is_done_once(staff: Browser, end_task: int) -> None:
    page = staff.get("/staff?lang=en").text
    path = f"/staff/tasks/{end_task}/done"
    assert staff.post(path, data=fields_of(page, path)).status_code == 303
    assert ("task_done", staff_actor()) in acts_recorded()
    assert f'data-task="{end_task}"' not in staff.get("/staff").text
    for name in ("done", "claim", "release"):
        answer = act(staff, f"/staff/tasks/{end_task}/{name}")
        assert (answer.status_code, refusal_in(answer.text)) == (409, "no_task")


@pytest.mark.parametrize("name", ["done", "claim", "release", "retry", "refuse"])
def test_unknown_change_is_not_found(staff: Browser, name: str) -> None:
    assert act(staff, f"/staff/orders/CH-2000-000001/{name}", reason="x").status_code == 404


@pytest.mark.parametrize("number", ["999999", "99999999999999999999"])
def test_unknown_task_is_not_found(staff: Browser, number: str) -> None:
    assert act(staff, f"/staff/tasks/{number}/done").status_code == 404


@pytest.mark.parametrize("field", ["version", "page", "row"])
@pytest.mark.parametrize("value", ["x", "-1", "1" * 30, "0x1"])
def test_unreadable_field_changes_nothing(staff: Browser, by_hand: str, field: str, value: str) -> None:
    data = {"csrf_token": staff.token("/account"), field: value}
    answer = staff.post(f"/staff/orders/{by_hand}/done", data=data)
    assert answer.status_code == 422
    assert order_status(by_hand) == "awaiting_provisioning"


def test_last_task_of_a_page_leads_to_the_page_before(staff: Browser, by_hand: str) -> None:
    _open_many(50 - db.session.query(Task).filter_by(closed_at=None).count() + 1)
    order = db.session.scalars(select(Order).where(Order.reference == by_hand)).one()
    db.session.query(Task).filter_by(order_id=order.id).update({"opened_at": NOON + timedelta(hours=1)})
    db.session.commit()
    assert f'data-order="{by_hand}"' in staff.get("/staff?page=2").text
    answer = act(staff, f"/staff/orders/{by_hand}/done", page="2", row="0")
    assert answer.headers["Location"] == "/staff"


@pytest.mark.parametrize("count", [1, 60])
def test_page_makes_six_statements_whatever_its_size(
    staff: Browser, at_panel: str, statements: Statements, count: int
) -> None:
    _open_many(count)
    db.session.query(Task).update({"claimed_by": staff_actor()})
    db.session.commit()
    staff.get("/staff")
    with statements() as collected:
        staff.get("/staff")
    assert len(collected) == 6, collected


def _open_many(count: int) -> None:
    service_id = service_in("hosting").id

    @transactional
    def open_all() -> None:
        for number in range(count):
            open_task(TaskKind.END, f"many-{number}", NOON, service_id=service_id, reason="client")

    open_all()


def test_status_of_an_order_decides_which_acts_are_possible(staff: Browser) -> None:
    for order in db.session.scalars(select(Order)).all():
        reference, status = order.reference, order.status
        if status is OrderStatus.AWAITING_PROVISIONING:
            continue
        assert staff.get(f"/staff/orders/{reference}/refuse").status_code == 409
        for name in ("done", "refuse", "retry", "claim", "release"):
            assert act(staff, f"/staff/orders/{reference}/{name}", reason="No room").status_code == 409, name
        assert order_status(reference) == status.value


@pytest.mark.parametrize("status", ServiceStatus)
def test_task_about_no_order_is_acted_on_once_whatever_its_service(
    staff: Browser, end_task: int, status: ServiceStatus
) -> None:
    service_in("hosting").status = status
    db.session.commit()
    page = staff.get("/staff").text
    for name in ("claim", "release", "done"):
        path = f"/staff/tasks/{end_task}/{name}"
        assert (f'action="{path}"' in page) is (name != "release"), name
        assert act(staff, path).status_code == 303, name
    for name in ("claim", "release", "done"):
        answer = act(staff, f"/staff/tasks/{end_task}/{name}")
        assert (answer.status_code, refusal_in(answer.text)) == (409, "no_task"), name


@pytest.mark.parametrize("status", ServiceStatus)
@pytest.mark.parametrize("order_status_before", OrderStatus)
def test_only_a_change_that_awaits_our_team_is_acted_on_whatever_its_service(
    staff: Browser, at_panel: str, status: ServiceStatus, order_status_before: OrderStatus
) -> None:
    order = db.session.scalars(select(Order).where(Order.reference == at_panel)).one()
    order.status, order.service.status = order_status_before, status
    db.session.commit()
    is_open = order_status_before is OrderStatus.AWAITING_PROVISIONING
    page = staff.get("/staff")
    assert page.status_code == 200
    assert all(f"/staff/orders/{at_panel}/{name}" in page.text for name in ("done", "refuse", "retry", "claim"))
    assert staff.get(f"/staff/orders/{at_panel}/refuse").status_code == (200 if is_open else 409)
    for name in ("retry", "done", "refuse"):
        answer = act(staff, f"/staff/orders/{at_panel}/{name}", reason="No room")
        assert answer.status_code == (303 if is_open and name != "refuse" else 409), name
    assert order_status(at_panel) == ("completed" if is_open else order_status_before.value)


@pytest.mark.parametrize(
    ("reason", "shown", "sentence"),
    [
        (ReviewReason.PACKAGE_CHANGED, "<b>gold</b>", "« &lt;b&gt;gold&lt;/b&gt; », qui n’est ni l’ancien"),
        (ReviewReason.ACCOUNT_MISSING, "", "Le compte n’existe pas sur le serveur."),
        (ReviewReason.PANEL_REFUSED, "<b>full</b>", "Le panneau a refusé le changement : « &lt;b&gt;full&lt;/b&gt; »."),
    ],
)
def test_what_the_panel_shows_is_for_staff_only_and_never_markup(
    staff: Browser, french: Browser, at_panel: str, reason: ReviewReason, shown: str, sentence: str
) -> None:
    @transactional
    def flag() -> None:
        flag_for_review(
            db.session.scalars(select(Order).where(Order.reference == at_panel)).one(), NOON, "panel", reason, shown
        )

    flag()

    assert sentence in staff.get("/staff").text.replace("\N{NO-BREAK SPACE}", " ")
    page = french.get(f"/orders/{at_panel}").text
    assert "Notre équipe s’en occupe." in page
    assert not any(word in page for word in ("gold", "full</b>", "panneau"))
