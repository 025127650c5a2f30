"""Throttling of requests: guesses of a password or code, requests of a new password, and what one client may cause.

The limits are in ``domain.throttle``. A request over one is answered 429 with ``Retry-After``, before anything is done
or looked up, so that the answer is the same whether or not the account exists.

A stranger never locks a client out: wrong passwords are counted for a network address, and for an account together
with the address; those of a browser that has signed in to the account before are counted apart.
"""

from __future__ import annotations

import hmac
import logging
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from flask import Flask, Response, current_app, g, request, session
from flask_security import user_authenticated
from werkzeug.exceptions import TooManyRequests

from kajoom import clock
from kajoom.domain.throttle import ThrottleKind
from kajoom.models.client import client_by_email
from kajoom.models.throttle import CounterName
from kajoom.operations.accounts.throttling import TooManyActs, count_act, give_back, record_success
from kajoom.operations.email_address import parse_email
from kajoom.web.auth import current_client, render_sign_in_again
from kajoom.web.errors import minutes_to_wait, wait_sentence
from kajoom.web.known_device import has_signed_in, init_known_device, known_device_of
from kajoom.web.request_log import origin_of_request
from kajoom.web.session import FACTOR_USER

log = logging.getLogger(__name__)

_WRONG = 422
"""The status of a form whose password or code is wrong."""

_IPV6_PREFIX = 64
"""Bits of an IPv6 address that name a network; its customer chooses the others (RFC 6177)."""


class _Guess(NamedTuple):
    """The counters of a password or code that was sent: those that a right one ends, and those that it leaves.

    ``signs_in`` says that it is right only if it has signed the client in, whatever the status of the answer.
    """

    of_account: list[CounterName]
    of_network: list[CounterName]
    signs_in: bool = False


class Throttled(TooManyRequests):
    """429: an act is over the limit of its ``kind``."""

    def __init__(self, error: TooManyActs) -> None:
        super().__init__(retry_after=max(1, math.ceil((error.next_at - clock.now()).total_seconds())))
        self.kind = error.kind


def init_throttling(app: Flask) -> None:
    """Count the passwords and codes that are sent, before a view checks them, and take the right ones back after it.

    Comes after the checks of session and CSRF token: a form that is refused by them checks no password.
    """
    init_known_device(app)
    user_authenticated.connect(_mark_signed_in, app)
    app.before_request(_count_guess)
    app.after_request(_settle_guess)


@contextmanager
def limited(kind: ThrottleKind) -> Iterator[None]:
    """Count an act of the signed-in client that writes an e-mail, unless what is inside the ``with`` raises.

    Raises ``Throttled`` before it, when the client has reached the limit of such acts or of all that write e-mails.
    """
    names = [_own_name(kind), _own_name(ThrottleKind.EMAIL)]
    _count(names)
    try:
        yield
    except Exception:
        give_back(names, clock.now())
        raise


def count_own_act(kind: ThrottleKind) -> None:
    """Count an act of the signed-in client, also one that is refused afterwards; ``Throttled`` over the limit."""
    _count([_own_name(kind)])


def may_send_reset(email: str) -> bool:
    """Count a request of a new password for the account of an address, whether there is one or not.

    Returns whether to write to it: not after several e-mails within an hour. The answer must be the same then, or a
    stranger could keep the client from asking. Raises ``Throttled`` for too many requests from one network address.
    """
    account = _account(email)
    if _device_of(account) is None:
        _count([_name(ThrottleKind.RESET_ADDRESS, _network())])
    try:
        count_act([_name(ThrottleKind.RESET_ACCOUNT, account)], clock.now())
    except TooManyActs:
        return False
    return True


def forget_failures(email: str) -> None:
    """Forget the wrong passwords for an account from here, once its client has set a new one."""
    record_success(_password_guess(email).of_account, (), clock.now())


def _count_guess() -> Response | None:
    """Count what a form guesses; over the limit the sign-in page says when to try again, any other form raises."""
    guess_of = _GUESSES.get(request.endpoint or "")
    guess = guess_of() if guess_of is not None and request.method == "POST" else None
    if guess is None:
        return None
    try:
        _count([*guess.of_account, *guess.of_network])
    except Throttled as error:
        if request.endpoint != "security.login":
            raise
        response = render_sign_in_again(429, wait_sentence(minutes_to_wait(error)))
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    g.guess = guess
    return None


def _settle_guess(response: Response) -> Response:
    """Log a wrong guess, which stays counted; a right one ends the failures; one that nobody checked does not count."""
    guess: _Guess | None = g.pop("guess", None)
    if guess is None or response.status_code >= 500:
        return response
    if response.status_code == _WRONG:
        log.warning("sign-in failed", extra=origin_of_request())
        return response
    if guess.signs_in and "has_signed_in" not in g:
        return response
    if response.status_code < 400:
        record_success(guess.of_account, guess.of_network, clock.now())
    else:
        give_back([*guess.of_account, *guess.of_network], clock.now())
    return response


def _mark_signed_in(_app: Flask, **_signal: object) -> None:
    g.has_signed_in = True


def _sign_in_guess() -> _Guess | None:
    has_password = request.form.get("password") and request.form.get("email")
    return _password_guess(request.form["email"]) if has_password else None


def _verify_guess() -> _Guess | None:
    return _password_guess(current_client().email) if request.form.get("password") else None


def _factor_guess() -> _Guess | None:
    """The code of who has given the password, or nobody's.

    A browser that has signed in to the account is counted apart here too: who only has the password cannot keep the
    client out.
    """
    account = str(session.get(FACTOR_USER, ""))
    if not account:
        return None
    client = current_app.extensions["security"].datastore.find_user(fs_uniquifier=account) if has_signed_in() else None
    device = known_device_of(client.id) if client is not None else None
    return _Guess([_name(ThrottleKind.FACTOR, account, device or "")], [], signs_in=True)


_GUESSES: Mapping[str, Callable[[], _Guess | None]] = {
    "security.login": _sign_in_guess,
    "security.verify": _verify_guess,
    "factor_sign_in.app": _factor_guess,
    "factor_sign_in.recovery": _factor_guess,
}
"""The views that check a password or a code, and how to find whose it is."""


def _password_guess(email: str) -> _Guess:
    account = _account(email)
    device = _device_of(account)
    if device is not None:
        return _Guess([_name(ThrottleKind.DEVICE, account, device)], [])
    return _Guess([_name(ThrottleKind.PAIR, account, _network())], [_name(ThrottleKind.ADDRESS, _network())])


def _device_of(account: str) -> str | None:
    """The name of this browser if it has signed in to the account; the account is only looked up for one that has."""
    client = client_by_email(account) if has_signed_in() else None
    return known_device_of(client.id) if client is not None else None


def _account(email: str) -> str:
    """The address as it is stored, whether or not it is a client's."""
    try:
        return parse_email(email)
    except ValueError:
        return email.strip().lower()


def _network() -> str:
    """The network address of the client: of IPv6 the network's part, and of a mapped one the IPv4 address."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return request.remote_addr or ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), _IPV6_PREFIX), strict=False))


def _own_name(kind: ThrottleKind) -> CounterName:
    return _name(kind, str(current_client().id))


def _name(kind: ThrottleKind, *of: str) -> CounterName:
    """The counter of a client, account or address, which only a holder of the secret can recognise in the table."""
    text = "\0".join(("throttle", kind, *of))
    return CounterName(kind, hmac.digest(current_app.config["SECRET_KEY"].encode(), text.encode(), "sha256").hex())


def _count(names: Collection[CounterName]) -> None:
    try:
        count_act(names, clock.now())
    except TooManyActs as error:
        log.warning("throttled", extra={"limit": error.kind.value, **origin_of_request()})
        raise Throttled(error) from None
