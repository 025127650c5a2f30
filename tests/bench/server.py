"""The WSGI application of the benchmark: the real one, and at /bare a Flask application with one route."""

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app import create_app

bare = Flask("bare")


@bare.get("/")
def hello() -> str:
    """Return a constant page."""
    return "<!doctype html><title>bare</title><p>bare</p>"


application = DispatcherMiddleware(create_app(), {"/bare": bare})
