"""A deed done in a process of its own, which is killed at a named point of it; nothing of the house knows of this."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import event

from app import create_app
from kajoom.config import Config
from kajoom.models.db import db


class Moment(StrEnum):
    """Where, of a function, the process ends."""

    BEFORE = "before"
    BEFORE_COMMIT = "before its commit"
    AFTER = "after"


@dataclass(frozen=True)
class Point:
    """A function by its module and name (``kajoom.operations.payments.pay:record``), and the moment of it."""

    target: str
    moment: Moment


def config_of(url: str, folder: Path, **account: Any) -> Config:
    """The demonstration's doors, so that provider and panel outlive the process that asked them, and what the house is
    told of an ``account`` at PayPal."""
    return Config(
        instance_path=folder,
        database_url=url,
        secret_key="a secret of the tests alone",
        demo=True,
        mail_url=f"file://{folder / 'mail'}",
        **account,
    )


def die(*_: Any, **__: Any) -> None:
    """As a machine that loses its current: no handler runs, nothing is rolled back by us."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: Point) -> None:
    """Have this process end at ``point``."""
    module, _, path = point.target.partition(":")
    owner = import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, name, _deadly(getattr(owner, name), point.moment))


def _deadly(act: Callable[..., Any], moment: Moment) -> Callable[..., Any]:
    def once(*given: Any, **named: Any) -> Any:
        if moment is Moment.BEFORE:
            die()
        if moment is Moment.BEFORE_COMMIT:
            event.listen(db.session, "before_commit", die)
        result = act(*given, **named)
        die()
        return result

    return once


def run(
    url: str,
    folder: Path,
    point: Point | None,
    act: Callable[..., Any],
    given: tuple[Any, ...],
    account: Mapping[str, Any] | None = None,
) -> None:
    """Do ``act`` with the doors of the house and what is ``given``, as long as this process lives."""
    house = create_app(config_of(url, folder, **(account or {})))
    if point is not None:
        arm(point)
    with house.app_context():
        act(house.extensions["kajoom"], *given)
