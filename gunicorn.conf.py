"""Settings of gunicorn, which reads this file by itself; options on its command line replace them.

The configuration is checked here first: an application that refused to start would have its workers started again for
ever.
"""

import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from kajoom.i18n.shared import load_languages

load_languages()  # before the rest is imported, which then takes the memory that Babel gives back: 5 MB

from flask import Flask

from app import INSTANCE
from kajoom.config import Misconfigured, from_environment

try:
    configuration = from_environment(INSTANCE)
    configuration.check_can_serve()
except Misconfigured as error:
    error.show()
    sys.exit(error.exit_code)

bind = "127.0.0.1:8000"
workers = 2
worker_class = "kajoom.server.BufferingWorker"  # gthread, whose main loop reads the requests
threads = 8
preload_app = True  # one copy of the code in memory; the worker's thread starts after the fork
control_socket_disable = True
keepalive = 5
graceful_timeout = 30
forwarder_headers = ""  # nobody sets SCRIPT_NAME by a header: the prefix is that of KAJOOM_BASE_URL


def when_ready(_server: Any) -> None:
    """Leave what is loaded before the processes are forked out of the search for garbage.

    That search would write to it, and give each process a copy of its own.
    """
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Start the embedded worker in each process, if the configuration asks for one."""
    if configuration.worker == "embedded" and isinstance(worker.wsgi, Flask):
        import_module("kajoom.worker.loop").start_embedded_worker(worker.wsgi)  # loaded as in app.py
