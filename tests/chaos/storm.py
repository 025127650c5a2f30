"""A storm: clients, workers and servers at once, killed at random, beside a provider that is not to be relied on."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event, Thread

from tests.architecture.files import ROOT
from tests.chaos import fast_app
from tests.chaos.clients import Browser
from tests.chaos.conditions import Weather
from tests.chaos.fixtures import Estate
from tests.wait import until

_TICK_SECONDS = 0.1
_STAFF_AT_WORK = 0.2


@dataclass(frozen=True)
class Scale:
    """How much of everything; after ``seconds`` it ends, however far it came."""

    changes: int = 500
    kills: int = 60
    workers: int = 4
    browsers: int = 8
    seconds: float = 120
    seed: int = 1


@dataclass
class Tally:
    """What a storm came to. ``results`` are those of the web by their status, 0 for a line that broke."""

    seconds: float = 0
    changes: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    results: Counter[int] = field(default_factory=Counter)
    figures: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


class Storm:
    """One storm over one database; ``folder`` holds all it writes."""

    def __init__(self, url: str, folder: Path, scale: Scale, processes: ForkServerContext) -> None:
        self.scale, self.tally = scale, Tally()
        self._dice = random.Random(scale.seed)
        self._processes = processes
        self._address = f"http://127.0.0.1:{_free_port()}"
        self._weather = Weather(folder, self._address, scale.seed)
        self._environment = {
            **self._weather.environment,
            fast_app.FOLDER: str(folder),
            "KAJOOM_DATABASE_URL": url,
            "KAJOOM_DEMO": "1",
            "KAJOOM_WORKER": "none",
            "KAJOOM_MAIL_URL": f"file://{folder / 'mail'}",
        }
        self._estate = Estate(fast_app.house(self._environment), scale.browsers, scale.changes)
        self._workers: list[BaseProcess] = []

    def run(self) -> Tally:
        """Let it rage, let everybody catch up, and say what is broken."""
        begun = time.monotonic()
        with self._weather, self._served() as server:
            try:
                self._rage(server, begun + self.scale.seconds)
            finally:
                self._send_workers_home()
        self.tally.seconds = time.monotonic() - begun
        with self._weather.cleared(), fast_app.for_a_while(), self._estate.inside():
            self.tally.broken = self._estate.settled(self._weather.world, self._weather.approve)
            self.tally.figures = self._estate.figures()
        self.tally.changes = self.tally.figures["changes"]
        return self.tally

    def _rage(self, server: subprocess.Popen[bytes], end: float) -> None:
        stop = Event()
        crowd = [
            Browser(self._address, email, services, method, self.scale.seed + number)
            for number, (email, services, method) in enumerate(self._estate.holders)
        ]
        threads = [Thread(target=each.stay, args=(stop,), daemon=True) for each in crowd]
        for thread in threads:
            thread.start()
        placed = 0
        while (placed < self.scale.changes or self._is_calm(placed)) and time.monotonic() < end:
            self._keep_working()
            placed = sum(len(each.placed) for each in crowd)
            if self.tally.killed.total() * self.scale.changes < placed * self.scale.kills:
                self._kill(server)
            self._weather.turn()
            if self._dice.random() < _STAFF_AT_WORK:
                self._estate.staff(self._dice)
            time.sleep(_TICK_SECONDS)
        stop.set()
        for thread in threads:
            thread.join(30)
        for each in crowd:
            self.tally.results.update(each.results)

    def _is_calm(self, placed: int) -> bool:
        """Whether somebody is still to be killed."""
        return placed > 0 and self.tally.killed.total() < self.scale.kills

    def _keep_working(self) -> None:
        self._workers = [each for each in self._workers if each.is_alive()]
        while len(self._workers) < self.scale.workers:
            worker = self._processes.Process(target=fast_app.work, args=(self._environment,), daemon=True)
            worker.start()
            self._workers.append(worker)

    def _kill(self, server: subprocess.Popen[bytes]) -> None:
        """End a worker or a web process, as a machine that loses its current does."""
        web = [("web", pid) for pid in _children(server.pid)]
        name, pid = self._dice.choice([*(("worker", each.pid) for each in self._workers), *web])
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.tally.killed[name] += 1

    def _send_workers_home(self) -> None:
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join(20)
            worker.kill()

    @contextmanager
    def _served(self) -> Iterator[subprocess.Popen[bytes]]:
        bind = self._address.removeprefix("http://")
        # It ends with the storm, also when the storm is killed.
        command = [
            "setpriv",
            "--pdeathsig=TERM",
            "--",
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            bind,
            "--workers",
            "2",
            "--threads",
            "4",
            "--preload",
        ]
        command += ["--no-control-socket", "--log-level", "critical", "tests.chaos.fast_app:application()"]
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | self._environment)
        try:
            until(lambda: _answers(bind), "gunicorn does not answer")
            yield server
        finally:
            server.terminate()
            server.wait(30)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _answers(bind: str) -> bool:
    host, _, port = bind.partition(":")
    with socket.socket() as line:
        return line.connect_ex((host, int(port))) == 0


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
