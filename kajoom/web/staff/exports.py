"""Exports for bookkeeping, for managers: the documents, payments or account credit of a period, as a CSV file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import NamedTuple

from flask import request, send_file
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.cycle import parse_day
from kajoom.domain.refusal import StaffRefusal
from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.models.export_period import Period
from kajoom.operations.billing.exports import ExportKind, record_export, write_export
from kajoom.web.forms import SingleField, StrictForm
from kajoom.web.htmx import render
from kajoom.web.refusals import status_of
from kajoom.web.staff.access import bp, current_actor, require_manager

LONGEST = 366
"""How many days a file may cover: a request has to read and write them all."""

_IN_MEMORY = 1024 * 1024
"""The bytes of a file that are kept in memory; a larger one is written to the disk until it is sent."""

_EARLIEST = 1970

_KINDS: Mapping[ExportKind, tuple[str, str]] = {
    ExportKind.DOCUMENTS: (
        N_("Invoices and credit notes"),
        N_("With taxes. A void invoice is negative on the day it was voided, so that a past month never changes."),
    ),
    ExportKind.PAYMENTS: (N_("Payments"), N_("What was received, and refunds as negative amounts.")),
    ExportKind.CREDIT: (N_("Account credit"), N_("Each change of the clients’ account credit, with its document.")),
}
_SENTENCES: Mapping[StrEnum, str] = {
    StaffRefusal.NO_KIND: N_("Choose what to export."),
    StaffRefusal.NOT_A_DAY: N_("Enter a date such as 2026-11-20."),
    StaffRefusal.ENDS_BEFORE_START: N_("The last day is before the first."),
    StaffRefusal.TOO_LONG_PERIOD: N_("A file covers 366 days at most. For a longer period, use the command."),
}


class ExportForm(StrictForm):
    """What to export, and the first and last day as they were typed."""

    kind = SingleField()
    first = SingleField(convert=str.strip)
    last = SingleField(convert=str.strip)


class _Refused(NamedTuple):
    """Why there is no file: the code, and the field that is wrong."""

    code: StaffRefusal
    field: str

    @property
    def sentence(self) -> str:
        """Why, in the language of the page."""
        return str(gettext(_SENTENCES[self.code]))


@bp.get("/exports")
def exports() -> ResponseReturnValue:
    """Show the form, with the last whole month."""
    require_manager()
    last = clock.today().replace(day=1) - timedelta(days=1)
    return _render(ExportKind.DOCUMENTS.value, last.replace(day=1).isoformat(), last.isoformat())


@bp.post("/exports")
def download_export() -> ResponseReturnValue:
    """Send the file, and record in the audit who has asked for it; a refusal shows the form again."""
    require_manager()
    form = ExportForm.parse(request.form)
    kind, first, last = form.kind.data or "", form.first.data or "", form.last.data or ""
    refused = _refusal(kind, first, last)
    if refused is not None:
        return _render(kind, first, last, refused)
    period = _period(parse_day(first), parse_day(last))
    record_export(ExportKind(kind), period, current_actor(), clock.now())
    return _file(ExportKind(kind), period)


def _refusal(kind: str, first: str, last: str) -> _Refused | None:
    if kind not in set(ExportKind):
        return _Refused(StaffRefusal.NO_KIND, f"kind-{ExportKind.DOCUMENTS}")
    days = {"first": _day(first), "last": _day(last)}
    for field, day in days.items():
        if day is None:
            return _Refused(StaffRefusal.NOT_A_DAY, field)
    length = (parse_day(last) - parse_day(first)).days + 1
    if length < 1:
        return _Refused(StaffRefusal.ENDS_BEFORE_START, "last")
    return _Refused(StaffRefusal.TOO_LONG_PERIOD, "last") if length > LONGEST else None


def _day(text: str) -> date | None:
    """The day of a text, ``None`` for what is no day of billing."""
    try:
        day = parse_day(text)
    except ValueError:
        return None
    return day if _EARLIEST <= day.year <= clock.today().year + 1 else None


def _period(first: date, last: date) -> Period:
    return Period(first, last, clock.at_local_time(first, 0), clock.at_local_time(last + timedelta(days=1), 0))


def _file(kind: ExportKind, period: Period) -> ResponseReturnValue:
    """The file, whole before it is sent: an error is a page of its own, not a file that ends too early."""
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
    try:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        write_export(kind, period, text)
        text.detach()
    except BaseException:
        file.close()
        raise
    file.seek(0)
    name = f"{kind}-{period.first}-{period.last}.csv"
    return send_file(file, mimetype="text/csv", as_attachment=True, download_name=name, etag=False)


def _render(kind: str, first: str, last: str, refused: _Refused | None = None) -> ResponseReturnValue:
    return render(
        "staff/exports.html",
        None,
        title=gettext("Exports"),
        status=status_of(refused.code) if refused else 200,
        kinds=_KINDS,
        kind=kind,
        first=first,
        last=last,
        refused=refused,
    )
