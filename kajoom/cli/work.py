"""``flask work``: a worker process; any number can run, on any machine that reaches the database."""

from __future__ import annotations

import signal
from threading import Event

import click
from flask.cli import ScriptInfo

from kajoom.worker.loop import run_pending, work_forever


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then exit.")
@click.pass_obj
def work(info: ScriptInfo, once: bool) -> None:
    """Carry out changes, settle payments and send e-mails, until stopped (SIGTERM or Ctrl+C)."""
    app, stop = info.load_app(), Event()
    app.extensions["config"].check_can_serve()
    app.extensions["config"].check_servers(app.extensions["kajoom"].server_problem)
    if once:
        run_pending(app, stop)
        return
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    work_forever(app, stop)
