"""How the demonstration's provider and panel answer is chosen from outside; a real host has no such thing."""

from __future__ import annotations

from kajoom.gateways import Gateways
from kajoom.gateways.demo.store import Behaviour, DemoSystem

BEHAVIOURS = tuple(behaviour.value for behaviour in Behaviour)


def choose(gateways: Gateways, door: str, behaviour: str, once: bool) -> None:
    """Have the door ("payment" or "panel") answer so from now on, or the next time only.

    ``LookupError`` outside the demonstration.
    """
    if gateways.demo_store is None:
        raise LookupError("this is not the demonstration: set KAJOOM_DEMO=1")
    gateways.demo_store.set_behaviour(DemoSystem(door), Behaviour(behaviour), once)
