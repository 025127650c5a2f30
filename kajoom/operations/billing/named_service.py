"""The service that a member of staff names: by its id of the host's billing, or by its domain."""

from __future__ import annotations

from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.service import Service, client_id_of_service, service_ids_named


def lock_service(service_id: int) -> Service:
    """Lock the client of a service and read the service."""
    lock_client(client_id_of_service(service_id))
    return db.session.get_one(Service, service_id)


def service_id_named(name: str) -> int:
    """The id of the service with this id of the host's billing, or else this domain.

    Raises ``BusinessError`` with ``NO_SERVICE``, or ``SEVERAL_SERVICES`` when a domain names more than one.
    """
    found = service_ids_named(name)
    if not found:
        raise BusinessError(StaffRefusal.NO_SERVICE, name=name)
    if len(found) > 1:
        raise BusinessError(StaffRefusal.SEVERAL_SERVICES, name=name, known=sorted(found.values()))
    return next(iter(found))


def lock_service_named(name: str) -> Service:
    """Lock the client of the service that is named, and read the service.

    Raises ``BusinessError`` as ``service_id_named``, and with ``SERVICE_ENDED`` when it has ended.
    """
    service = lock_service(service_id_named(name))
    if service.has_ended:
        raise BusinessError(StaffRefusal.SERVICE_ENDED, name=name)
    return service
