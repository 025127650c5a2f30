"""What gunicorn serves to the benchmark: the house, and beside it a Flask application with one bare route."""

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app import create_app

bare = Flask("bare")


@bare.get("/")
def hello() -> str:
    """As little as a Flask route can do."""
    return "<!doctype html><title>bare</title><p>bare</p>"


application = DispatcherMiddleware(create_app(), {"/bare": bare})
