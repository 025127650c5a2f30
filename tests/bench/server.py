"""The WSGI application of the benchmark: the real one, and at /bare a Flask application with one route."""

from typing import Any

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.chaos.wide_limits import application as create_application

bare = Flask("bare")


@bare.get("/")
def hello() -> str:
    """Return a constant page."""
    return "<!doctype html><title>bare</title><p>bare</p>"


def _bare(environ: dict[str, Any], start_response: Any) -> Any:
    """The bare application, without what the real one does before its first view."""
    return bare.wsgi_app(environ, start_response)


# A Flask object, so that gunicorn.conf.py starts its embedded worker; many clients sign in from one address here.
application = create_application()
application.wsgi_app = DispatcherMiddleware(application.wsgi_app, {"/bare": _bare})  # type: ignore[method-assign]
