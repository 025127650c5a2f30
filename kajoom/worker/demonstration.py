"""Choosing how the demonstration's payment provider and panel behave."""

from __future__ import annotations

from kajoom.gateways import Gateways
from kajoom.gateways.demo.store import Behaviour, DemoSystem

BEHAVIOURS = tuple(behaviour.value for behaviour in Behaviour)


def choose(gateways: Gateways, system: str, behaviour: str, once: bool) -> None:
    """Set the behaviour of a ``system`` ("payment" or "panel") from now on, or for the next request only.

    Raises ``LookupError`` outside the demonstration.
    """
    if gateways.demo_store is None:
        raise LookupError("this is not the demonstration: set KAJOOM_DEMO=1")
    gateways.demo_store.set_behaviour(DemoSystem(system), Behaviour(behaviour), once)
