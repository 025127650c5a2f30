"""The overdue invoices, the oldest first."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.i18n.formats import gettext
from kajoom.models.open_invoice import overdue_invoices
from kajoom.web.htmx import render
from kajoom.web.paging import requested_page
from kajoom.web.staff.access import bp


@bp.get("/overdue")
def overdue() -> ResponseReturnValue:
    """List the unpaid invoices whose due date has passed."""
    today = clock.today()
    return render(
        "staff/overdue.html",
        "staff/_overdue.html",
        title=gettext("Overdue invoices"),
        invoices=overdue_invoices(today, requested_page()),
        days_late=lambda invoice: (today - invoice.due_on).days,
    )
