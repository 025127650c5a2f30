"""The look of the catalogue in memory."""

from __future__ import annotations

from kajoom.domain.brand import Brand
from kajoom.models.catalog import known_catalog

_NONE = Brand()


def known_brand() -> Brand:
    """The host's look by the catalogue in memory: what is rendered has read it; without a catalogue, none."""
    known = known_catalog()
    return known.brand if known is not None else _NONE
