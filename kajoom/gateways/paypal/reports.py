"""PayPal's report of a day, page by page: what was received, without refunds, fees and what is not settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from kajoom.gateways.paypal.responses import amount_of
from kajoom.gateways.ports import Capture

REPORT = "/v1/reporting/transactions"
_PAGE_SIZE = 500
# Settled; settled and partly given back; settled and given back: the giving back is a line of its own.
_RECEIVED = frozenset({"S", "F", "V"})


def report_params(day: date, page: int) -> dict[str, str]:
    """What is asked for one page of a day in UTC; pages are counted from one."""
    start = datetime.combine(day, time(), UTC)
    return {
        "start_date": start.isoformat(),
        "end_date": (start + timedelta(days=1, seconds=-1)).isoformat(),
        "fields": "transaction_info",
        "page_size": str(_PAGE_SIZE),
        "page": str(page),
    }


def page_count(report: Mapping[str, Any]) -> int:
    """How many pages the day has."""
    pages = report.get("total_pages")
    return pages if isinstance(pages, int) else 1


def captures_in(report: Mapping[str, Any]) -> Iterator[Capture]:
    """The payments of one page."""
    for row in report.get("transaction_details") or ():
        info = row.get("transaction_info", {})
        amount = amount_of(info.get("transaction_amount"))
        is_payment = str(info.get("transaction_event_code")).startswith("T00")
        if not is_payment or info.get("transaction_status") not in _RECEIVED or amount is None or amount.cents <= 0:
            continue
        yield Capture(
            reference=str(info.get("transaction_id", "")),
            key=str(info.get("custom_field", "")),
            invoice=str(info.get("invoice_id", "")).rpartition("-")[0],
            amount=amount,
            at=datetime.fromisoformat(str(info.get("transaction_initiation_date"))),
        )
