"""A storm: clients, workers and web processes at once, killed at random, while every other system fails."""

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
from tests.chaos.faulty_systems import FaultySystems
from tests.chaos.live_server import free_port
from tests.chaos.simulated_client import SimulatedClient
from tests.chaos.storm_data import StormData
from tests.wait import until

_TICK_SECONDS = 0.1
_STAFF_RATE = 0.2
_JOIN_SECONDS = 30


@dataclass(frozen=True)
class Scale:
    """The size of a storm: it ends after so many changes and kills, or after ``seconds``."""

    changes: int = 500
    kills: int = 60
    workers: int = 4
    browsers: int = 8
    seconds: float = 120
    seed: int = 1


@dataclass
class StormResult:
    """What happened in a storm. ``statuses`` counts HTTP statuses, 0 for a lost connection; ``violations`` are the
    rules that do not hold afterwards."""

    seconds: float = 0
    changes: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    figures: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


class Storm:
    """One storm over one database; ``folder`` holds all its files."""

    def __init__(self, url: str, folder: Path, scale: Scale, processes: ForkServerContext) -> None:
        self.scale, self.result, self._folder = scale, StormResult(), folder
        self._random = random.Random(scale.seed)
        self._processes = processes
        self._address = f"http://127.0.0.1:{free_port()}"
        self._systems = FaultySystems(folder, self._address, scale.seed)
        self._environment = {
            **self._systems.environment,
            fast_app.FOLDER_VARIABLE: str(folder),
            "KAJOOM_DATABASE_URL": url,
            "KAJOOM_DEMO": "1",
            "KAJOOM_WORKER": "none",
            "KAJOOM_MAIL_URL": f"file://{folder / 'mail'}",
        }
        app = fast_app.create_storm_app(self._environment)
        self._data = StormData(app, scale.browsers, scale.changes, self._systems)
        self._workers: list[BaseProcess] = []

    def run(self) -> StormResult:
        """Run the storm, let all pending work finish without faults, and check the invariants."""
        start = time.monotonic()
        with self._systems, self._serve() as server:
            try:
                self._run_clients(server, start + self.scale.seconds)
            finally:
                self._stop_workers()
        self.result.seconds = time.monotonic() - start
        with self._systems.healthy(), fast_app.short_delays(), self._data.app_context():
            self.result.violations = fast_app.wrong_claims(self._folder)
            self.result.violations += self._data.settle(self._systems.state, self._systems.approve_all)
            self.result.figures = self._data.figures()
        self.result.changes = self.result.figures["changes"]
        return self.result

    def _run_clients(self, server: subprocess.Popen[bytes], end: float) -> None:
        stop = Event()
        clients = [
            SimulatedClient(self._address, email, services, method, self.scale.seed + number)
            for number, (email, services, method) in enumerate(self._data.clients)
        ]
        threads = [Thread(target=client.run, args=(stop,), daemon=True) for client in clients]
        for thread in threads:
            thread.start()
        placed = 0
        while (placed < self.scale.changes or self._has_kills_left(placed)) and time.monotonic() < end:
            self._start_missing_workers()
            placed = sum(len(client.placed) for client in clients)
            if self.result.kills.total() * self.scale.changes < placed * self.scale.kills:
                self._kill_one(server)
            self._systems.next_faults()
            if self._random.random() < _STAFF_RATE:
                self._data.act_as_staff(self._random)
            time.sleep(_TICK_SECONDS)
        stop.set()
        for thread in threads:
            thread.join(_JOIN_SECONDS)
        for client in clients:
            self.result.statuses.update(client.statuses)

    def _has_kills_left(self, placed: int) -> bool:
        return placed > 0 and self.result.kills.total() < self.scale.kills

    def _start_missing_workers(self) -> None:
        self._workers = [worker for worker in self._workers if worker.is_alive()]
        while len(self._workers) < self.scale.workers:
            worker = self._processes.Process(target=fast_app.work, args=(self._environment,), daemon=True)
            worker.start()
            self._workers.append(worker)

    def _kill_one(self, server: subprocess.Popen[bytes]) -> None:
        """Kill a worker or a web process with SIGKILL."""
        web = [("web", pid) for pid in _children(server.pid)]
        name, pid = self._random.choice([*(("worker", worker.pid) for worker in self._workers), *web])
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.result.kills[name] += 1

    def _stop_workers(self) -> None:
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join(_JOIN_SECONDS)
            worker.kill()

    @contextmanager
    def _serve(self) -> Iterator[subprocess.Popen[bytes]]:
        bind = self._address.removeprefix("http://")
        # --pdeathsig: the server ends with the storm, also when the storm is killed.
        command = ["setpriv", "--pdeathsig=TERM", "--", sys.executable, "-m", "gunicorn", "--bind", bind]
        command += ["--log-level", "critical", "tests.chaos.fast_app:application()"]
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | self._environment)
        try:
            until(lambda: _accepts_connections(bind), "gunicorn does not accept connections")
            yield server
        finally:
            server.terminate()
            server.wait(_JOIN_SECONDS)


def _accepts_connections(bind: str) -> bool:
    host, _, port = bind.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
