"""How much of the machine other programs use: figures that were taken beside them mean nothing."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterable
from pathlib import Path

MOST_OF_A_CORE = 0.10
"""The part of one core that other programs may use, and steal from a virtual machine, while pages are measured."""

_TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(processes: Iterable[int]) -> float:
    """The processor time of running processes so far."""
    stats = (Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13] for process in processes)
    return sum(int(ticks) for user_and_system in stats for ticks in user_and_system) / _TICK


def _busy_seconds() -> float:
    """The time that all processors have spent on programs, and that the host of a virtual machine has taken."""
    user, nice, system, _idle, _iowait, _irq, _softirq, steal = (
        int(ticks) for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + steal) / _TICK


def _ended_children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


class Others:
    """What other programs use from its creation on; ``servers`` are the processes that belong to the measurement."""

    def __init__(self, servers: Iterable[int] = ()) -> None:
        self._servers = tuple(servers)
        self._since, self._busy, self._own = time.monotonic(), _busy_seconds(), self._own_seconds()

    def part_of_a_core(self) -> float:
        """The processor time of others for each second so far; 2 means that they keep two cores busy."""
        busy, own = _busy_seconds() - self._busy, self._own_seconds() - self._own
        return max(0.0, busy - own) / (time.monotonic() - self._since)

    def _own_seconds(self) -> float:
        return time.process_time() + _ended_children() + processor_seconds(self._servers)


def refuse_if_busy(seconds: float = 2.0) -> None:
    """End the program with a sentence when others use the processors now."""
    others = Others()
    time.sleep(seconds)
    if (part := others.part_of_a_core()) > MOST_OF_A_CORE:
        raise SystemExit(sentence(part))


def sentence(part: float) -> str:
    """Why nothing is printed."""
    return (
        f"Other programs use {part:.0%} of a core, of which {MOST_OF_A_CORE:.0%} are accepted: no figures are printed."
        " Stop them, or wait until the machine is quiet."
    )
