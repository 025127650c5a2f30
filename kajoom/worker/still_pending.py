"""The outcome of a message that is not known yet."""

from __future__ import annotations


class StillPending(Exception):
    """The outcome is not known yet: the message must be retried later."""
