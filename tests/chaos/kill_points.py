"""Runs an action in a process that kills itself at a chosen point; the application knows nothing of it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import event

from app import create_app
from kajoom.config import Config
from kajoom.models.db import db


class Moment(StrEnum):
    """When the process is killed, relative to a function."""

    BEFORE = "before"
    BEFORE_COMMIT = "before its commit"
    AFTER = "after"


@dataclass(frozen=True)
class KillPoint:
    """A function or a method, and when the process is killed."""

    function: Callable[..., Any]
    moment: Moment


def chaos_config(url: str, folder: Path, **settings: Any) -> Config:
    """The demonstration, whose provider, panel and e-mails are files and survive the process.

    ``settings`` are added, for example an account at PayPal.
    """
    return Config(
        instance_path=folder,
        database_url=url,
        secret_key="a secret for tests",
        demo=True,
        mail_url=f"file://{folder / 'mail'}",
        **settings,
    )


def kill_this_process(*_: Any, **__: Any) -> None:
    """End the process as a power cut does: no handler runs and nothing is rolled back by the application."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: KillPoint) -> None:
    """Have this process killed at ``point``: the function is replaced wherever it was imported."""
    function, deadly = point.function, _deadly(point.function, point.moment)
    owner, _, name = function.__qualname__.rpartition(".")
    if owner:
        setattr(getattr(sys.modules[function.__module__], owner), name, deadly)
        return
    for module in list(sys.modules.values()):
        for imported in [key for key, value in vars(module).items() if value is function]:
            setattr(module, imported, deadly)


def _deadly(function: Callable[..., Any], moment: Moment) -> Callable[..., Any]:
    def run_and_die(*args: Any, **kwargs: Any) -> Any:
        if moment is Moment.BEFORE:
            kill_this_process()
        if moment is Moment.BEFORE_COMMIT:
            event.listen(db.session, "before_commit", kill_this_process)
        result = function(*args, **kwargs)
        kill_this_process()
        return result

    return run_and_die


def run(
    url: str,
    folder: Path,
    point: KillPoint,
    action: Callable[..., Any],
    args: tuple[Any, ...],
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Call ``action`` with the application's gateways and ``args``; the process is killed at ``point``."""
    app = create_app(chaos_config(url, folder, **(settings or {})))
    with app.app_context():
        arm(point)
        action(app.extensions["kajoom"], *args)
