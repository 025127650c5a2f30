"""Accounts of the staff, created at the same moment."""

from __future__ import annotations

from flask import Flask

from kajoom.domain.staff import StaffRole
from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.operations.accounts.staff import StaffDetails, create_staff
from tests.factories import AT
from tests.operations.parallel import THREADS, run_in_threads

EMAIL = "agent@example.com"


def test_one_account_of_an_address_is_created_by_twenty_threads(app: Flask) -> None:
    ids = run_in_threads(app, lambda _: str(create_staff(StaffDetails(EMAIL, StaffRole.AGENT), AT)))
    db.session.rollback()
    account = client_by_email(EMAIL)
    assert account is not None
    assert ids == {str(account.id): THREADS}
