"""The application factory."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from zoneinfo import ZoneInfo

# What is imported stays. Python would look through it for garbage again and again: an eighth of a command's start.
gc.disable()

import click
from flask import Flask
from flask.helpers import get_debug_flag
from werkzeug.middleware.proxy_fix import ProxyFix

from kajoom import clock, gateways
from kajoom.cli import CommandGroup, end_command
from kajoom.cli.migrations import init_migrations
from kajoom.clock import Clock
from kajoom.config import Config, Misconfigured, from_environment
from kajoom.i18n.translations import compile_translations
from kajoom.logs import configure_logging
from kajoom.models.db import db
from kajoom.models.revision import latest_revision

gc.freeze()  # nor is it looked through later, at each full collection
gc.set_threshold(10_000, 10, 10)  # a page makes a thousand objects, which are gone with it: looking costs a twentieth
gc.enable()

INSTANCE = Path(__file__).resolve().parent / "instance"
"""The folder of the database file, of the demonstration and of its e-mails."""

_LARGEST_FORM = 64 * 1024


def create_app(config: Config | None = None) -> Flask:
    """Build the application; ``Misconfigured`` for a variable that is invalid, or missing where it is to serve."""
    if config is None:
        configure_logging()  # one that is given a configuration, as by tests, leaves the log to its caller
        config = _read_configuration()
    command = _command()
    if command in {None, "run"}:
        config.check_can_serve()  # the commands that need every variable check it

    app = Flask(__name__, instance_path=str(config.instance_path), static_folder=None)
    app.ensure_sync = _as_it_is  # type: ignore[assignment, method-assign]
    app.jinja_environment = _late("kajoom.i18n.jinja:localized_environment")  # type: ignore[assignment]
    app.config.update(
        SECRET_KEY=config.secret_key,
        SECRET_KEY_FALLBACKS=list(config.secret_key_fallbacks),
        WTF_CSRF_SECRET_KEY=[*config.secret_key_fallbacks, config.secret_key],
        HSTS_SUBDOMAINS=config.hsts_subdomains,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        MAX_CONTENT_LENGTH=_LARGEST_FORM,
        DAYS_TO_PAY=config.days_to_pay,
        RENEWAL_DAYS=config.renewal_days,
        DAILY_RENEWAL_DAYS=config.daily_renewal_days,
        BASE_URL=config.base_url,
        BASE_HOSTS=config.base_hosts,
        DEMONSTRATION=config.demo,
        BABEL_DEFAULT_TIMEZONE=config.timezone,
        SELLER=dict(config.seller),
        TEMPLATES_AUTO_RELOAD=get_debug_flag(),  # without it, Flask makes the environment of templates for each command
        READY_TOKEN=config.ready_token,
        PASSWORD_HASH_OPTIONS=dict(config.password_hash_options),
    )
    config.instance_path.mkdir(parents=True, exist_ok=True)
    app.extensions["config"] = config
    app.extensions["clock"] = Clock(ZoneInfo(config.timezone))
    app.extensions["started_at"] = app.extensions["clock"].now()
    compile_translations()

    db.init_app(app)
    init_migrations(app)
    app.config["REVISION"] = latest_revision(Path(app.root_path) / "migrations")
    catalog = _late("kajoom.operations.catalog.servers:current_catalog")
    answer_to = _late("kajoom.operations.orders.panel_callbacks:answer_to")
    app.extensions["kajoom"] = gateways.build(config, clock.now, catalog, answer_to)
    app.config["PANELS"] = app.extensions["kajoom"].panel_names
    if command in {None, "run"}:
        config.check_servers(app.extensions["kajoom"].server_problem)
    app.config["CHANGES_BY_HAND"] = app.extensions["kajoom"].changes_by_hand

    add_pages = partial(_add_pages, app, config, starts_worker=command == "run")
    app.cli = CommandGroup(app.name, add_pages if command == "" else None)
    if command != "":
        add_pages()
    if command is not None:
        atexit.register(end_command, app)
    return app


def _add_pages(app: Flask, config: Config, *, starts_worker: bool) -> None:
    """Add what serves pages, which most of our commands do without: a quarter of their start."""
    resolve_name("kajoom.web:init_web")(app, config.payment_hosts)
    if config.worker == "embedded":
        # Loaded here: a web process without a worker does not load what writes e-mails, 2 MB.
        resolve_name("kajoom.worker.loop:embed_worker")(app)
        if starts_worker:
            resolve_name("kajoom.worker.loop:start_embedded_worker")(app)
    if config.proxy_hops:
        hops = config.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _late(path: str) -> Callable[..., Any]:
    """A function that is loaded when it is first called, with all that it imports."""

    def call(*arguments: Any, **options: Any) -> Any:
        return resolve_name(path)(*arguments, **options)

    return call


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    """No view is asynchronous; Flask would look at each one, and at what runs before and after, at every request."""
    return function


def _read_configuration() -> Config:
    try:
        return from_environment(INSTANCE)
    except Misconfigured as error:
        if click.get_current_context(silent=True) is None:
            raise
        error.show()  # `flask --help` would print a traceback
        sys.exit(error.exit_code)


def _command() -> str | None:
    """The command of ``flask`` that is running: ``None`` in a server, and "run" for Flask's own.

    It is empty as long as Flask looks for the command among those of this application, or lists them.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return None
    return context.info_name if context.parent is not None else ""
