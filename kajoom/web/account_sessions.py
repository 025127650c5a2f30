"""« Mes sessions »: the browsers in which the client is signed in, each of which can be closed from here."""

from __future__ import annotations

from flask import Blueprint, abort, url_for
from flask.typing import ResponseReturnValue
from flask_security import logout_user

from kajoom import clock
from kajoom.i18n.formats import gettext
from kajoom.models.session import ClientSession, open_sessions
from kajoom.operations.accounts.sessions import close_other_sessions, close_session
from kajoom.web.auth import current_client
from kajoom.web.htmx import redirect_to, render

bp = Blueprint("account_sessions", __name__, url_prefix="/account/sessions")


@bp.get("")
def index() -> ResponseReturnValue:
    """List the open sessions of the client, the one that was used last first."""
    client = current_client()
    return render(
        "account/sessions.html",
        None,
        title=gettext("My sessions"),
        sessions=open_sessions(client.id, clock.now()),
        this=client.session_id,
        device_name=device_name,
    )


@bp.post("/<int:session_id>/close")
def close(session_id: int) -> ResponseReturnValue:
    """End a session of the client; closing it twice is not an error, and closing this one signs out."""
    client = current_client()
    if session_id == client.session_id:
        logout_user()
        return redirect_to(url_for("security.login"))
    try:
        close_session(client.id, session_id, clock.now())
    except LookupError:
        abort(404)
    return redirect_to(url_for("account_sessions.index"))


@bp.post("/close-others")
def close_others() -> ResponseReturnValue:
    """End every session of the client except this one."""
    client = current_client()
    close_other_sessions(client.id, client.session_id, clock.now())
    return redirect_to(url_for("account_sessions.index"))


def device_name(session: ClientSession) -> str:
    """The browser and the system of a session in words: « Firefox sur Windows »."""
    if session.browser and session.system:
        return str(gettext("%(browser)s on %(system)s", browser=session.browser, system=session.system))
    return session.browser or session.system or str(gettext("Unknown device"))
