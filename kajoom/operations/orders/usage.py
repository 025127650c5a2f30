"""The usage of services as their panels measure it: each day, and when a client opens the choice of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from kajoom.gateways.panel_port import PanelAccount
from kajoom.models.catalog import catalog
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.models.usage import servers_in_use, services_to_measure, write_measures
from kajoom.operations import outbox
from kajoom.operations.catalog.servers import account_of
from kajoom.operations.transaction import transactional

BATCH = 25
"""Accounts that one message reads, fewer when the server is slow."""

FRESH_FOR = timedelta(minutes=3)
"""How old a measure may be before another one is asked for when the choice of a plan is opened."""


@transactional
def enqueue_measures(on: date, at: datetime) -> None:
    """Queue the measures of a day, a message for each server: one that does not answer delays no other."""
    servers = catalog()
    for server in servers_in_use():
        if not servers.server(server).is_by_hand:
            _enqueue_batch(server, on, 0, at)


@transactional
def enqueue_next_batch(server: str, on: date, after: int, at: datetime) -> None:
    """Queue the next batch of a server, behind the messages that are already due."""
    _enqueue_batch(server, on, after, at)


def _enqueue_batch(server: str, on: date, after: int, at: datetime) -> None:
    key = f"usage-{on.isoformat()}-{server}-{after}"
    outbox.enqueue("usage", key, at, on=on.isoformat(), server=server, after=after, bulk=True)


@transactional(wait=False)
def request_measure(service_id: int, at: datetime) -> None:
    """Queue a measure of one service, at most one each ``FRESH_FOR``; not at all while another transaction writes."""
    window = int(at.timestamp() // FRESH_FOR.total_seconds())
    outbox.enqueue("usage", f"usage-{service_id}-{window}", at, service=service_id)


@transactional(read_only=True)
def accounts_to_measure(server: str, after: int) -> dict[int, PanelAccount]:
    """The next accounts to measure on a server, by service id, in their order."""
    return {service.id: account_of(service) for service in services_to_measure(server, after, BATCH)}


@transactional(read_only=True)
def account_to_measure(service_id: int) -> PanelAccount | None:
    """The account of a service, ``None`` once it has ended."""
    service = db.session.get(Service, service_id)
    return account_of(service) if service is not None and not service.has_ended and service.username else None


@transactional
def store_measures(measures: Mapping[int, Mapping[str, int | None]], at: datetime) -> None:
    """Store what panels showed ``at``, by service id."""
    write_measures(measures, at)
