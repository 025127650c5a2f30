"""What a client does once: the processor time of a sign-in, a review and a confirmation, sent one after another."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.bench.servers import Server, hidden_fields, read, sign_in

SIGN_INS = 24
_GROUP = 8
"""How many acts are measured together: the system counts processor time in hundredths of a second."""


class Act(NamedTuple):
    """The milliseconds of processor time of an act, one value for each group of eight."""

    name: str
    spent: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the groups."""
        return statistics.median(self.spent)


def acts(server: Server, services: Sequence[int]) -> list[Act]:
    """Sign in 24 times, and confirm a change of each of the ``services``, with what stands before the confirmation."""
    browser = sign_in(server)
    forms: list[dict[str, str]] = []

    def review(service: int) -> None:
        url = f"{server.address}/services/{service}/plan/review?plan=b&cycle=monthly&when=now&method=interac"
        forms.append(hidden_fields(read(browser, url)) | {"service": str(service)})

    def confirm(form: dict[str, str]) -> None:
        fields = {name: value for name, value in form.items() if name != "service"}
        read(browser, f"{server.address}/services/{form['service']}/plan", fields)

    def enter(_number: int) -> None:
        sign_in(server)

    return [
        _measured("review, by one client", server, review, services),
        _measured("confirm, and its order page", server, confirm, forms),
        _measured("sign-in, with its two pages", server, enter, range(SIGN_INS)),
    ]


def _measured(name: str, server: Server, act: Callable[..., None], arguments: Sequence[object]) -> Act:
    spent = []
    for start in range(0, len(arguments) - _GROUP + 1, _GROUP):
        before = server.spent()
        for argument in arguments[start : start + _GROUP]:
            act(argument)
        spent.append((server.spent() - before) / _GROUP * 1000)
    return Act(name, tuple(spent))
