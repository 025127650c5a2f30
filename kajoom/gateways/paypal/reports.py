"""PayPal's transaction report of a day: the settled payments, without refunds, fees and pending payments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from kajoom.gateways.paypal.responses import amount_of
from kajoom.gateways.ports import Capture

REPORT = "/v1/reporting/transactions"
_PAGE_SIZE = 500
# Success, partially refunded and refunded; the refund itself is another row.
_SETTLED_STATUSES = frozenset({"S", "F", "V"})


def report_params(day: date, page: int) -> dict[str, str]:
    """Return the query parameters of one page of a day in UTC; the first page is 1."""
    start = datetime.combine(day, time(), UTC)
    return {
        "start_date": start.isoformat(),
        "end_date": (start + timedelta(days=1, seconds=-1)).isoformat(),
        "fields": "transaction_info",
        "page_size": str(_PAGE_SIZE),
        "page": str(page),
    }


def page_count(report: Mapping[str, Any]) -> int:
    """Return the number of pages of the report."""
    pages = report.get("total_pages")
    return pages if isinstance(pages, int) else 1


def captures_in(report: Mapping[str, Any]) -> Iterator[Capture]:
    """Yield the payments of one page."""
    for row in report.get("transaction_details") or ():
        info = row.get("transaction_info", {})
        amount = amount_of(info.get("transaction_amount"))
        is_payment = str(info.get("transaction_event_code")).startswith("T00")
        is_settled = info.get("transaction_status") in _SETTLED_STATUSES
        if not is_payment or not is_settled or amount is None or amount.cents <= 0:
            continue
        yield Capture(
            reference=str(info.get("transaction_id", "")),
            key=str(info.get("custom_field", "")),
            invoice=str(info.get("invoice_id", "")).rpartition("-")[0],
            amount=amount,
            at=datetime.fromisoformat(str(info.get("transaction_initiation_date"))),
        )
