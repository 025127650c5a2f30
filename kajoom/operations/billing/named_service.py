"""A service as staff name it."""

from __future__ import annotations

from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.service import service_ids_named


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
