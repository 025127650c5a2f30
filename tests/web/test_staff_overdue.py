"""The overdue invoices that staff read."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import insert, select

from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from tests.conftest import SignIn, Statements
from tests.web.demo_rows import TODAY, number_of


def listed(page: str) -> list[str]:
    """The numbers of the invoices of a page."""
    return re.findall(r'data-invoice="([^"]+)"', page)


def test_unpaid_invoices_are_listed_from_the_day_after_their_due_date(signed_in: SignIn) -> None:
    staff, number = signed_in("staff@example.com"), number_of("unpaid-renewal")
    for due_on, is_listed in ((TODAY, False), (TODAY - timedelta(days=1), True)):
        db.session.query(Invoice).filter_by(number=number).update({"due_on": due_on})
        db.session.commit()
        page = staff.get("/staff/overdue?lang=en").text
        assert (number in listed(page)) is is_listed
    assert "1 day late" in page
    due = [db.session.scalar(select(Invoice.due_on).where(Invoice.number == each)) for each in listed(page)]
    assert due == sorted(due)  # type: ignore[type-var]
    assert f'href="/staff/payments?q={number}"' in page


def test_client_of_a_row_is_a_link_to_their_page(signed_in: SignIn) -> None:
    staff, number = signed_in("staff@example.com"), number_of("unpaid-renewal")
    db.session.query(Invoice).filter_by(number=number).update({"due_on": TODAY - timedelta(days=1)})
    db.session.commit()
    client_id, name = db.session.execute(
        select(Client.id, Client.name).join(Invoice).where(Invoice.number == number)
    ).one()
    for path in ("/staff/overdue", f"/staff/payments?q={number}"):
        assert f'<a href="/staff/clients/{client_id}">{name}</a>' in staff.get(path).text, path


def test_page_takes_as_many_statements_whatever_its_length(signed_in: SignIn, statements: Statements) -> None:
    staff, number = signed_in("staff@example.com"), number_of("unpaid-renewal")
    staff.get("/staff/overdue")
    with statements() as few:
        staff.get("/staff/overdue")
    table = Invoice.__table__
    row = dict(db.session.execute(select(table).where(table.c.number == number)).mappings().one())
    del row["id"]
    changed = {"kind": "change", "due_on": TODAY - timedelta(days=9)}
    db.session.execute(insert(Invoice), [{**row, **changed, "number": f"{number}-{n}"} for n in range(120)])
    db.session.commit()
    with statements() as many:
        page = staff.get("/staff/overdue").text
    assert len(listed(page)) == 50
    assert len(many) == len(few) <= 6, "\n\n".join(many)
