"""The one reader of time; only the front doors ask it, everything below is handed the day or the instant."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

zone = ZoneInfo("America/Toronto")
"""The zone of the shop's days; the factory sets it from the configuration."""


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def local(at: datetime) -> datetime:
    """The instant ``at`` on the shop's wall clock."""
    return at.astimezone(zone)


def today() -> date:
    """The calendar day in the shop's zone: the day every price and due date is reckoned from."""
    return local(now()).date()
