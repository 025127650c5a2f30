"""The front door with a browser: parse, fetch, do, show; it speaks to clients and decides nothing of the trade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask

from kajoom.domain.usage import Resource
from kajoom.i18n.labels import EACH_CYCLE
from kajoom.models.catalog import catalog
from kajoom.models.db import begin_mode
from kajoom.web import account, cancellation, health, invoice, order, plan, service, webhook
from kajoom.web.assets import init_assets
from kajoom.web.auth import init_auth
from kajoom.web.csrf import init_csrf
from kajoom.web.errors import init_errors
from kajoom.web.headers import init_headers
from kajoom.web.locale import init_locale
from kajoom.web.payment_options import payment_method_label
from kajoom.web.refusals import SENTENCES, action_for

_PAGES = (service.bp, plan.bp, order.bp, invoice.bp, account.bp, cancellation.bp, health.bp, webhook.bp)


def init_web(app: Flask, form_targets: Sequence[str] = (), demonstration: bool = False) -> None:
    """Hang the front door: what looks at a request before its view is listed in the order it looks.

    ``form_targets`` are the other hosts a form may lead to; in the ``demonstration`` the door says how to come in.
    """
    app.wsgi_app = _read_only_requests(app.wsgi_app)  # type: ignore[method-assign]
    init_errors(app)
    init_auth(app)
    init_csrf(app)
    init_locale(app)
    init_headers(app, form_targets)
    init_assets(app, Path(app.root_path) / "static")
    app.jinja_env.globals.update(
        action_for=action_for,
        demonstration=demonstration,
        each_cycle=EACH_CYCLE,
        payment_method_label=payment_method_label,
        refusals=SENTENCES,
        resources=tuple(Resource),
        seller=lambda: catalog().seller,
    )
    for page in _PAGES:
        app.register_blueprint(page)


def _read_only_requests(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Begin the transactions of a request read-only, except those of operations: rendering a page delays no writer."""

    def within(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        with begin_mode(read_only=True):
            return answer(environ, start_response)

    return within
