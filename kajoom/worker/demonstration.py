"""Choosing how the demonstration's payment provider and panel behave, and what its accounts use."""

from __future__ import annotations

from collections.abc import Mapping

from kajoom.gateways import Gateways
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem

BEHAVIOURS = tuple(behaviour.value for behaviour in Behaviour)


def choose(gateways: Gateways, system: str, behaviour: str, once: bool) -> None:
    """Set the behaviour of a ``system`` ("payment" or "panel") from now on, or for the next request only.

    Raises ``LookupError`` outside the demonstration.
    """
    _store_of(gateways).set_behaviour(DemoSystem(system), Behaviour(behaviour), once)


def set_usage(gateways: Gateways, username: str, amounts: Mapping[str, int | None]) -> None:
    """Have the panel report what an account uses of some resources; ``LookupError`` outside the demonstration."""
    _store_of(gateways).set_usage(username, amounts)


def _store_of(gateways: Gateways) -> DemoStore:
    if gateways.demo_store is None:
        raise LookupError("this is not the demonstration: set KAJOOM_DEMO=1")
    return gateways.demo_store
