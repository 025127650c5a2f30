"""The session of a signed-in client: the cookie holds a token, and the database whether it still counts."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, request, session
from flask_login import LoginManager, user_logged_out
from flask_security import UserMixin, user_authenticated
from flask_security.utils import get_request_attr, set_request_attr

from kajoom import clock
from kajoom.domain.device import device_of
from kajoom.models.client import ClientFacts
from kajoom.models.session import client_of_session
from kajoom.operations.accounts.sessions import SEEN_EVERY, begin_session, close_session, record_use, replace_token
from kajoom.web.after_response import call_after
from kajoom.web.csrf import rotate_csrf_token
from kajoom.web.session import LANGUAGE, SID

_KEPT = ("_user_id", "_fresh", "_id", "fs_")
"""What Flask-Login and Flask-Security store at sign-in: the only values that remain in the cookie after it."""


class SignedInClient(ClientFacts, UserMixin):
    """The signed-in client, as Flask-Security's user."""


def init_client_sessions(app: Flask, login_manager: LoginManager) -> None:
    """Load the client of each request from their session; begin one at sign-in and end it at sign-out."""
    # The session is bound to its token: Flask-Login's comparison of addresses would only set the cookie again.
    app.config["SESSION_PROTECTION"] = None
    login_manager._session_identifier_generator = str  # what it would compare is computed at each request even so
    app.after_request_funcs[None].remove(login_manager._update_remember_cookie)  # there is no "remember me"
    login_manager.user_loader(_load_client)
    user_authenticated.connect(_begin, app)
    user_logged_out.connect(_end, app)
    app.after_request(_renew_after_verifying)
    app.after_request(_record_use)


def _load_client(uniquifier: str) -> SignedInClient | None:
    """The client of the request's session; what else is stored is what Flask-Security's own loader does."""
    token = session.get(SID)
    client = client_of_session(SignedInClient, token, uniquifier, clock.now()) if token else None
    if client is None or not client.active:
        return None
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return client


def _begin(_app: Flask, user: Any, **_signal: Any) -> None:
    """Begin a session; of the one from before the sign-in nothing remains, not even the CSRF token."""
    uniquifier, former, language = session["_user_id"], session.get(SID, ""), user.locale
    device = device_of(request.user_agent.string, request.remote_addr or "")
    token = begin_session(user.id, uniquifier, device, clock.now(), former)
    at_sign_in = {name: value for name, value in session.items() if name.startswith(_KEPT)}
    session.clear()
    session.update(at_sign_in, **({SID: token, LANGUAGE: language} if token else {}))
    rotate_csrf_token()
    g.pop("client", None)


def _end(_app: Flask, user: Any, **_signal: Any) -> None:
    """End the session at the server, so that a copy of the cookie is of no use, and forget what it held."""
    if isinstance(user, ClientFacts):
        close_session(user.id, user.session_id, clock.now())
    session.clear()
    g.pop("client", None)


def _renew_after_verifying(response: Response) -> Response:
    """Replace the token when the password, or another factor, was entered again within the session."""
    client = g.get("client")
    has_verified = isinstance(client, ClientFacts) and session.get("fs_paa", 0) != get_request_attr("fs_paa")
    if has_verified and SID in session:
        token = replace_token(client.session_id, session[SID])
        if token is not None:
            session[SID] = token
    return response


def _record_use(response: Response) -> Response:
    """Store that the session was used, once the response has been sent; the next request does it if this one fails."""
    client, at = g.get("client"), clock.now()
    if isinstance(client, ClientFacts) and at - client.session_seen_at >= SEEN_EVERY:
        call_after(response, record_use, client.session_id, at, failure="the last use of a session was not stored")
    return response
