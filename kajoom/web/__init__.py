"""The web layer: views parse the request, fetch, call an operation and render; business rules are in ``domain``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask

from kajoom.domain.usage import Resource
from kajoom.models.kept_statement import page_reads
from kajoom.web import (
    account,
    account_access,
    account_sessions,
    cancellation,
    factor_sign_in,
    factors,
    health,
    invoice,
    order,
    plan,
    recovery,
    service,
    staff,
    webhook,
)
from kajoom.web.assets import init_assets
from kajoom.web.auth import init_auth
from kajoom.web.compression import init_compression
from kajoom.web.csrf import init_csrf
from kajoom.web.errors import init_errors
from kajoom.web.fallback import init_fallback
from kajoom.web.headers import init_headers, security_headers
from kajoom.web.hosts import init_hosts
from kajoom.web.late_rule import LateRule
from kajoom.web.locale import init_locale
from kajoom.web.next_notice import take_notice
from kajoom.web.page_seller import init_page_seller
from kajoom.web.parsing import init_parsing
from kajoom.web.payment_options import payment_method_label, payment_method_phrase
from kajoom.web.refusals import REFUSAL_MESSAGES, action_for
from kajoom.web.request_log import init_request_log
from kajoom.web.staff_view import init_staff_view
from kajoom.web.throttling import init_throttling
from kajoom.web.urls import init_urls

_BLUEPRINTS = (
    service.bp, plan.bp, order.bp, invoice.bp, account.bp, account_access.bp, account_sessions.bp, cancellation.bp,
    factors.bp, factor_sign_in.bp, recovery.bp, health.bp, staff.bp, webhook.bp,
)  # fmt: skip


def init_web(app: Flask, form_targets: Sequence[str] = ()) -> None:
    """Register the views and what runs before and after them; each ``before_request`` runs in the order given here.

    ``form_targets`` are the other origins that a form may redirect to.
    """
    app.url_rule_class = LateRule
    headers = security_headers(form_targets)
    app.wsgi_app = _read_only_requests(app.wsgi_app)  # type: ignore[method-assign]
    init_compression(app)
    init_parsing(app)
    init_hosts(app)
    init_fallback(app, headers)
    init_request_log(app)
    init_errors(app)
    init_auth(app)
    init_csrf(app)
    init_throttling(app)
    factor_sign_in.init_factor_sign_in(app)
    factors.init_factors(app)
    staff.init_staff(app)
    init_locale(app)
    init_urls(app)
    init_headers(app, headers)
    init_staff_view(app)
    init_page_seller(app)
    init_assets(app, Path(app.root_path) / "static")
    app.jinja_env.globals.update(
        action_for=action_for,
        demonstration=app.config["DEMONSTRATION"],
        payment_method_label=payment_method_label,
        payment_method_phrase=payment_method_phrase,
        refusals=REFUSAL_MESSAGES,
        resources=tuple(Resource),
        take_notice=take_notice,
    )
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)


def _read_only_requests(wsgi_app: Callable[..., Any]) -> Callable[..., Any]:
    """Read as pages do, except in ``@transactional`` operations."""

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        with page_reads():
            return wsgi_app(environ, start_response)

    return wrapped
