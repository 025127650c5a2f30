"""Orders by ids, for threads and refused forms, and cancellation requests in any state of the service."""

from __future__ import annotations

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.models.cancellation import Cancellation
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.quotes import Choice
from tests.factories import AT, DUE, MONTHLY, ON


def place_upgrade(client_id: int, service_id: int, digest: str, key: str = "form") -> Order:
    """Send the confirmation form of a change to plan "b", paid monthly, with the digest of a quote seen before."""
    confirmation = Confirmation(digest, key)
    choice = Choice("b", MONTHLY)
    return place_order(client_id, service_id, choice, confirmation, locale="fr", on=ON, at=AT, days_to_pay=7).order


def insert_cancellation(row: Service) -> Cancellation:
    """Add an open request to end a service on its due date, whatever else is open on it; not committed."""
    request = Cancellation(
        reference="RS-1",
        key="k",
        client_id=row.client_id,
        service_id=row.id,
        status=CancellationStatus.OPEN,
        when=CancellationWhen.PERIOD_END,
        effective_on=DUE,
        locale="fr",
        requested_at=AT,
    )
    db.session.add(request)
    return request
