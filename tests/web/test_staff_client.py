"""What managers do on the page of a client: a link, a deactivation, a reactivation."""

from __future__ import annotations

from sqlalchemy import select, update
from werkzeug.test import TestResponse

from kajoom.models.audit import AuditRow
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.models.outbox import Message
from tests.conftest import Browser


def path_of() -> str:
    """The address of the French-speaking client's page."""
    client = client_by_email("fr@example.com")
    assert client is not None
    return f"/staff/clients/{client.id}"


def post(staff: Browser, act: str) -> TestResponse:
    """Press a button of the client's page."""
    return staff.post(f"{path_of()}/{act}", data={"csrf_token": staff.token("/account")})


def main_of(page: str) -> str:
    """The main part of a page."""
    return page.partition("<main")[2].partition("</main>")[0]


def emails() -> list[str]:
    """The kinds of e-mail with a link that are queued."""
    kinds = [message.ids["email"] for message in db.session.scalars(select(Message).where(Message.kind == "email"))]
    return [kind for kind in kinds if kind in {"password_reset", "invitation"}]


def test_client_with_a_password_is_sent_a_link_once(staff: Browser) -> None:
    response = post(staff, "reset")
    assert (response.status_code, response.headers["Location"]) == (303, path_of())
    assert "part vers fr@example.com" in staff.get(path_of()).text
    again = post(staff, "reset")
    assert again.status_code == 409
    assert 'data-refusal="just_sent"' in again.text
    assert emails() == ["password_reset"]


def test_client_without_a_password_is_invited(staff: Browser) -> None:
    db.session.execute(update(Client).where(Client.email == "fr@example.com").values(password=None))
    db.session.commit()
    assert f'action="{path_of()}/invitation"' in staff.get(path_of()).text
    assert post(staff, "invitation").status_code == 303
    assert emails() == ["invitation"]


def test_deactivated_client_is_signed_out_and_can_be_reactivated(staff: Browser, french: Browser) -> None:
    assert french.get("/services").status_code == 200
    assert post(staff, "deactivate").status_code == 303
    assert french.get("/services").headers["Location"].startswith("/login")
    page = staff.get(path_of()).text
    assert f'action="{path_of()}/reactivate"' in page
    assert f'action="{path_of()}/deactivate"' not in page
    refused = post(staff, "deactivate")
    assert (refused.status_code, 'data-refusal="deactivated"' in refused.text) == (409, True)
    assert post(staff, "reactivate").status_code == 303
    member = client_by_email("staff@example.com")
    assert member is not None
    acts = db.session.execute(select(AuditRow.act, AuditRow.actor).order_by(AuditRow.id.desc()).limit(2)).all()
    assert [tuple(act) for act in acts] == [
        ("client_reactivated", f"staff:{member.id}"),
        ("client_deactivated", f"staff:{member.id}"),
    ]


def test_agents_read_the_page_without_buttons_and_do_not_act(staff: Browser) -> None:
    db.session.execute(update(Client).where(Client.role != "").values(role="agent"))
    db.session.commit()
    assert "<form" not in main_of(staff.get(path_of()).text)
    for act in ("reset", "invitation", "deactivate", "reactivate"):
        assert post(staff, act).status_code == 403, act


def test_staff_accounts_are_not_acted_on_here(staff: Browser) -> None:
    member = client_by_email("staff@example.com")
    assert member is not None
    for act in ("reset", "deactivate"):
        path = f"/staff/clients/{member.id}/{act}"
        assert staff.post(path, data={"csrf_token": staff.token("/account")}).status_code == 404


def test_refusal_takes_the_place_of_the_page_under_htmx(staff: Browser) -> None:
    token = staff.token("/account")
    answer = staff.fragment(f"{path_of()}/reactivate", method="POST", data={"csrf_token": token})
    assert answer.status_code == 409
    assert "<html" not in answer.text
    assert 'id="client"' in answer.text
    done = staff.fragment(f"{path_of()}/reset", method="POST", data={"csrf_token": token})
    assert done.headers["HX-Redirect"] == path_of()
